"""What a replay would do now: the worker's own look and decision, with nothing written anywhere."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import uuid4

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from services.cli.connecting import catalog, links, procore
from services.cli.terminal import NOT_DONE, database, operator, run, say, settings, stop, worded
from services.export_worker.core.orders import Circumstances
from services.export_worker.core.telling import Refusal, Tried, Unknown, foretold, told
from services.export_worker.exports import Export
from services.export_worker.ledger_writer import LedgerWriter
from services.export_worker.links import Link
from services.export_worker.pipeline.house import Trust
from services.export_worker.pipeline.trial import reading_house, tried
from shared.connections.catalog import Catalog
from shared.events.command import Action, Command, OperatorRole
from shared.ledger.reader import read_export
from shared.procore.errors import ProcoreError
from shared.settings import ApproverRecordSettings, ConnectionsSettings, DatabaseSettings, ProcoreSettings


class DryRunSettings(DatabaseSettings, ProcoreSettings, ConnectionsSettings, ApproverRecordSettings):
    """What a dry run in this process needs."""


def tell_replay(export_id: int, why: str, role: OperatorRole, *, afresh: bool, invoice_number: str | None) -> None:
    """Says what the replay would do, and why."""
    asked = {"afresh": afresh, "invoice_number": invoice_number, "why": why, "role": role, "by": operator()}
    known = settings(DryRunSettings)
    try:
        outlook = run(replayed(known, catalog(known.connections_file), export_id, asked))
    except ProcoreError as error:
        stop(f"Nobody can tell now: {error}", NOT_DONE)
    if not isinstance(outlook, Tried):
        stop(worded(" ".join(foretold(outlook).text)), NOT_DONE)
    if afresh:
        typer.echo("First the ERP would be asked whether the old document still stands; it is refused if it does.")
    for line in told(outlook.decision):
        say(worded(line))
    typer.echo("(dry run: nothing was written, nothing was sent)")


async def replayed(
    known: DryRunSettings, whole: Catalog, export_id: int, asked: Mapping[str, object]
) -> Tried | Refusal | Unknown:
    """The decision after the replay, or why it would be refused. Raises ProcoreError."""
    async with database() as engine:
        export = await read(engine, export_id)
        serving = whole.named(export.key.connection) or whole.serving(export.key.company_id, export.key.project_id)
        async with links(Catalog((serving,) if serving else ())) as made, procore(known) as client:
            house = reading_house(engine, client, Trust.of(known, known))
            link: Link | None = made.get(serving.name) if serving else None
            command = replay_of(export, asked)
            return await tried(house, link, export, command, Circumstances(state=export.state))


async def read(engine: AsyncEngine, export_id: int) -> Export:
    async with engine.connect() as connection:
        detail = await read_export(connection, export_id)
    if detail is None:
        stop(f"There is no export {export_id}.", NOT_DONE)
    return await LedgerWriter(engine, "dry run").load(export_id)


def replay_of(export: Export, asked: Mapping[str, object]) -> Command:
    placed = {"export_id": export.id, "company_id": export.key.company_id, "project_id": export.key.project_id}
    given = {"action": Action.REPLAY, "nonce": uuid4().hex, "at": datetime.now(UTC), "dry_run": True}
    return Command.model_validate({**asked, **placed, **given})
