"""Counts beside the ledger: after any history, crashes and restarts they equal a full recount."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text, update

from services.export_worker import rollup as module
from services.export_worker.adoption import adopt
from services.export_worker.counts import carried_over
from services.export_worker.rollup import Rollup
from shared.database import Role, connect_raw
from shared.ledger.entries import Confirmed, Deferred, Finding, ReplayAccepted, ResolvedByHand, Skipped
from shared.ledger.latency import BOUNDS, percentile
from shared.ledger.tables import exports
from shared.ledger.verification import Verification
from shared.ledger.words import Reason
from tests.support.builders import a_standing
from tests.support.ledgers import COMPANY, CONNECTION, a_look, an_export, append, held_for

WHO = {"by": "account:7", "why": "because"}
COUNTS = "SELECT company_id, connection, status, count FROM export_counts WHERE count <> 0"
OUTCOMES = "SELECT unit, begins, company_id, connection, outcome, count FROM export_outcomes WHERE count <> 0"
RECOUNTED = "SELECT company_id, connection, status, count(*) FROM exports GROUP BY 1, 2, 3"
RECOUNTED_OUTCOMES = """
    SELECT unit, date_trunc(unit, at, 'UTC'), company_id, connection, entries.status, count(*)
    FROM entries JOIN exports ON exports.id = export_id CROSS JOIN unnest(ARRAY['hour', 'day']) AS unit
    WHERE entries.status IN ('exported', 'failed', 'held') AND entries.status <> status_before GROUP BY 1, 2, 3, 4, 5
"""
WAITS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def rows(owner_engine):
    async def rows(statement):
        async with owner_engine.connect() as connection:
            return {tuple(row) for row in await connection.execute(text(statement))}

    return rows


@pytest.fixture
def agree(rows, worker_engine):
    """Once all is counted, the sums are those of a recount."""

    async def agree():
        async with asyncio.timeout(20):
            while await rows(COUNTS) != await rows(RECOUNTED):
                await Rollup(worker_engine).count_some()
        assert await rows(OUTCOMES) == await rows(RECOUNTED_OUTCOMES)
        assert await Rollup(worker_engine).count_some() == 0

    return agree


@asynccontextmanager
async def counting(engine, database_url) -> AsyncIterator[None]:
    """A worker that counts while the block lasts."""
    session = await connect_raw(database_url, Role.WORKER)
    running = asyncio.create_task(Rollup(engine).run(session))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait({running})
        await session.close()


def something(chance: random.Random):
    """Any entry that every status but the first and exporting allows, after a replay."""
    at = datetime.now(UTC)
    return chance.choice(
        [
            held_for(),
            Skipped(finding=Finding(reason=Reason.NOT_APPROVED), look=a_look(seen="draft")),
            Deferred(findings=(Finding(reason=Reason.PAUSED),), until=at, look=a_look()),
            ResolvedByHand(nonce=str(chance.random()), dismissed=True, **WHO),
        ]
    )


async def test_a_random_history_with_restarts_is_counted_once(worker_engine, database_url, agree, rows, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 7)
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.01)
    chance = random.Random(7)
    exports = []
    for at in range(12):
        async with counting(worker_engine, database_url), counting(worker_engine, database_url):
            exports.append(await an_export(worker_engine, invoice=str(at), company=chance.choice("12")))
            for export_id in chance.sample(exports, min(4, len(exports))):
                await append(worker_engine, export_id, something(chance))
            # Ended here in the middle of whatever it does, as a kill would.
    await agree()
    assert len(await rows(OUTCOMES)) > 0
    assert [str(broken) async for broken in Verification(worker_engine).breaks()] == []


async def test_two_that_count_at_once_count_once(worker_engine, agree):
    for at in range(3):
        await an_export(worker_engine, held_for(), invoice=str(at))
    await asyncio.gather(*(Rollup(worker_engine).count_some() for _ in range(5)))
    await agree()


async def test_a_transaction_that_ends_late_is_counted_too(worker_engine, owner_engine, agree, rows):
    early = await an_export(worker_engine, invoice="1")
    async with owner_engine.connect() as session, session.begin() as held_open:
        await session.exec_driver_sql("SELECT pg_current_xact_id()")
        await an_export(worker_engine, held_for(), invoice="2")
        await Rollup(worker_engine).count_some()
        assert await rows(COUNTS) == {(COMPANY, CONNECTION, "waiting", 1)}
        await session.exec_driver_sql(LATE, (early,))
        await held_open.commit()
    await agree()
    assert await rows(COUNTS) == {(COMPANY, CONNECTION, "held", 1), (COMPANY, CONNECTION, "failed", 1)}


LATE = """
    WITH told AS (UPDATE exports SET status = 'failed' WHERE id = $1 RETURNING id)
    INSERT INTO entries (export_id, seq, kind, at, body, status_before, status, previous_hash, hash)
    SELECT id, 2, 'attempt_closed', now(), '{}', 'waiting', 'failed', '', '' FROM told
"""


async def test_what_fails_in_between_counts_nothing(worker_engine, agree, rows, monkeypatch):
    await an_export(worker_engine, held_for())

    with monkeypatch.context() as patched:
        patched.setattr(module, "_latencies", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await Rollup(worker_engine).count_some()
    assert await rows(COUNTS) == await rows(OUTCOMES) == await rows("SELECT name FROM publications") == set()
    await agree()


@pytest.mark.parametrize("counted", [0, 1, 2, 3])
async def test_an_adopted_export_takes_its_counts_along(worker_engine, agree, rows, counted):
    unserved = await an_export(worker_engine, invoice="1", connection="")
    skipped = Skipped(finding=Finding(reason=Reason.NOT_APPROVED), look=a_look(seen="draft"))
    for at, body in enumerate((skipped, ResolvedByHand(nonce="n", dismissed=False, erp_number="AR-1", **WHO))):
        if counted > at:
            await Rollup(worker_engine).count_some()
        await append(worker_engine, unserved, body)
    if counted == 3:
        await Rollup(worker_engine).count_some()
    assert await adopt(worker_engine, unserved, CONNECTION)
    await append(worker_engine, unserved, held_for())
    await agree()
    assert await rows(COUNTS) == {(COMPANY, CONNECTION, "held", 1)}


async def test_what_stays_unserved_keeps_its_counts(worker_engine, agree):
    await an_export(worker_engine, invoice="1")
    unserved = await an_export(worker_engine, invoice="1", connection="")
    await Rollup(worker_engine).count_some()
    assert not await adopt(worker_engine, unserved, CONNECTION)
    await agree()


@pytest.mark.parametrize("counted", [True, False])
async def test_what_is_counted_during_an_adoption_is_moved_once(worker_engine, agree, rows, counted):
    unserved = await an_export(worker_engine, connection="")
    if counted:
        await Rollup(worker_engine).count_some()
        await append(worker_engine, unserved, held_for())
    async with worker_engine.begin() as session:
        async with carried_over(session, unserved):
            await session.execute(update(exports).where(exports.c.id == unserved).values(connection=CONNECTION))
        counting_meanwhile = asyncio.create_task(Rollup(worker_engine).count_some())
        async with asyncio.timeout(20):
            while not await rows(WAITS):
                continue
    assert await counting_meanwhile == 1
    await agree()


async def test_the_time_to_the_erps_yes_is_kept(worker_engine, owner_engine, rows):
    seen_at = datetime.now(UTC) - timedelta(minutes=2)
    look = a_look(looked_at=seen_at)
    confirmed = Confirmed(standing=a_standing(), look=a_look())
    by_hand = ResolvedByHand(nonce="n", dismissed=False, erp_number="AR-1", **WHO)
    await an_export(worker_engine, held_for(look=look), confirmed, invoice="1")
    await an_export(worker_engine, held_for(look=look), by_hand, invoice="2")
    await an_export(worker_engine, held_for(look=look), ReplayAccepted(nonce="m", **WHO), invoice="3")
    await Rollup(worker_engine).count_some()
    [(connection, bucket, count)] = await rows(
        "SELECT connection, bucket, count FROM export_latencies WHERE unit = 'hour'"
    )
    assert (connection, count) == (CONNECTION, 1)
    assert 120 <= percentile({bucket: count}, 0.5) <= 120 * 1.6
    assert BOUNDS[bucket - 1] < 130
