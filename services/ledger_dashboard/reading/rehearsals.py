"""What saving would change, before anything is saved: the same statements, and then none of it remains."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.approvers import store
from shared.approvers.record import ApproverRecord
from shared.connections import mapping_store
from shared.connections.mappings import Mapping, MappingRow
from shared.versions import in_batches


@dataclass(frozen=True)
class RecordChange:
    """`before` None: this person was not recorded."""

    before: ApproverRecord | None
    after: ApproverRecord


@dataclass(frozen=True)
class MappingChange:
    """`before` None: nothing was mapped. `after` names the connection."""

    before: Mapping | None
    after: MappingRow


@asynccontextmanager
async def rolled_back(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction of which nothing remains."""
    async with engine.connect() as connection:
        transaction = await connection.begin()
        try:
            yield connection
        finally:
            await transaction.rollback()


async def rehearse_records(
    engine: AsyncEngine, records: Sequence[ApproverRecord], changed_by: str
) -> tuple[store.SavedApprovers, list[RecordChange]]:
    """What `save` would do, and each record that would become another, in the file's order."""
    keys = [(record.company_id, record.user_id) for record in records]
    async with rolled_back(engine) as connection:
        before = await _standing(connection, keys)
        saved = await store.save(connection, records, changed_by)
        after = await _standing(connection, keys)
    return saved, [RecordChange(before.get(key), after[key]) for key in keys if before.get(key) != after[key]]


async def rehearse_mappings(
    engine: AsyncEngine, rows: Sequence[MappingRow], changed_by: str
) -> tuple[mapping_store.SavedMappings, list[MappingChange]]:
    """What `save` would do, and each mapping that would become another: the new ones first."""
    async with rolled_back(engine) as connection:
        names = {row.connection for row in rows}
        before = {
            _place(row): row.mapping for name in names for row in await mapping_store.all_current(connection, name)
        }
        saved = await mapping_store.save(connection, rows, changed_by)
    return saved, [MappingChange(before.get(_place(row)), row) for row in (*saved.added, *saved.changed)]


async def _standing(
    connection: AsyncConnection, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], ApproverRecord]:
    found: dict[tuple[str, str], ApproverRecord] = {}
    for batch in in_batches(keys):
        found |= await store.standing_records(connection, batch)
    return found


def _place(row: MappingRow) -> tuple[str, str, str]:
    return row.connection, row.mapping.kind.value, row.mapping.key
