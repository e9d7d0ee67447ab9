"""Counts of exports by connection, for pages: what an entry changes of them, and what a new connection takes along."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ledger.showing import export_counts, export_outcomes
from shared.ledger.words import Status

PLACE = "rollup"  # in `publications`: up to where entries are counted
OUTCOMES = frozenset({Status.EXPORTED, Status.FAILED, Status.HELD})

Key = tuple[Any, ...]


async def read_changes(connection: AsyncConnection, entry_ids: Sequence[int]) -> Sequence[Any]:
    """Those of the entries that moved their export, with the connection that it has now."""
    return (await connection.execute(_CHANGES, {"ids": entry_ids})).all()


def counts_of(changes: Sequence[Any]) -> Counter[Key]:
    """What they change of `export_counts`."""
    counts: Counter[Key] = Counter()
    for row in changes:
        if row.status_before != Status.NONE:
            counts[row.company_id, row.connection, row.status_before] -= 1
        counts[row.company_id, row.connection, row.status] += 1
    return counts


def outcomes_of(changes: Sequence[Any]) -> Counter[Key]:
    """What they change of `export_outcomes`."""
    arrived = (row for row in changes if row.status in OUTCOMES)
    return Counter((*unit, row.company_id, row.connection, row.status) for row in arrived for unit in units_of(row.at))


def units_of(at: datetime) -> tuple[tuple[str, datetime], ...]:
    """The hour and the day of UTC that it counts to."""
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return ("hour", hour), ("day", hour.replace(hour=0))


async def add(connection: AsyncConnection, table: Table, changes: Mapping[Key, int]) -> None:
    """`changes` are by the table's primary key."""
    names = [column.name for column in table.primary_key]
    values = [dict(zip(names, key, strict=True)) | {"count": change} for key, change in changes.items() if change]
    if values:
        statement = upsert(table).values(values)
        added = table.c.count + statement.excluded["count"]
        await connection.execute(statement.on_conflict_do_update(index_elements=names, set_={"count": added}))


@asynccontextmanager
async def carried_over(connection: AsyncConnection, export_id: int) -> AsyncIterator[None]:
    """Around what gives an export to another connection, in that transaction: what was counted of it goes with it.

    Until the transaction ends nothing more is counted; what is counted later, is under the new connection. Times to
    the ERP's yes stay where they are: without a connection there is no ERP that says yes.
    """
    await connection.execute(_HOLD_PLACE, {"place": PLACE})
    counted = (await connection.scalars(_COUNTED, {"place": PLACE, "export_id": export_id})).all()
    before = await read_changes(connection, counted)
    yield
    after = await read_changes(connection, counted)
    for table, sums in ((export_counts, counts_of), (export_outcomes, outcomes_of)):
        moved = sums(after)
        moved.subtract(sums(before))
        await add(connection, table, moved)


_CHANGES = text(
    """
    SELECT entries.kind, entries.at, entries.status_before, entries.status, exports.company_id, exports.connection,
        exports.state -> 'approval' ->> 'seen_at' AS seen_at
    FROM entries JOIN exports ON exports.id = entries.export_id
    WHERE entries.id = ANY(:ids) AND entries.status <> entries.status_before
    """
)

_HOLD_PLACE = text(
    """
    INSERT INTO publications (name, transaction, entry_id) VALUES (:place, '0', 0)
    ON CONFLICT (name) DO UPDATE SET entry_id = publications.entry_id
    """
)

_COUNTED = text(
    """
    SELECT entries.id FROM entries JOIN publications ON publications.name = :place
    WHERE entries.export_id = :export_id
        AND (entries.transaction, entries.id) <= (publications.transaction, publications.entry_id)
    """
)
