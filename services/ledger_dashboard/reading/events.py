"""Webhooks and commands as they came, and what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ledger.tables import events

PAGE = 50
FATES = ("accepted", "ignored", "command", "dead_lettered", "foreign", "refused", "unplaced", "postponed")
MOST_PARKED = 200


@dataclass(frozen=True)
class EventLine:
    """One event. `deliveries` above one: the same event came again; `company_id` None: nobody can tell whose it is."""

    id: int
    event_id: str
    fate: str
    detail: str | None
    deliveries: int
    received_at: datetime
    export_id: int | None
    company_id: str | None
    project_id: str | None
    resource_name: str | None
    resource_id: str | None
    topic: str


@dataclass(frozen=True)
class Event(EventLine):
    """With what came, byte for byte."""

    partition: int
    position: int
    raw: bytes


async def list_events(
    connection: AsyncConnection,
    companies: frozenset[str] | None,
    *,
    fate: str | None = None,
    duplicates_only: bool = False,
    before: int | None = None,
    limit: int = PAGE,
) -> Sequence[EventLine]:
    """Newest first, one more than `limit` where there are more. What is nobody's is for those who may see all."""
    statement = select(*_LINE).order_by(events.c.id.desc()).limit(limit + 1)
    if companies is not None:
        statement = statement.where(events.c.company_id.in_(companies))
    if fate is not None:
        statement = statement.where(events.c.fate == fate)
    if duplicates_only:
        statement = statement.where(events.c.deliveries > 1)
    if before is not None:
        statement = statement.where(events.c.id < before)
    return [EventLine(*row) for row in await connection.execute(statement)]


async def read_event(connection: AsyncConnection, event_id: int, companies: frozenset[str] | None) -> Event | None:
    """None when there is none, or not for whoever asks."""
    statement = select(*_EVENT).where(events.c.id == event_id)
    if companies is not None:
        statement = statement.where(events.c.company_id.in_(companies))
    row = (await connection.execute(statement)).one_or_none()
    return Event(*row) if row else None


_LINE = tuple(events.c[name] for name in EventLine.__dataclass_fields__)
_EVENT = tuple(events.c[name] for name in Event.__dataclass_fields__)
