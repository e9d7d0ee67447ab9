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
# What was just read from Kafka shows in the tables only a moment later.
QUIET_LOOKS = 4
# Procore's queues wait for up to an hour before they try again: its clock is moved instead.
AN_HOUR = timedelta(hours=1)

# Who waits for an invoice that waits itself stands still when that one does.
_LEFT = """
SELECT count(*) FILTER (WHERE status IN ('waiting', 'exporting', 'retrying') AND NOT (
           reasons = ARRAY['out_of_order'] AND EXISTS (
               SELECT FROM exports before
               WHERE before.connection = exports.connection AND before.company_id = exports.company_id
               AND before.payment_application_id = exports.waits_for AND before.status IN ('held', 'waiting')
           ))) AS moving,
       count(*) FILTER (WHERE status = 'failed') AS failed,
       (SELECT count(*) FROM parked_events) AS parked,
       (SELECT count(*) FROM work WHERE lease_until > now() OR due_at <= now()) AS due
FROM exports
"""


async def settle(ground: Ground, office: Office, striking: Striking, journal: Journal, *, within: float) -> bool:
    """Whether all came to rest within so many seconds. What did not is the checker's to tell."""
    await striking.mend()
    journal.tell("mended")
    await office.procore.advance_clock(AN_HOUR.total_seconds())
    deadline = time.monotonic() + within
    with contextlib.suppress(TimeoutError):
        await office.procore.wait_until_idle(within=within)
    try:
        await office.reconcile()  # what no webhook told is found now, and not at the next full hour
    except AssertionError as error:
        journal.tell("reconciliation failed", why=str(error)[-300:])
    journal.tell("reconciled")
    return await rest(ground, office, journal, within=deadline - time.monotonic())


async def rest(ground: Ground, office: Office, journal: Journal, *, within: float) -> bool:
    """Whether nothing moves any more; meanwhile operators replay what failed."""
    deadline, replay_at, quiet = time.monotonic() + within, 0.0, 0
    ledger = await asyncpg.connect(ground.environment()["DATABASE_URL"])
    try:
        while time.monotonic() < deadline and quiet < QUIET_LOOKS:
            left = dict(await ledger.fetchrow(_LEFT))
            journal.note("left", **left)
            if left["failed"] and time.monotonic() > replay_at:
                await office.replay_twice(("failed",))
                replay_at = time.monotonic() + REPLAYS_EVERY
            quiet = 0 if any(left.values()) or not await office.procore.is_idle() else quiet + 1
            await asyncio.sleep(LOOKS_EVERY)
    finally:
        await ledger.close()
    is_at_rest = quiet >= QUIET_LOOKS
    journal.tell("at rest" if is_at_rest else "not at rest", **{name: each for name, each in left.items() if each})
    return is_at_rest
