"""Sealing on a schedule, by any number of workers on one real Postgres."""

import asyncio
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from structlog.testing import capture_logs

from services.export_worker.sealing import Sealing
from shared.ledger.seals import all_seals
from shared.ledger.verification import Verification
from tests.support.ledgers import an_export, held_for

KEY = SecretStr("a-seal-key-of-ours")
HOUR = timedelta(hours=1)


@pytest.fixture
def seals(worker_engine):
    async def seals():
        async with worker_engine.connect() as connection:
            return await all_seals(connection)

    return seals


async def later(owner_engine, time):
    """As if so much time had passed since the last seal."""
    async with owner_engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text("UPDATE seals SET at = at - CAST(:time AS interval)"), {"time": time})


async def test_the_first_entry_is_sealed_at_once(worker_engine, owner_engine, seals):
    sealing = Sealing(worker_engine, KEY, every=HOUR)
    await sealing.run_due()
    assert await seals() == []
    await an_export(worker_engine, held_for())
    with capture_logs() as logs:
        await sealing.run_due()
    (made,) = await seals()
    (line,) = logs
    assert (line["event"], line["seal"], line["mac"]) == ("ledger.sealed", made.id, made.mac.hex())
    assert [str(broken) async for broken in Verification(owner_engine, seal_key=KEY).breaks()] == []


async def test_the_next_seal_waits_until_it_is_due(worker_engine, owner_engine, seals):
    sealing = Sealing(worker_engine, KEY, every=HOUR)
    for invoice, made in (("5001", 1), ("5002", 1)):
        await an_export(worker_engine, held_for(), invoice=invoice)
        await sealing.run_due()
        assert len(await seals()) == made
    await later(owner_engine, HOUR)
    await sealing.run_due()
    assert [seal.exports for seal in await seals()] == [1, 1]


async def test_of_many_workers_one_seals(worker_engine, seals):
    await an_export(worker_engine, held_for())
    workers = [Sealing(worker_engine, KEY, every=HOUR) for _ in range(6)]
    await asyncio.gather(*(each.run_due() for each in workers))
    assert len(await seals()) == 1
    # One of them was slow, and something was appended since.
    await an_export(worker_engine, held_for(), invoice="5002")
    await workers[-1].run_due()
    assert len(await seals()) == 1


async def test_nothing_is_sealed_when_people_do_it(worker_engine, seals):
    await an_export(worker_engine, held_for())
    await Sealing(worker_engine, KEY, every=timedelta(0)).run_due()
    assert await seals() == []


async def test_sealing_comes_back_when_somebody_is_writing(worker_engine, seals):
    await an_export(worker_engine, held_for())
    sealing = Sealing(worker_engine, KEY, every=HOUR, within=0.2)
    async with worker_engine.begin() as writing:
        await writing.execute(text("SELECT pg_current_xact_id()"))
        with capture_logs() as logs:
            await sealing.run_due()
    assert [line["event"] for line in logs] == ["seal.postponed"]
    await sealing.run_due()
    assert len(await seals()) == 1
