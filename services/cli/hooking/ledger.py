"""Which of Procore's events the ledger has heard of."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.ledger.tables import events

BATCH = 1000


async def heard(engine: AsyncEngine, event_ids: Collection[str]) -> set[str]:
    """Those of them that the worker has recorded, whatever it made of them."""
    ids, found = sorted(event_ids), set[str]()
    async with engine.connect() as connection:
        for first in range(0, len(ids), BATCH):
            statement = select(events.c.event_id).where(events.c.event_id.in_(ids[first : first + BATCH]))
            found |= set((await connection.scalars(statement)).all())
    return found
