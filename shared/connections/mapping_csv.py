"""Reads and writes the Mappings CSV. Pure."""

import csv
import io
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial

from shared.connections.csv_table import CsvResult, Row, read_csv
from shared.connections.mappings import ANY_OTHER, CONTRACT_PREFIX, Mapping, MappingKind, MappingRow

COLUMNS = ("connection", "kind", "procore_id", "procore_name", "erp_id", "note")
REQUIRED = ("connection", "kind", "erp_id")
LONGEST_TEXT = 200
FORMULA = ("=", "+", "-", "@")  # a spreadsheet computes what begins so


@dataclass(frozen=True)
class MappingsFile(CsvResult[MappingRow]):
    """Either rows or problems. `undecided` counts the rows without `erp_id`, which map nothing and are left out."""

    undecided: int = 0


def read_mappings(content: bytes, *, connections: Collection[str] | None = None) -> MappingsFile:
    """The mappings of a CSV, or every problem in it.

    `connections` are the names that exist; None leaves them unchecked. Each row needs `procore_id` or
    `procore_name`, save the retainage account, of which a connection has one.
    """
    read = read_csv(
        content,
        known=COLUMNS,
        required=REQUIRED,
        parse=partial(mapping_row, connections=connections),
        identity=lambda row: (row.connection, row.mapping.kind, row.mapping.key),
    )
    decided = tuple(row for row in read.rows if row.mapping.erp_id)
    return MappingsFile(decided, read.problems, len(read.rows) - len(decided))


def write_mappings(rows: Iterable[MappingRow]) -> str:
    """A CSV that `read_mappings` reads as `rows`, and that no spreadsheet computes."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow(COLUMNS)
    for row in rows:
        mapping = row.mapping
        cells = (row.connection, mapping.kind, mapping.procore_id or "", mapping.procore_name, mapping.erp_id)
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in (*cells, mapping.note)])
    return lines.getvalue()


def mapping_row(row: Row, connections: Collection[str] | None) -> MappingRow:
    problems_before = len(row.problems)
    kind = row.require("kind", mapping_kind, MappingKind.CUSTOMER)
    procore_id = row.read("procore_id", partial(plain_id, kind=kind), None)
    name = row.read("procore_name", short, "")
    is_named = procore_id or name or kind is MappingKind.RETAINAGE_ACCOUNT
    if not is_named and len(row.problems) == problems_before:
        row.refuse("procore_id", "give procore_id or procore_name")
    mapping = Mapping(
        kind=kind,
        procore_id=procore_id,
        procore_name=name,
        erp_id=row.read("erp_id", short, ""),
        note=row.read("note", plain, ""),
    )
    return MappingRow(row.require("connection", partial(known_name, names=connections), ""), mapping)


def mapping_kind(text: str) -> MappingKind:
    try:
        return MappingKind(text.casefold().replace(" ", "_"))
    except ValueError:
        raise ValueError(f"a kind is one of {', '.join(MappingKind)}") from None


def plain_id(text: str, kind: MappingKind) -> str:
    """As given, save for a job: its id may say whether it is a project's (said or not) or a contract's."""
    if kind is not MappingKind.JOB or text == ANY_OTHER:
        return short(text)
    scope, _, number = (part.strip() for part in text.rpartition(":"))
    if not number or scope.casefold() not in {"", "project", "contract"}:
        raise ValueError("a job's id is the project's, such as 91835, or a contract's, such as contract:4821")
    return short(CONTRACT_PREFIX + number if scope.casefold() == "contract" else number)


def short(text: str) -> str:
    text = plain(text)
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"is longer than {LONGEST_TEXT} characters")
    return text


def plain(text: str) -> str:
    """Without the apostrophe that keeps a spreadsheet from computing it."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def known_name(text: str, names: Collection[str] | None) -> str:
    if names is None or text in names:
        return short(text)
    nearest = get_close_matches(text, names, n=1)
    guess = f"; did you mean {nearest[0]}?" if nearest else ""
    raise ValueError(f"no such connection{guess} (there are: {', '.join(sorted(names))})")
