"""Changes of status, told to other systems through Kafka: at least once, in order, none lost.

Transactions commit out of the order of their ids; so an entry is told only once every transaction that
began before its own is over.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import DATABASE_ERRORS, hold_lock
from shared.events.export_event import ExportEvent
from shared.events.topics import Topic
from shared.kafka.connection import BrokerUnavailable
from shared.kafka.producer import Producer

NAME = "exports"
BATCH = 200
SEND_SECONDS = 5.0
IDLE_SECONDS = 1.0
LOCK = 7_215_001  # any number that nothing else in this database locks

POSTPONING: tuple[type[Exception], ...] = (*DATABASE_ERRORS, BrokerUnavailable)

log = structlog.get_logger("export_worker.publication")


class Publication:
    """One worker at a time publishes: whoever holds the advisory lock of its session."""

    def __init__(self, engine: AsyncEngine, producer: Producer) -> None:
        self._engine = engine
        self._producer = producer

    async def run(self, session: asyncpg.Connection) -> None:
        """Until cancelled, or until `session`, which holds the lock, is lost."""
        await hold_lock(session, LOCK, every=IDLE_SECONDS)
        while not session.is_closed():
            try:
                told = await self._publish()
            except POSTPONING as error:
                log.warning("publication.postponed", why=type(error).__name__)
                told = 0
            if told < BATCH:
                await asyncio.sleep(IDLE_SECONDS)

    async def _publish(self) -> int:
        rows = await self._next()
        for row in rows:
            if row.status != row.status_before:
                event = _event(row)
                await self._producer.send(
                    Topic.EXPORTS, key=event.kafka_key, value=event.to_bytes(), within=SEND_SECONDS
                )
        if rows:
            await self._advance(rows[-1])
        return len(rows)

    async def _next(self) -> Sequence[Any]:
        async with self._engine.connect() as connection:
            return (await connection.execute(_NEXT, {"name": NAME, "most": BATCH})).all()

    async def _advance(self, last: Any) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(_ADVANCE, {"name": NAME, "transaction": last.transaction, "entry_id": last.id})


def _event(row: Any) -> ExportEvent:
    findings = row.body.get("findings") or [row.body.get("finding")]
    standing = row.body.get("standing") or {}
    return ExportEvent(
        entry_id=row.id,
        export_id=row.export_id,
        seq=row.seq,
        kind=row.kind,
        at=row.at,
        company_id=row.company_id,
        project_id=row.project_id,
        payment_application_id=row.payment_application_id,
        connection=row.connection,
        status_before=row.status_before,
        status=row.status,
        reasons=tuple(finding["reason"] for finding in findings if finding),
        erp_number=standing.get("number") or row.body.get("erp_number"),
    )


_NEXT = text(
    """
    SELECT entries.id, entries.export_id, entries.seq, entries.kind, entries.at, entries.body,
        entries.status_before, entries.status, CAST(entries.transaction AS text) AS transaction,
        exports.company_id, exports.project_id, exports.payment_application_id, exports.connection
    FROM entries JOIN exports ON exports.id = entries.export_id
    WHERE (entries.transaction, entries.id) > (
            COALESCE((SELECT transaction FROM publications WHERE name = :name), CAST('0' AS xid8)),
            COALESCE((SELECT entry_id FROM publications WHERE name = :name), 0))
        AND entries.transaction < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY entries.transaction, entries.id LIMIT :most
    """
)

_ADVANCE = text(
    """
    INSERT INTO publications (name, transaction, entry_id)
    VALUES (:name, CAST(CAST(:transaction AS text) AS xid8), :entry_id)
    ON CONFLICT (name) DO UPDATE SET transaction = excluded.transaction, entry_id = excluded.entry_id
    """
)
