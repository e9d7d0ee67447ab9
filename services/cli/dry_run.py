"""What a replay would do now: the worker's own look and decision, with nothing written anywhere."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import assert_never
from uuid import uuid4

import typer
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncEngine

from services.cli import wording
from services.cli.connecting import ConnectionsSettings, catalog, links, procore
from services.cli.terminal import NOT_DONE, database, operator, run, say, settings, stop
from services.export_worker.core.decision import decide
from services.export_worker.core.decisions import AskErp, Confirm, Decision, Defer, Hold, Keep, Leave, Send, Skip
from services.export_worker.core.orders import Circumstances, judge_command
from services.export_worker.delivery_list import DeliveryList
from services.export_worker.exports import Export
from services.export_worker.ledger_writer import LedgerWriter
from services.export_worker.links import Link, LinkBook
from services.export_worker.pipeline.house import House
from services.export_worker.pipeline.hydration import Hydration
from services.export_worker.pipeline.viewing import ErpSilent, Viewer
from shared.connections.catalog import Catalog
from shared.events.command import Action, Command, OperatorRole
from shared.ledger.entries import CommandRefused
from shared.ledger.fold import apply
from shared.ledger.reader import read_export
from shared.ledger.words import NEXT_STEP
from shared.procore.errors import ProcoreError
from shared.procore.payment_applications import PaymentApplications
from shared.procore.webhooks import Webhooks
from shared.settings import DatabaseSettings, ProcoreSettings


class DryRunSettings(DatabaseSettings, ProcoreSettings, ConnectionsSettings):
    approver_record_max_age_days: int = Field(30, ge=1, description="a number of days, at least 1")


def tell_replay(export_id: int, why: str, role: OperatorRole, *, afresh: bool, invoice_number: str | None) -> None:
    """Says what the replay would do, and why."""
    asked = {"afresh": afresh, "invoice_number": invoice_number, "why": why, "role": role, "by": operator()}
    known = settings(DryRunSettings)
    try:
        decision = run(replayed(known, catalog(known.connections_file), export_id, asked))
    except ProcoreError as error:
        stop(f"Nobody can tell now: {error}", NOT_DONE)
    if isinstance(decision, str):
        stop(decision, NOT_DONE)
    if afresh:
        typer.echo("First the ERP would be asked whether the old document still stands; it is refused if it does.")
    for line in told(decision):
        say(line)
    typer.echo("(dry run: nothing was written, nothing was sent)")


async def replayed(
    known: DryRunSettings, whole: Catalog, export_id: int, asked: Mapping[str, object]
) -> Decision | str:
    """The decision after the replay, or why it would be refused. Raises ProcoreError."""
    async with database() as engine:
        read_only = engine.execution_options(postgresql_readonly=True)
        export = await asked_export(read_only, export_id, asked)
        if isinstance(export, str):
            return export
        serving = whole.named(export.key.connection) or whole.serving(export.key.company_id, export.key.project_id)
        async with links(Catalog((serving,) if serving else ())) as made, procore(known) as client:
            house = House(
                engine=read_only,
                writer=LedgerWriter(read_only, "dry run"),
                hydration=Hydration(PaymentApplications(client), DeliveryList(Webhooks(client)), read_only),
                book=LinkBook(read_only),
                service_users=frozenset(known.procore_service_user_ids),
                record_max_age=timedelta(days=known.approver_record_max_age_days),
            )
            link: Link | None = made.get(serving.name) if serving else None
            try:
                return decide(await Viewer(house, link).view(export))
            except ErpSilent as silent:
                return f"The ERP has to be asked first, and does not answer: {silent.failure.text}"


async def asked_export(engine: AsyncEngine, export_id: int, asked: Mapping[str, object]) -> Export | str:
    """The export as it would be once the replay was accepted, or why it would be refused."""
    async with engine.connect() as connection:
        detail = await read_export(connection, export_id)
    if detail is None:
        return f"There is no export {export_id}."
    export = await LedgerWriter(engine, "dry run").load(export_id)
    now = datetime.now(UTC)
    command = Command.model_validate(
        {
            **asked,
            "action": Action.REPLAY,
            "nonce": uuid4().hex,
            "export_id": export_id,
            "company_id": export.key.company_id,
            "project_id": export.key.project_id,
            "at": now,
        }
    )
    entry = judge_command(command, Circumstances(state=export.state))
    if isinstance(entry, CommandRefused):
        return f"It would be refused: {entry.refusal}."
    return Export(export.id, export.key, apply(export.state, entry, now))


def told(decision: Decision) -> list[str]:
    """The decision in words, with its row of the decision table."""
    match decision:
        case Send(document=document):
            what = f"It would be sent: {document.totals.receivable:,.2f} {document.currency}, as {document.reference}."
            lines = [what]
        case Hold(findings=findings):
            lines = ["It would be held:", *(f"  {wording.told(one)} -> {NEXT_STEP[one.reason]}" for one in findings)]
        case Defer(findings=findings, until=until):
            lines = [f"It would wait, to be looked at again at {until:%Y-%m-%d %H:%M:%S} UTC:"]
            lines += [f"  {wording.told(one)} -> {NEXT_STEP[one.reason]}" for one in findings]
        case Skip(finding=finding):
            lines = [f"It would be skipped: {wording.told(finding)} -> {NEXT_STEP[finding.reason]}"]
        case Confirm(standing=standing):
            lines = [f"It would be confirmed as exported: {standing.number or standing.ref} stands in the ERP."]
        case Keep(row=6):
            lines = ["It would stay exported, and what was given up after the export would be tried again."]
        case Keep():
            lines = ["It would stay as it is."]
        case Leave(until=until):
            again = f"; looked at again at {until:%Y-%m-%d %H:%M:%S} UTC" if until else ""
            lines = [f"It would be left alone for now{again}."]
        case AskErp():
            lines = ["The ERP would be asked first what stands there under its reference; the rest follows from that."]
        case _:
            assert_never(decision)
    return [*lines, f"(row {decision.row} of the decision table)"]
