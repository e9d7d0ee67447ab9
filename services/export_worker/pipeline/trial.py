"""What a command would come to now: the worker's own look and decision, with nothing written anywhere."""

from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker import timekeeping
from services.export_worker.core.decision import decide
from services.export_worker.core.orders import Circumstances, judge_command
from services.export_worker.core.telling import Refusal, Tried, Unknown
from services.export_worker.delivery_list import DeliveryList
from services.export_worker.exports import Export
from services.export_worker.ledger_writer import LedgerWriter
from services.export_worker.links import Link, LinkBook
from services.export_worker.pipeline.house import House, Trust
from services.export_worker.pipeline.hydration import Hydration
from services.export_worker.pipeline.viewing import ErpSilent, Viewer
from shared.events.command import Command
from shared.ledger.entries import CommandRefused
from shared.ledger.fold import apply
from shared.procore.client import ProcoreClient
from shared.procore.payment_applications import PaymentApplications
from shared.procore.webhooks import Webhooks


def reading_house(engine: AsyncEngine, procore: ProcoreClient, trust: Trust) -> House:
    """A house that can only look: its database sessions refuse every write."""
    reading = engine.execution_options(postgresql_readonly=True)
    return House(
        sessions=reading,
        writer=LedgerWriter(reading, "dry run"),
        hydration=Hydration(PaymentApplications(procore), DeliveryList(Webhooks(procore)), reading),
        book=LinkBook(reading),
        trust=trust,
    )


async def tried(
    house: House, link: Link | None, export: Export, command: Command, circumstances: Circumstances
) -> Tried | Refusal | Unknown:
    """The entry that the command would become, and the decision after it. Raises ProcoreError."""
    entry = judge_command(command, circumstances)
    if isinstance(entry, CommandRefused):
        return Refusal(entry.refusal)
    after = Export(export.id, export.key, apply(export.state, entry, timekeeping.now()))
    try:
        return Tried(entry, decide(await Viewer(house, link).view(after)))
    except ErpSilent as silent:
        return Unknown(f"The ERP has to be asked first, and does not answer: {silent.failure.text}")
