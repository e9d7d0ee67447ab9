"""Confirms all of one batch at once: what was handed over as a file, and imported by a person."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from services.cli.asking import OrderSettings, Told, ask
from services.cli.terminal import (
    NOT_DONE,
    WRONG_INPUT,
    cells,
    operator,
    refuse_file,
    run,
    say,
    settings,
    stop,
    transaction,
)
from shared.connections.csv_table import CsvResult, Row, read_csv
from shared.events.command import Action, OperatorRole
from shared.ledger.state import State, state_from_json
from shared.ledger.tables import exports

COLUMNS = ("reference", "invoice_number", "erp_number", "error", "voided")
AT_ONCE = 8


@dataclass(frozen=True)
class Line:
    """One export that was handed over in the batch and is not confirmed. `ref` is its mark in the file."""

    export_id: int
    connection: str
    ref: str
    reference: str
    number: str


@dataclass(frozen=True)
class Confirmation:
    """What to say of one line; without a number it was not imported, and nothing is said."""

    line: Line
    erp_number: str


def confirm_batch(
    batch: str,
    file: Path | None,
    *,
    as_sent: bool,
    connection: str | None,
    why: str,
    role: OperatorRole,
    wait: float,
    dry_run: bool,
) -> None:
    """One command for each line, as for a single export; the worker judges each."""
    if (file is None) is not as_sent:
        stop("Say either --file with a CSV, or --as-sent.", WRONG_INPUT)
    lines = run(waiting_lines(batch, connection))
    if not lines:
        stop(f"Nothing of batch {batch} waits to be confirmed.", NOT_DONE)
    connections = sorted({line.connection for line in lines})
    if len(connections) > 1:
        stop(f"Several connections have a batch {batch}: say --connection {' or '.join(connections)}.", WRONG_INPUT)
    wanted = [Confirmation(line, line.number) for line in lines] if file is None else read_file(file, lines)
    confirmations = [one for one in wanted if one.erp_number]
    show(confirmations)
    if dry_run:
        typer.echo(f"{len(confirmations)} of {len(lines)} would be confirmed (dry run: nothing was sent)")
        return
    asked = run(send(confirmations, why, role, wait))
    refused = [(one, told) for one, told in zip(confirmations, asked, strict=True) if told.code != 0]
    for one, told in refused:
        say(f"Export {one.line.export_id}, invoice {one.line.number}: {told.line}", err=True)
    typer.echo(f"{len(confirmations) - len(refused)} of {len(lines)} confirmed")
    if refused:
        raise typer.Exit(max(told.code for _, told in refused))


async def waiting_lines(batch: str, connection: str | None) -> list[Line]:
    """By their place in the file."""
    ref = exports.c.state["attempt"]["handed_over"]["ref"].astext
    unresolved = exports.c.state["attempt"]["unresolved"].astext
    statement = select(exports.c.id, exports.c.connection, exports.c.state).where(
        ref.startswith(f"{batch}-", autoescape=True), unresolved == "true"
    )
    if connection is not None:
        statement = statement.where(exports.c.connection == connection)
    async with transaction() as database:
        rows = (await database.execute(statement)).all()
    found = [line_of(row.id, row.connection, state_from_json(row.state)) for row in rows]
    return sorted((line for line in found if line.ref.rpartition("-")[0] == batch), key=lambda line: line.ref)


def line_of(export_id: int, connection: str, state: State) -> Line:
    attempt = state.attempt
    if attempt is None or attempt.handed_over is None:
        raise TypeError("only what was handed over is in a batch")
    number = str(attempt.document["number"])
    return Line(export_id, connection, attempt.handed_over.ref, attempt.reference, number)


def read_file(file: Path, lines: Sequence[Line]) -> Sequence[Confirmation]:
    """One row for each line; what does not fit stops the command, with row and column."""
    result: CsvResult[Confirmation] = read_csv(
        file.read_bytes(),
        known=COLUMNS,
        required=("erp_number",),
        parse=partial(confirmation_in, lines=lines),
        identity=lambda one: one.line.export_id,
    )
    if result.problems:
        refuse_file(file, result.problems)
    return result.rows


def confirmation_in(row: Row, lines: Sequence[Line]) -> Confirmation:
    """A row that tells an error names a line that was not imported: it is only passed over."""
    number = row.text("erp_number")
    if not number and not row.text("error"):
        row.refuse("erp_number", "may not be empty")
    if number and row.text("error"):
        row.refuse("error", "give either the ERP's number or its error")
    return Confirmation(line_in(row, lines), number)


def line_in(row: Row, lines: Iterable[Line]) -> Line:
    nobody = Line(-row.number, "", "", "", "")
    column = "reference" if row.text("reference") else "invoice_number"
    wanted = row.text(column)
    if not wanted:
        row.refuse(column, "give the reference or the invoice number")
        return nobody
    by_reference = column == "reference"
    found = [line for line in lines if wanted in ((line.ref, line.reference) if by_reference else (line.number,))]
    if len(found) != 1:
        row.refuse(column, "several lines have it" if found else "nothing of the batch that waits has it")
        return nobody
    return found[0]


def show(confirmations: Iterable[Confirmation]) -> None:
    table = Table("Export", "Reference", "Invoice", "ERP number")
    for one in confirmations:
        table.add_row(*cells(one.line.export_id, one.line.ref, one.line.number, one.erp_number))
    Console().print(table)


async def send(confirmations: Iterable[Confirmation], why: str, role: OperatorRole, wait: float) -> list[Told]:
    """A few at once, each with its own answer."""
    places, ours, by = asyncio.Semaphore(AT_ONCE), settings(OrderSettings), operator()

    async def one(confirmation: Confirmation) -> Told:
        asked = {
            "action": Action.CONFIRM,
            "export_id": confirmation.line.export_id,
            "erp_number": confirmation.erp_number,
            "why": why,
            "role": role,
            "by": by,
        }
        async with places:
            return await ask(ours, asked, wait=wait)

    return list(await asyncio.gather(*map(one, confirmations)))
