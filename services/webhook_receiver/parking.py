"""The parking table: where webhooks wait while Kafka is away. Written and emptied by the receiver alone."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    LargeBinary,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.webhook_receiver.incoming import Record
from shared.database import metadata

BATCH = 50
COUNTED = 10_000

parked_events = Table(
    "parked_events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("topic", Text, nullable=False),
    Column("key", LargeBinary),
    Column("value", LargeBinary, nullable=False),
    # JSON [[name, value as latin-1 text], ...] as bytes: jsonb would refuse a NUL.
    Column("headers", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("parked_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)


@dataclass(frozen=True, slots=True)
class ParkedRecord:
    id: int
    record: Record


@dataclass(frozen=True, slots=True)
class Waiting:
    """`count` is exact up to 10,000: a longer queue is not counted."""

    count: int
    oldest_at: datetime | None


class Batch:
    """Rows locked for one relay until the transaction ends."""

    def __init__(self, connection: AsyncConnection, parked: Sequence[ParkedRecord]) -> None:
        self.parked = parked
        self._connection = connection

    async def remove(self, ids: Sequence[int]) -> None:
        if ids:
            await self._connection.execute(delete(parked_events).where(parked_events.c.id.in_(ids)))


class Parking:
    """Each method is one transaction and raises one of DATABASE_ERRORS."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def park(self, record: Record, reason: str) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(
                insert(parked_events).values(
                    topic=record.topic,
                    key=record.key,
                    value=record.value,
                    headers=_to_json(record.headers),
                    reason=reason,
                )
            )

    @asynccontextmanager
    async def batch(self, *, after: int) -> AsyncIterator[Batch]:
        """The oldest rows above id `after` that no other relay holds; what is removed is gone at the end."""
        columns = parked_events.c
        query = (
            select(columns.id, columns.topic, columns.key, columns.value, columns.headers)
            .where(columns.id > after)
            .order_by(columns.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        async with self._engine.begin() as connection:
            rows = (await connection.execute(query)).all()
            parked = [
                ParkedRecord(row.id, Record(row.topic, row.key, row.value, _from_json(row.headers))) for row in rows
            ]
            yield Batch(connection, parked)

    async def waiting(self) -> Waiting:
        some = select(parked_events.c.parked_at).order_by(parked_events.c.id).limit(COUNTED).subquery()
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(func.count(), func.min(some.c.parked_at)))).one()
            return Waiting(row[0], row[1])


def _to_json(headers: tuple[tuple[str, bytes], ...]) -> bytes:
    return json.dumps([[name, value.decode("latin-1")] for name, value in headers]).encode()


def _from_json(text: bytes) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, value.encode("latin-1")) for name, value in json.loads(text))
