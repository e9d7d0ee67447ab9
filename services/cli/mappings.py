"""`invoice-export mappings`: what stands for what in the ERP: import, list, suggest."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from services.cli.mappings_suggest import suggest_mappings
from services.cli.terminal import (
    WRONG_INPUT,
    AsJson,
    CsvFile,
    DryRun,
    cells,
    operator,
    refuse_file,
    report,
    run,
    say,
    stop,
    transaction,
    worded,
)
from shared.connections import mapping_store
from shared.connections.catalog import CatalogErrors, load_catalog
from shared.connections.mapping_csv import read_mappings
from shared.connections.mappings import ANY_OTHER, Mapping, MappingKind, MappingRow

app = typer.Typer(help="What stands for what in the ERP: import, list, suggest.", no_args_is_help=True)
app.command("suggest")(suggest_mappings)

COLUMNS = ("connection", "kind", "procore_id", "procore_name", "erp_id", "note")
HEAD = ("Connection", "Kind", "Procore id", "Procore name", "ERP id", "Note")
LEFT_OUT = "left out without an ERP id"
OWN = {MappingKind.CUSTOMER: "owner", MappingKind.JOB: "project"}
Standing = dict[tuple[str, str, str], Mapping]


@app.command("import")
def import_file(file: CsvFile, dry_run: DryRun = False) -> None:
    """Take over a Mappings CSV: all of its rows, or none if one is wrong. --dry-run shows each change.

    Rows without an ERP id are left out and counted. With CONNECTIONS_FILE set, a row for a connection that does
    not exist is wrong too.
    """
    read = read_mappings(file.read_bytes(), connections=connection_names())
    if read.problems:
        refuse_file(file, read.problems)
    before, saved = run(save_rows(read.rows, dry_run=dry_run))
    if dry_run:
        show_changes(before, saved)
    left_out = {LEFT_OUT: range(read.undecided)} if read.undecided else {}
    kinds = ("added", "changed", "unchanged", *left_out)
    report(vars(saved) | left_out, kinds, "mapping", dry_run=dry_run)
    warn_of_defaults(read.rows)


@app.command("list")
def list_mappings(
    connection: Annotated[str | None, typer.Option(help="Only this connection.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is mapped now."""
    rows = run(current_rows(connection))
    if as_json:
        typer.echo(json.dumps([described(row) for row in rows], indent=2))
        return
    table = Table(*HEAD)
    for row in rows:
        table.add_row(*cells(*shown(row).values()), style="yellow" if is_default(row) else None)
    Console().print(table)
    warn_of_defaults(rows)


def connection_names() -> list[str] | None:
    path = os.environ.get("CONNECTIONS_FILE")
    if not path:
        return None
    try:
        return [connection.name for connection in load_catalog(Path(path)).connections]
    except CatalogErrors as error:
        stop(str(error), WRONG_INPUT)


async def save_rows(rows: Sequence[MappingRow], *, dry_run: bool) -> tuple[Standing, mapping_store.SavedMappings]:
    """What stood before, and what was done."""
    async with transaction(dry_run=dry_run) as connection:
        standing = {identity(row): row.mapping for row in await mapping_store.all_current(connection)}
        return standing, await mapping_store.save(connection, rows, operator())


async def current_rows(connection_name: str | None) -> list[MappingRow]:
    async with transaction() as connection:
        return await mapping_store.all_current(connection, connection_name)


def identity(row: MappingRow) -> tuple[str, str, str]:
    return row.connection, row.mapping.kind.value, row.mapping.key


def show_changes(before: Standing, saved: mapping_store.SavedMappings) -> None:
    """A row for each mapping that is new or becomes another; equal ones are only counted."""
    table = Table("", *HEAD)
    for row in saved.added:
        table.add_row(*cells("added", *shown(row).values()))
    for row in saved.changed:
        table.add_row(*cells("changed", *changes(MappingRow(row.connection, before[identity(row)]), row)))
    if table.row_count:
        Console().print(table)


def changes(old: MappingRow, new: MappingRow) -> Iterator[str]:
    """Each cell, with what it was where it changes."""
    for was, becomes in zip(shown(old).values(), shown(new).values(), strict=True):
        yield becomes if was == becomes else f"{was or 'empty'} -> {becomes or 'empty'}"


def warn_of_defaults(rows: Iterable[MappingRow]) -> None:
    """A default is allowed, and never goes unsaid where it decides who is billed, or for which job."""
    for row in rows:
        if is_default(row) and (what := OWN.get(row.mapping.kind)):
            kind = row.mapping.kind.value
            told = worded(f"every {what} without a {kind} of its own goes to {kind}")
            say(f"{row.connection}: {told} {row.mapping.erp_id}.")


def is_default(row: MappingRow) -> bool:
    return row.mapping.procore_id == ANY_OTHER


def shown(row: MappingRow) -> dict[str, str]:
    """For a table's row."""
    texts = {column: value or "" for column, value in described(row).items() if column in COLUMNS}
    return texts | ({"procore_id": f"{ANY_OTHER} (all others)"} if is_default(row) else {})


def described(row: MappingRow) -> dict[str, Any]:
    told = {column: getattr(row.mapping, column) for column in COLUMNS if column != "connection"}
    return {"connection": row.connection, **told, "is_default": is_default(row)}
