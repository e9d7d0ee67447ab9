"""The end of a run: everything works again, people put right what waits for them, and all comes to rest."""

import asyncio
import contextlib
import time
from datetime import timedelta

import asyncpg

from tests.chaos.ground import Ground
from tests.chaos.journal import Journal
from tests.chaos.office import Office
from tests.chaos.striking import Striking

LOOKS_EVERY = 1.0
REPLAYS_EVERY = 20.0
# Procore's queues wait for up to an hour before they try again: its clock is moved instead.
AN_HOUR = timedelta(hours=1)

_LEFT = """
SELECT count(*) FILTER (WHERE status IN ('waiting', 'exporting', 'retrying')) AS moving,
       count(*) FILTER (WHERE status = 'failed') AS failed,
       (SELECT count(*) FROM parked_events) AS parked,
       (SELECT count(*) FROM work WHERE lease_until > now() OR due_at <= now()) AS due
FROM exports
"""


async def settle(ground: Ground, office: Office, striking: Striking, journal: Journal, within: float) -> bool:
    """Whether all came to rest within so many seconds. What did not is the checker's to tell."""
    await striking.mend()
    journal.tell("mended")
    await office.procore.advance_clock(AN_HOUR.total_seconds())
    deadline = time.monotonic() + within
    await _until_delivered(office, deadline)
    await _reconciled(office, journal)
    ledger = await asyncpg.connect(ground.environment()["DATABASE_URL"])
    try:
        return await _until_at_rest(ledger, office, journal, deadline)
    finally:
        await ledger.close()


async def _until_delivered(office: Office, deadline: float) -> None:
    with contextlib.suppress(TimeoutError):
        await office.procore.wait_until_idle(within=deadline - time.monotonic())


async def _reconciled(office: Office, journal: Journal) -> None:
    """What no webhook told is found now, and not at the next full hour."""
    try:
        await office.command("reconcile")
    except AssertionError as error:
        journal.tell("reconciliation failed", why=str(error)[-300:])
    journal.tell("reconciled")


async def _until_at_rest(ledger: asyncpg.Connection, office: Office, journal: Journal, deadline: float) -> bool:
    replay_at, quiet = 0.0, 0
    while time.monotonic() < deadline:
        left = await ledger.fetchrow(_LEFT)
        journal.note("left", **dict(left))
        if left["failed"] and time.monotonic() > replay_at:
            await office.replay_twice(("failed",))
            replay_at = time.monotonic() + REPLAYS_EVERY
        # Quiet for a while, since what was just read from Kafka shows only a moment later.
        quiet = 0 if any(left.values()) else quiet + 1
        if quiet > 3:
            journal.tell("at rest")
            return True
        await asyncio.sleep(LOOKS_EVERY)
    journal.tell("not at rest", **{name: count for name, count in dict(left).items() if count})
    return False
