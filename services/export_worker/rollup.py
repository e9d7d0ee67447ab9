"""Counts that pages show, kept along with the entries so that nobody counts a big table.

Each entry is counted once: its place is committed in the same transaction as what it adds. As in `publication`, an
entry is counted only once every transaction that began before its own is over.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker.counts import PLACE, Key, add, counts_of, outcomes_of, read_changes, units_of
from shared.database import DATABASE_ERRORS, hold_lock
from shared.ledger.latency import bucket_of
from shared.ledger.showing import export_counts, export_latencies, export_outcomes
from shared.ledger.words import EntryKind, Status

BATCH = 1000
IDLE_SECONDS = 1.0
LOCK = 7_215_002  # any number that nothing else in this database locks
BY_THE_ERP = frozenset({EntryKind.ATTEMPT_CLOSED, EntryKind.CONFIRMED})

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
            rows = (await connection.execute(_NEXT, {"name": PLACE, "most": BATCH})).all()
        if not rows:
            return 0
        async with self._engine.begin() as connection:
            first, last = rows[0], rows[-1]
            place = {"name": PLACE, "transaction": last.transaction, "entry_id": last.id}
            place |= {"from_transaction": first.from_transaction, "from_entry_id": first.from_entry_id}
            if (await connection.execute(_ADVANCE, place)).rowcount != 1:
                return 0
            # Read only now that the place is ours: no export gets another connection before this is counted.
            changes = await read_changes(connection, [row.id for row in rows])
            await add(connection, export_counts, counts_of(changes))
            await add(connection, export_outcomes, outcomes_of(changes))
            await add(connection, export_latencies, _latencies(changes))
        return len(rows)


def _latencies(changes: Sequence[Any]) -> Counter[Key]:
    """Without what a person exported by hand, and what was approved anew since: its first approval is not known."""
    buckets: Counter[Key] = Counter()
    for row in changes:
        is_theirs = row.status == Status.EXPORTED and row.kind in BY_THE_ERP
        seen_at = datetime.fromisoformat(row.seen_at) if is_theirs and row.seen_at else None
        if seen_at and seen_at <= row.at:
            bucket = bucket_of((row.at - seen_at).total_seconds())
            buckets.update((*unit, row.company_id, row.connection, bucket) for unit in units_of(row.at))
    return buckets


_NEXT = text(
    """
    WITH place AS (
        SELECT COALESCE((SELECT transaction FROM publications WHERE name = :name), CAST('0' AS xid8)) AS transaction,
            COALESCE((SELECT entry_id FROM publications WHERE name = :name), 0) AS entry_id
    )
    SELECT entries.id, CAST(entries.transaction AS text) AS transaction,
        CAST(place.transaction AS text) AS from_transaction, place.entry_id AS from_entry_id
    FROM place CROSS JOIN entries
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
