"""Processes say that they are there, through a real database that may be away."""

import asyncio

import pytest
from sqlalchemy import text

from deploy.sandbox.local.processes import free_port
from shared import heartbeat as module
from shared.database import Role, create_engine
from shared.health import Check, Health
from shared.heartbeat import Heartbeat


@pytest.fixture(params=[Role.RECEIVER, Role.WORKER, Role.DASHBOARD])
async def engine(database_url, request):
    """With the rights of one service."""
    engine = create_engine(database_url, request.param, application_name="test")
    yield engine
    await engine.dispose()


@pytest.fixture
def health():
    async def fails() -> Check:
        return Check(ok=False, detail="not in the consumer group")

    health = Health()
    health.add("kafka", fails)
    return health


@pytest.fixture
def instances(owner_engine):
    async def instances(columns="name"):
        async with owner_engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(f"SELECT {columns} FROM service_instances"))]

    return instances


async def detail():
    return {"lag": 3}


async def test_a_beat_tells_the_checks_and_the_detail(engine, health, instances):
    heart = Heartbeat(engine, service="worker", health=health, detail=detail)
    await heart.beat()
    [(name, service, ready, told, is_now)] = await instances(
        "name, service, ready, detail, seen_at > now() - interval '1 minute'"
    )
    assert (name, service, told, is_now) == (heart.name, "worker", {"lag": 3}, True)
    assert (ready["kafka"]["ok"], ready["kafka"]["detail"]) == (False, "not in the consumer group")


async def test_the_next_beat_moves_only_what_changed(engine, health, instances):
    heart = Heartbeat(engine, service="worker", health=health, detail=detail)
    await heart.beat()
    before = await instances("started_at, seen_at")
    await heart.beat()
    after = await instances("started_at, seen_at")
    assert before[0][0] == after[0][0]
    assert before[0][1] < after[0][1]


async def test_who_was_silent_for_a_day_is_forgotten(engine, health, instances, owner_engine):
    heart, other = (Heartbeat(engine, service="worker", health=health, detail=detail) for _ in range(2))
    await heart.beat()
    async with owner_engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE service_instances SET seen_at = now() - interval '25 hours'")
    await other.beat()
    assert await instances() == [(other.name,)]


async def test_who_ends_takes_itself_off_the_list(engine, health, instances):
    heart = Heartbeat(engine, service="worker", health=health, detail=detail)
    running = asyncio.create_task(heart.run())
    async with asyncio.timeout(10):
        while True:
            if await instances():
                break
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.wait({running})
    assert running.cancelled()
    assert await instances() == []


async def test_a_database_that_is_away_ends_no_heartbeat(health, monkeypatch):
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.05)
    asked = asyncio.Event()
    tries = 0

    async def counted():
        nonlocal tries
        tries += 1
        if tries > 2:
            asked.set()
        return {}

    nowhere = f"postgresql://nobody:nothing@127.0.0.1:{free_port()}/nothing"
    engine = create_engine(nowhere, Role.WORKER, application_name="test")
    running = asyncio.create_task(Heartbeat(engine, service="worker", health=health, detail=counted).run())
    await asyncio.wait_for(asked.wait(), 10)
    assert not running.done()
    running.cancel()
    await asyncio.wait({running})
    assert running.cancelled()
