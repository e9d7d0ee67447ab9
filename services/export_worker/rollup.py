"""Counts that pages show, kept along with the entries so that nobody counts a big table.

Each entry is counted once: its place is committed in the same transaction as what it adds. As in `publication`, an
entry is counted only once every transaction that began before its own is over.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import structlog
from sqlalchemy import Table, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.database import DATABASE_ERRORS, hold_lock
from shared.ledger.latency import bucket_of
from shared.ledger.showing import export_counts, export_latencies, export_outcomes
from shared.ledger.words import EntryKind, Status

NAME = "rollup"
BATCH = 1000
IDLE_SECONDS = 1.0
LOCK = 7_215_002  # any number that nothing else in this database locks
OUTCOMES = frozenset({Status.EXPORTED, Status.FAILED, Status.HELD})
BY_THE_ERP = frozenset({EntryKind.ATTEMPT_CLOSED, EntryKind.CONFIRMED})

Key = tuple[Any, ...]

log = structlog.get_logger("export_worker.rollup")


class Rollup:
    """One worker at a time counts: whoever holds the advisory lock of its session."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def run(self, session: asyncpg.Connection) -> None:
        """Until cancelled, or until `session`, which holds the lock, is lost."""
        await hold_lock(session, LOCK, every=IDLE_SECONDS)
        while not session.is_closed():
            try:
                counted = await self.count_some()
            except DATABASE_ERRORS as error:
                log.warning("rollup.postponed", why=type(error).__name__)
                counted = 0
            if counted < BATCH:
                await asyncio.sleep(IDLE_SECONDS)

    async def count_some(self) -> int:
        """Adds the next entries; how many. Two at once count nothing twice: the second finds the place moved on."""
        async with self._engine.connect() as connection:
            rows = (await connection.execute(_NEXT, {"name": NAME, "most": BATCH})).all()
        if not rows:
            return 0
        async with self._engine.begin() as connection:
            first, last = rows[0], rows[-1]
            place = {"name": NAME, "transaction": last.transaction, "entry_id": last.id}
            place |= {"from_transaction": first.from_transaction, "from_entry_id": first.from_entry_id}
            if (await connection.execute(_ADVANCE, place)).rowcount != 1:
                return 0
            changed = [row for row in rows if row.status != row.status_before]
            await _add(connection, export_counts, _counts(changed))
            await _add(connection, export_outcomes, _outcomes(changed))
            await _add(connection, export_latencies, _latencies(changed))
        return len(rows)


def _counts(rows: Sequence[Any]) -> Counter[Key]:
    counts: Counter[Key] = Counter()
    for row in rows:
        if row.status_before != Status.NONE:
            counts[row.company_id, row.connection, row.status_before] -= 1
        counts[row.company_id, row.connection, row.status] += 1
    return counts


def _outcomes(rows: Sequence[Any]) -> Counter[Key]:
    arrived = (row for row in rows if row.status in OUTCOMES)
    return Counter((*unit, row.company_id, row.connection, row.status) for row in arrived for unit in _units(row.at))


def _latencies(rows: Sequence[Any]) -> Counter[Key]:
    """Without what a person exported by hand, and what was approved anew since: its first approval is not known."""
    buckets: Counter[Key] = Counter()
    for row in rows:
        is_theirs = row.status == Status.EXPORTED and row.kind in BY_THE_ERP
        seen_at = datetime.fromisoformat(row.seen_at) if is_theirs and row.seen_at else None
        if seen_at and seen_at <= row.at:
            bucket = bucket_of((row.at - seen_at).total_seconds())
            buckets.update((*unit, row.company_id, row.connection, bucket) for unit in _units(row.at))
    return buckets


def _units(at: datetime) -> tuple[tuple[str, datetime], ...]:
    """The hour and the day of UTC that it counts to."""
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return ("hour", hour), ("day", hour.replace(hour=0))


async def _add(connection: AsyncConnection, table: Table, changes: Mapping[Key, int]) -> None:
    """`changes` are by the table's primary key."""
    names = [column.name for column in table.primary_key]
    values = [dict(zip(names, key, strict=True)) | {"count": change} for key, change in changes.items() if change]
    if values:
        statement = upsert(table).values(values)
        added = table.c.count + statement.excluded["count"]
        await connection.execute(statement.on_conflict_do_update(index_elements=names, set_={"count": added}))


_NEXT = text(
    """
    WITH place AS (
        SELECT COALESCE((SELECT transaction FROM publications WHERE name = :name), CAST('0' AS xid8)) AS transaction,
            COALESCE((SELECT entry_id FROM publications WHERE name = :name), 0) AS entry_id
    )
    SELECT entries.id, entries.kind, entries.at, entries.status_before, entries.status,
        CAST(entries.transaction AS text) AS transaction, exports.company_id, exports.connection,
        exports.state -> 'approval' ->> 'seen_at' AS seen_at,
        CAST(place.transaction AS text) AS from_transaction, place.entry_id AS from_entry_id
    FROM place CROSS JOIN entries JOIN exports ON exports.id = entries.export_id
    WHERE (entries.transaction, entries.id) > (place.transaction, place.entry_id)
        AND entries.transaction < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY entries.transaction, entries.id LIMIT :most
    """
)

_ADVANCE = text(
    """
    INSERT INTO publications (name, transaction, entry_id)
    VALUES (:name, CAST(CAST(:transaction AS text) AS xid8), :entry_id)
    ON CONFLICT (name) DO UPDATE SET transaction = excluded.transaction, entry_id = excluded.entry_id
    WHERE publications.transaction = CAST(CAST(:from_transaction AS text) AS xid8)
        AND publications.entry_id = :from_entry_id
    """
)
