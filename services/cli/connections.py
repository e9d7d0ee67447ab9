"""`invoice-export connections`: how each ERP fares, what it lacks, what to know of it; pause one, resume it."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from services.cli.connecting import catalog, named
from services.cli.connections_check import check_connection
from services.cli.connections_state import current_states, described
from services.cli.connections_things import tell_things_to_know
from services.cli.terminal import AsJson, cells, operator, run, say, say_json, settings, transaction
from services.export_worker.appending import make_due
from shared.ledger.tables import connection_states, exports
from shared.ledger.words import Reason, Status
from shared.settings import ConnectionsSettings

HELP = "The connections: list, check, things to know, pause, resume."

app = typer.Typer(help=HELP, no_args_is_help=True)
app.command("check")(check_connection)
app.command("things-to-know")(tell_things_to_know)

Name = Annotated[str, typer.Argument(help="The connection's name in the connections file.")]


@app.command("list")
def list_connections(as_json: AsJson = False) -> None:
    """Show every connection of the file and how it fares."""
    known = catalog(settings(ConnectionsSettings).connections_file).connections
    states = {row["connection"]: row for row in run(current_states())}
    rows = [described(one, states.get(one.name, {})) for one in known]
    if as_json:
        say_json(rows)
        return
    table = Table("Connection", "Company", "Adapter", "Mode", "Now", "Last success", "Last failure")
    for row in rows:
        success = f"{row['last_success_at']:%Y-%m-%d %H:%M}" if row["last_success_at"] else ""
        table.add_row(
            *cells(row["connection"], row["company_id"], row["adapter"], row["mode"], row["now"], success),
            *cells(row["last_failure"] or ""),
        )
    Console().print(table)


@app.command()
def pause(name: Name, why: Annotated[str, typer.Option("--reason", help="Why, for the record.")]) -> None:
    """Send nothing more through it, until it is resumed. What is under way is finished."""
    connection = named(catalog(settings(ConnectionsSettings).connections_file), name)
    run(put(connection.name, paused_at=datetime.now(UTC), paused_by=operator(), paused_why=why))
    say(f"{name} is paused: {why}")


@app.command()
def resume(name: Name) -> None:
    """Let it send again, also after it stopped by itself; what waited for it is looked at now."""
    connection = named(catalog(settings(ConnectionsSettings).connections_file), name)
    woken = run(resumed(connection.name))
    say(f"{name} is resumed; {woken} exports waited for it.")


async def put(name: str, **values: object) -> None:
    statement = upsert(connection_states).values(connection=name, **values)
    async with transaction() as session:
        await session.execute(statement.on_conflict_do_update(index_elements=["connection"], set_=values))


async def resumed(name: str) -> int:
    """How many exports had waited."""
    await put(name, paused_at=None, paused_by=None, paused_why=None, internal_errors=0)
    waiting = select(exports.c.id).where(
        exports.c.connection == name,
        exports.c.status == Status.WAITING.value,
        exports.c.reasons.contains([Reason.PAUSED.value]),
    )
    async with transaction() as session:
        ids = (await session.scalars(waiting)).all()
        await make_due(session, [(export_id, 1, None) for export_id in ids])
    return len(ids)
