"""What time it is for a worker: the database's time, by which all of them agree on what is due and what came first.

A machine's own clock may be hours off, or jump. Between two answers of the database only the time that passed here
counts, on the clock that nobody sets.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import DATABASE_ERRORS, at_once

EVERY_SECONDS = 5.0
# An answer that took longer tells the time too vaguely: this process or the database stood still meanwhile.
LONGEST_ANSWER_SECONDS = 0.5
_TOLD = select(func.clock_timestamp())

log = structlog.get_logger("export_worker.timekeeping")


class Timepiece:
    """Set by what the database said last; before that it shows this machine's time."""

    def __init__(self) -> None:
        self._heard: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """Aware, in UTC."""
        if self._heard is None:
            return datetime.now(UTC)
        at, here = self._heard
        return at + timedelta(seconds=time.monotonic() - here)

    async def hear(self, engine: AsyncEngine) -> None:
        """Ask the database once. Raises what a database that is away raises."""
        async with at_once(engine).connect() as connection:
            asked = time.monotonic()
            at = (await connection.execute(_TOLD)).scalar_one()
            answered = time.monotonic()
        if self._heard is None or answered - asked <= LONGEST_ANSWER_SECONDS:
            self._heard = (at.astimezone(UTC), (asked + answered) / 2)

    async def keep(self, engine: AsyncEngine) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await self.hear(engine)
            except DATABASE_ERRORS as error:
                log.warning("time.not_heard", why=type(error).__name__)


# One for the process: what it measures, the time since it heard, is the process's own.
TIMEPIECE = Timepiece()
now = TIMEPIECE.now
