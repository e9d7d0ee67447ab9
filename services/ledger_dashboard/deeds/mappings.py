"""What people do to a connection's mappings: for the pages and the API alike, each with its audit record."""

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.deeds.connections import subject
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.reading.connections import read_companies_of
from shared.connections.csv_table import CsvProblem, CsvResult, read_form
from shared.connections.mapping_csv import MappingsFile, mapping_row, read_mappings
from shared.connections.mapping_store import SavedMappings, save
from shared.connections.mappings import Mapping, MappingRow
from shared.connections.profile import ConnectionProfile

LONGEST = 500
TYPED = ("kind", "procore_id", "procore_name", "erp_id", "note")


@dataclass(frozen=True)
class ReadFile:
    """What a file says, and the company of each connection that it may speak of."""

    read: MappingsFile
    companies: MappingOf[str, str]


def as_typed(mapping: Mapping) -> dict[str, str]:
    """What a form that changes it begins with."""
    return {column: str(getattr(mapping, column) or "") for column in TYPED}


def read_typed(name: str, typed: MappingOf[str, str]) -> CsvResult[MappingRow]:
    """What was typed, by the same rules as a file's row, save that it has to map something."""
    read = read_form({**typed, "connection": name}, partial(mapping_row, connections=None))
    if read.rows and not read.rows[0].mapping.erp_id:
        return CsvResult(problems=(CsvProblem(0, "erp_id", "", "may not be empty"),))
    return read


async def map_one(connection: AsyncConnection, person: Person, profile: ConnectionProfile, row: MappingRow) -> None:
    """It counts from now on."""
    await save(connection, [row], person.who)
    said = {column: value for column, value in as_typed(row.mapping).items() if value}
    await record(connection, person, "mapped", subject(profile.name), profile.company_id, **said)


async def read_file(connection: AsyncConnection, person: Person, content: bytes) -> ReadFile:
    """A Mappings CSV; its rows may be of any connection that this person may see."""
    companies = await read_companies_of(connection, person.companies)
    return ReadFile(read_mappings(content, connections=companies), companies)


async def import_mappings(connection: AsyncConnection, person: Person, content: bytes, file: ReadFile) -> SavedMappings:
    """`file` is what `read_file` read of `content`; each connection has its audit record."""
    rows: Sequence[MappingRow] = file.read.rows
    saved = await save(connection, rows, person.who)
    mark = sha256(content).hexdigest()
    for name in sorted({row.connection for row in rows}):
        number = sum(row.connection == name for row in rows)
        company = file.companies[name]
        await record(connection, person, "imported", f"mappings of {name}", company, rows=number, sha256=mark)
    return saved
