"""`invoice-export mappings suggest`: a file to check, to fill in and to import. Nothing is saved here."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli import mappings_seen
from services.cli.connecting import catalog, link_to_ask, named, procore
from services.cli.diagnosis.environment import readable
from services.cli.terminal import (
    NOT_DONE,
    WRONG_INPUT,
    AsJson,
    cells,
    run,
    say,
    say_json,
    settings,
    stop,
    transaction,
    worded,
)
from services.export_worker.core.outcomes import LookUpFailure
from services.export_worker.erp.adapter import Choice, ErpAdapter
from shared.connections import mapping_store
from shared.connections.catalog import Connection
from shared.connections.connection import LineDetail
from shared.connections.mapping_csv import write_mappings
from shared.connections.mappings import ANY_OTHER, Mapping, MappingKind, MappingRow, Mappings
from shared.connections.suggestions import Listed, suggest
from shared.procore.errors import ProcoreError
from shared.settings import ConnectionsSettings, ProcoreSettings

BY_CODE = frozenset({MappingKind.ACCOUNT, MappingKind.ITEM})
ALWAYS = frozenset({MappingKind.CUSTOMER, MappingKind.JOB})
FOR_OTHERS = {
    MappingKind.ACCOUNT: "for lines without a cost code, and for codes without a row",
    MappingKind.ITEM: "for lines without a cost code, and for codes without a row",
    MappingKind.TAX: "for every invoice with tax",
}


def suggest_mappings(
    name: Annotated[str, typer.Argument(metavar="CONNECTION", help="The connection's name.")],
    kind: Annotated[list[MappingKind] | None, typer.Option(help="Only this kind; may be given again.")] = None,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="The CSV file to make.")] = None,
    as_json: AsJson = False,
) -> None:
    """Suggest ERP ids for what Procore shows and nothing is mapped to yet. Nothing is saved: a person imports it.

    Without --kind: the kinds that the ERP needs, customers and jobs. What is not clear stays empty; the note names
    what comes near, each with its likeness from 0 to 100.
    """
    if out and out.exists():
        stop(f"{out} is there already: give another name.", WRONG_INPUT)
    connection = named(catalog(settings(ConnectionsSettings).connections_file), name)
    rows = run(suggested(connection, frozenset(kind or ())))
    if as_json:
        say_json([{"connection": row.connection, **vars(row.mapping)} for row in rows])
    elif out is None:
        show(rows)
    if out is not None:
        out.write_text(write_mappings(rows), encoding="utf-8", newline="")
        empty = sum(not row.mapping.erp_id for row in rows)
        say(f"{out}: {len(rows)} rows, {empty} without an ERP id.", err=as_json)
        say(f"Check each, fill in, then: invoice-export mappings import {out} --dry-run", err=as_json)


async def suggested(connection: Connection, asked: frozenset[MappingKind]) -> list[MappingRow]:
    """In the order of the kinds. Stops where the ERP does not answer; Procore may be away."""
    seen = mappings_seen.Seen()
    async with transaction() as session:
        mappings = await mapping_store.load(session, connection.name)
        await mappings_seen.look_in_ledger(session, connection.name, seen)
    async with link_to_ask(connection) as link:
        required = {MappingKind(kind) for kind in link.capabilities.required_mappings}
        kinds = [kind for kind in MappingKind if kind in (asked or required | ALWAYS)]
        lists = {kind: await listed(link.adapter, kind) for kind in kinds}
    by_code = connection.lines is not LineDetail.SUMMARY and not BY_CODE.isdisjoint(kinds)
    await ask_procore(connection, seen, codes=by_code)
    rows: list[MappingRow] = []
    for kind, choices in lists.items():
        if choices is None and kind not in asked | required:
            continue
        if choices is None:
            say(f"The ERP tells no list to map a {kind} to: those rows stay empty.", err=True)
        rows += rows_of(connection.name, kind, seen, mappings, choices or [])
    return rows


async def listed(adapter: ErpAdapter, kind: MappingKind) -> list[Listed] | None:
    """The ERP's own list; None where it tells none."""
    choices = await adapter.choices(kind)
    if isinstance(choices, LookUpFailure):
        stop(f"The ERP does not tell what a {kind} may be mapped to: {choices.text}", NOT_DONE)
    return None if choices is None else [as_listed(choice) for choice in choices]


def as_listed(choice: Choice) -> Listed:
    """As the suggestions have it."""
    return Listed(choice.id, choice.name)


async def ask_procore(connection: Connection, seen: mappings_seen.Seen, *, codes: bool) -> None:
    """Without Procore, the ledger alone is looked at, and said so."""
    known = readable(ProcoreSettings)
    if known is None:
        say("Procore is not asked, since its settings are missing: only the ledger is looked at.", err=True)
        return
    try:
        async with procore(known) as client:
            await mappings_seen.look_in_procore(client, connection, seen, codes=codes)
    except ProcoreError as error:
        say(f"Procore was not read to its end, what is missing comes from the ledger alone: {error}", err=True)
    if seen.closed_to_us:
        told = worded("Procore does not let us read the owner invoices of")
        say(f"{told} {', '.join(sorted(seen.closed_to_us))}.", err=True)


def rows_of(
    name: str, kind: MappingKind, seen: mappings_seen.Seen, mappings: Mappings, choices: list[Listed]
) -> list[MappingRow]:
    """One row for each thing that is not mapped."""
    wanted = mappings_seen.unmapped(kind, seen, mappings)
    found = suggest(wanted, choices, mappings_seen.stands_for(kind, mappings))
    for_others = FOR_OTHERS.get(kind, "")
    return [
        MappingRow(
            name,
            Mapping(
                kind=kind,
                procore_id=one.wanted.procore_id,
                procore_name=one.wanted.procore_name,
                erp_id=one.erp_id,
                note=for_others if one.wanted.procore_id == ANY_OTHER else one.note,
            ),
        )
        for one in found
    ]


def show(rows: list[MappingRow]) -> None:
    table = Table("Kind", "Procore id", "Procore name", "ERP id", "Note")
    for row in rows:
        one = row.mapping
        table.add_row(*cells(one.kind.value, one.procore_id or "", one.procore_name, one.erp_id, one.note))
    Console().print(table)
    say("Nothing is saved. --out FILE.csv writes them into a file to check and to import.")
