"""What is measured by looking, not by counting along.

Only open exports are counted, which are few and indexed; and now and then those of two months, by their index.
"""

import asyncio
import itertools
from collections.abc import Collection
from datetime import UTC

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker import timekeeping
from services.export_worker.metrics import CIRCUIT_OPEN, FOLLOW_UPS_GIVEN_UP, OLDEST_SECONDS, OPEN_EXPORTS, RATE_LEFT
from shared.database import DATABASE_ERRORS
from shared.ledger.reader import count_given_up
from shared.ledger.tie_out import usual_periods
from shared.procore.rate_budget import RateBudget

EVERY_SECONDS = 15.0
TURNS_BETWEEN_COUNTS = 20

log = structlog.get_logger("export_worker.gauges")

_OPEN = text(
    """
    SELECT status, COALESCE(reasons[1], '') AS reason, count(*) AS number, min(since) AS oldest
    FROM exports WHERE status NOT IN ('exported', 'skipped') GROUP BY 1, 2
    """
)
_CIRCUITS = text("SELECT connection, COALESCE(open_until > now(), false) AS is_open FROM connection_states")


async def keep_gauges(engine: AsyncEngine, budget: RateBudget, connections: Collection[str]) -> None:
    """Refresh the gauges until cancelled."""
    for turn in itertools.count():
        try:
            await _refresh(engine, budget)
            if turn % TURNS_BETWEEN_COUNTS == 0:
                await count_follow_ups(engine, connections)
        except DATABASE_ERRORS as error:
            log.warning("gauges.not_refreshed", why=type(error).__name__)
        await asyncio.sleep(EVERY_SECONDS)


async def count_follow_ups(engine: AsyncEngine, connections: Collection[str]) -> None:
    """Those given up, of invoices billed in this month or the one before."""
    before, _ = usual_periods(timekeeping.now(), UTC)
    async with engine.connect() as connection:
        given_up = await count_given_up(connection, connections, before.first)
    for name in connections:
        FOLLOW_UPS_GIVEN_UP.labels(name).set(given_up.get(name, 0))


async def _refresh(engine: AsyncEngine, budget: RateBudget) -> None:
    async with engine.connect() as connection:
        rows = (await connection.execute(_OPEN)).all()
        circuits = (await connection.execute(_CIRCUITS)).all()
    OPEN_EXPORTS.clear()
    OLDEST_SECONDS.clear()
    now = timekeeping.now()
    oldest: dict[str, float] = {}
    for row in rows:
        OPEN_EXPORTS.labels(row.status, row.reason).set(row.number)
        oldest[row.status] = max(oldest.get(row.status, 0.0), (now - row.oldest).total_seconds())
    for status, seconds in oldest.items():
        OLDEST_SECONDS.labels(status).set(seconds)
    for row in circuits:
        CIRCUIT_OPEN.labels(row.connection).set(row.is_open)
    if budget.remaining is not None:
        RATE_LEFT.set(budget.remaining)
