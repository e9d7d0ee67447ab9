"""`invoice-export tie-out`: what a month came to, and whether what was exported still stands in the ERP."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cli.connecting import catalog, links, named
from services.cli.terminal import (
    NOT_DONE,
    WRONG_INPUT,
    AsJson,
    database,
    operator,
    run,
    say,
    say_json,
    settings,
    stop,
    transaction,
)
from services.cli.tie_out_telling import Lines, Month, as_told, line, lines_of, tell
from services.export_worker.core.tie_out import Told
from services.export_worker.links import Link
from services.export_worker.tie_out import TieOut
from shared.connections.catalog import Connection
from shared.database import Role
from shared.ledger.tie_out import ONLY_COUNTED, Period, Tally, usual_periods
from shared.ledger.tie_out_reader import Approved, Finding, read_findings, read_last_run
from shared.ledger.tie_out_request import request
from shared.ledger.words import Status
from shared.settings import ConnectionsSettings, DatabaseSettings

app = typer.Typer()


class TieOutSettings(DatabaseSettings, ConnectionsSettings):
    tie_out_budget_share: float = Field(
        0.25, gt=0, le=1, description="a share of each connection's requests a minute above 0 and up to 1"
    )


@app.command()
def tie_out(
    connection: Annotated[str | None, typer.Argument(help="Only this connection.")] = None,
    *,
    period: Annotated[str | None, typer.Option(help="The month, such as 2026-10; else this one and the last.")] = None,
    last: Annotated[bool, typer.Option("--last", help="Show what the worker found, and ask nobody.")] = False,
    hold: Annotated[
        bool, typer.Option("--hold", help="Ask the worker for it now: it holds what differs in the ERP.")
    ] = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Also a line for each approved invoice, as CSV.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare a month's exports with the ERP, and tell what they add up to; exit 1 unless all of it ties.

    Without --hold nothing is written: the ERP is asked now, and each exported document is read.
    """
    if (last or hold) and (csv_file or last == hold):
        stop("Give at most one of --last, --hold and --csv.", WRONG_INPUT)
    known = settings(TieOutSettings)
    whole = catalog(known.connections_file)
    chosen = whole.connections if connection is None else (named(whole, connection),)
    asked = [(one, each) for one in chosen for each in periods(one, period)]
    if hold:
        run(request_all(asked))
        say("Asked: the worker takes it up within half a minute. `invoice-export tie-out --last` shows what it found.")
        return
    months = run(recorded(asked)) if last else run(looked(known, asked, csv_file))
    if as_json:
        say_json([as_told(month) for month in months])
    else:
        for month in months:
            tell(month)
    raise typer.Exit(0 if all(month.ties for month in months) else NOT_DONE)


def periods(connection: Connection, text: str | None) -> Sequence[Period]:
    """The one that was asked for, else the usual two of the connection's calendar."""
    if text is None:
        return usual_periods(datetime.now(UTC), connection.zone)
    try:
        return [Period.parse(text)]
    except ValueError as error:
        stop(f"--period {text} {error}.", WRONG_INPUT)


async def request_all(asked: Sequence[tuple[Connection, Period]]) -> None:
    """For the workers to find; one that is still to be done is enough."""
    async with transaction() as session:
        for connection, period in asked:
            await request(session, connection.name, period, operator())


async def recorded(asked: Sequence[tuple[Connection, Period]]) -> list[Month]:
    """What the workers found last."""
    async with transaction() as session:
        return [await _recorded(session, connection.name, period) for connection, period in asked]


async def _recorded(session: AsyncConnection, name: str, period: Period) -> Month:
    last = await read_last_run(session, name, period)
    if last is None:
        return Month(name, period, None)
    month = Month(name, period, last.finished_at, last.tally or Tally(), Counter(last.verdicts), [], last.failure)
    while page := await read_findings(session, last.id, after=month.findings[-1].export_id if month.findings else 0):
        month.findings += page
    return month


async def looked(
    known: TieOutSettings, asked: Sequence[tuple[Connection, Period]], csv_file: Path | None
) -> list[Month]:
    """What the ERPs show now."""
    found = []
    async with database(Role.WORKER) as engine, links(catalog(known.connections_file)) as made:
        with lines_of(csv_file) as lines:
            for one, period in asked:
                link = made[one.name]
                found.append(await _looked(TieOut(engine, link, share=known.tie_out_budget_share), link, period, lines))
    return found


async def _looked(tie_out: TieOut, link: Link, period: Period, lines: Lines | None) -> Month:
    month = Month(link.connection.name, period, datetime.now(UTC), await tie_out.tally(period))
    async for page in tie_out.pages(period, only=None if lines else Status.EXPORTED):
        for export in page:
            told = await tie_out.ask(export) if export.status is Status.EXPORTED else None
            if told is not None:
                month.verdicts[told.verdict] += 1
                if told.verdict not in ONLY_COUNTED and not tie_out.is_mute:
                    month.findings.append(_finding(export, told))
            if lines is not None:
                lines.writerow(line(month, export, told))
    month.failure = tie_out.failure
    return month


def _finding(export: Approved, told: Told) -> Finding:
    shared = {name: getattr(export, name) for name in ("invoice_number", "customer_name", "amount", "currency")}
    return Finding(export.id, told.verdict, told.detail, datetime.now(UTC), erp_number=export.erp_number, **shared)
