"""`invoice-export connections check`: what is still missing between a connection's lines in the file and its ERP."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli.connecting import catalog, link_to_ask, named
from services.cli.connections_review import Choices, mapping_checks, settings_checks, waiting_checks
from services.cli.connections_state import current_states, standing
from services.cli.diagnosis.check import first_line
from services.cli.diagnosis.environment import readable
from services.cli.terminal import NOT_DONE, AsJson, cells, run, say_json, settings, transaction, worded
from services.export_worker.erp.adapter import Check, CheckResult, ErpAdapter
from services.export_worker.erp.catalog import ADAPTERS
from services.export_worker.links import Link
from shared.connections import mapping_store
from shared.connections.catalog import Connection
from shared.connections.mappings import MappingKind, Mappings
from shared.database import DATABASE_ERRORS
from shared.ledger.held_up import waiting_for_mappings
from shared.settings import ConnectionsSettings, DatabaseSettings

FINE = frozenset({CheckResult.OK, CheckResult.PREPARED, CheckResult.UNTOLD})
STYLES = {
    CheckResult.OK: "green",
    CheckResult.PREPARED: "green",
    CheckResult.MISSING: "bold red",
    CheckResult.WRONG: "bold red",
    CheckResult.UNTOLD: "dim",
}
WARNING = "yellow"
START = "start Postgres, or correct DATABASE_URL; `invoice-export db upgrade` makes its tables"


def check_connection(
    name: Annotated[str, typer.Argument(help="The connection's name in the connections file.")],
    prepare: Annotated[bool, typer.Option("--prepare", help="Make in the ERP what the adapter needs there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Log in to its ERP and tell what is missing there and here; exit 1 if anything is missing or wrong.

    Without --prepare nothing is changed anywhere.
    """
    connection = named(catalog(settings(ConnectionsSettings).connections_file), name)
    checks = run(checked(connection, prepare=prepare))
    if as_json:
        say_json([vars(check) for check in checks])
    else:
        show(checks)
    raise typer.Exit(0 if all(check.result in FINE for check in checks) else NOT_DONE)


async def checked(connection: Connection, *, prepare: bool = False) -> list[Check]:
    """The settings, the ERP, then the mappings. Nothing that is away hides the rest."""
    async with link_to_ask(connection) as link:
        checks = list(settings_checks(connection, link.capabilities))
        if prepare:
            checks += await link.adapter.prepare()
        checks += await link.adapter.check()
        checks += [check async for check in ledger_checks(link)]
    return checks


async def ledger_checks(link: Link) -> AsyncIterator[Check]:
    """Whether it sends now, and its mappings."""
    name = link.connection.name
    if readable(DatabaseSettings) is None:
        yield Check("database", CheckResult.UNTOLD, "not asked: DATABASE_URL cannot be used", START)
        return
    try:
        state = next((row for row in await current_states() if row["connection"] == name), {})
        async with transaction() as session:
            mappings = await mapping_store.load(session, name)
            waiting = await waiting_for_mappings(session, name)
    except DATABASE_ERRORS as error:
        yield Check("database", CheckResult.UNTOLD, f"does not answer: {first_line(error)}", START)
        return
    now = standing(state, datetime.now(UTC))
    remedy = "" if now == "ready" else f"`invoice-export connections resume {name}`"
    yield Check("sending", CheckResult.OK, now, remedy)
    choices = await choices_of(link.adapter, mappings)
    known = ADAPTERS[link.connection.adapter].about.mappings
    for check in mapping_checks(name, mappings, link.capabilities, choices, known):
        yield check
    for check in waiting_checks(name, waiting):
        yield check


async def choices_of(adapter: ErpAdapter, mappings: Mappings) -> Choices:
    """The ERP's own lists of what is mapped."""
    kinds = {one.kind for one in mappings.entries}
    return {kind: await adapter.choices(kind) for kind in MappingKind if kind in kinds}


def show(checks: Sequence[Check]) -> None:
    """One table. Something that is OK and still has a remedy is a warning."""
    table = Table("What", "Result", "What is seen", "What to do")
    table.columns[0].no_wrap = True
    for check in checks:
        what, seen, remedy = cells(worded(check.what), check.seen, worded(check.remedy))
        style = WARNING if check.result is CheckResult.OK and check.remedy else STYLES[check.result]
        table.add_row(what, f"[{style}]{check.result.value}[/]", seen, remedy)
    Console().print(table)
