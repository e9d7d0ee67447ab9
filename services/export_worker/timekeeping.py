"""What time it is for a worker: the database's time, by which all of them agree on what is due and what came first.

A machine's own clock may be hours off, or jump. Between two answers of the database only the time that passed here
counts, on the clock that nobody sets.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import func, select

from shared.database import DATABASE_ERRORS
from shared.statements import Session, Sessions, Statement, at_once

EVERY_SECONDS = 5.0
ANSWERS = 3
# An answer that took longer tells the time too vaguely: this process or the database stood still meanwhile.
LONGEST_ANSWER_SECONDS = 0.5
_TOLD = Statement(select(func.clock_timestamp()))

log = structlog.get_logger("export_worker.timekeeping")


@dataclass(frozen=True)
class Answer:
    """The database's time `at` the moment that was `here` on our clock for durations; `took` seconds to come."""

    at: datetime
    here: float
    took: float


class Timepiece:
    """Set by what the database said last; before that it shows this machine's time."""

    def __init__(self) -> None:
        self._heard: Answer | None = None

    def now(self) -> datetime:
        """Aware, in UTC."""
        if self._heard is None:
            return datetime.now(UTC)
        return self._heard.at + timedelta(seconds=time.monotonic() - self._heard.here)

    async def hear(self, sessions: Sessions) -> None:
        """Ask the database a few times; the quickest answer counts. Raises what a database that is away raises."""
        async with at_once(sessions) as session:
            heard = min([await _answer(session) for _ in range(ANSWERS)], key=lambda answer: answer.took)
        if self._heard is None or heard.took <= LONGEST_ANSWER_SECONDS:
            self._heard = heard

    async def keep(self, sessions: Sessions) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await self.hear(sessions)
            except DATABASE_ERRORS as error:
                log.warning("time.not_heard", why=type(error).__name__)


async def _answer(session: Session) -> Answer:
    """It was given about halfway between question and arrival."""
    asked = time.monotonic()
    at: datetime = await _TOLD.value(session)
    took = time.monotonic() - asked
    return Answer(at.astimezone(UTC), asked + took / 2, took)


# One for the process: what it measures, the time since it heard, is the process's own.
TIMEPIECE = Timepiece()
now = TIMEPIECE.now
