"""Pausing and resuming a connection."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select

from services.export_worker.links import link_state
from shared.ledger.entries import Deferred, Finding
from shared.ledger.tables import connection_states, work
from shared.ledger.words import Reason
from tests.support.command_line import answered
from tests.support.ledgers import CONNECTION, an_export, append

PAUSED = Deferred(findings=(Finding(reason=Reason.PAUSED),), until=datetime.now(UTC) + timedelta(minutes=10))


async def state(engine):
    async with engine.connect() as connection:
        return await link_state(connection, CONNECTION)


async def test_a_pause_is_seen_by_the_workers(command, worker_engine):
    paused = await command("connections", "pause", CONNECTION, "--reason", "month-end close")
    assert (paused.exit_code, paused.stdout) == (0, f"{CONNECTION} is paused: month-end close\n")
    assert (await state(worker_engine)).is_paused
    (listed,) = answered(await command("connections", "list", "--json"))
    assert listed["now"].endswith(": month-end close")
    assert "month-end close" in (await command("connections", "list")).stdout


async def test_what_waited_is_looked_at_once_resumed(command, worker_engine):
    export_id = await an_export(worker_engine)
    await append(worker_engine, export_id, PAUSED)
    await command("connections", "pause", CONNECTION, "--reason", "month-end close")
    resumed = await command("connections", "resume", CONNECTION)
    assert resumed.stdout == f"{CONNECTION} is resumed; 1 exports waited for it.\n"
    assert not (await state(worker_engine)).is_paused
    async with worker_engine.connect() as connection:
        assert await connection.scalar(select(work.c.look_due).where(work.c.export_id == export_id))


async def test_a_connection_that_stopped_itself_is_resumed(command, owner_engine, worker_engine):
    async with owner_engine.begin() as connection:
        await connection.execute(insert(connection_states).values(connection=CONNECTION, internal_errors=5))
    (listed,) = answered(await command("connections", "list", "--json"))
    assert listed["now"].startswith("stopped after errors of our own")
    await command("connections", "resume", CONNECTION)
    assert not (await state(worker_engine)).is_stopped


async def test_a_connection_nobody_knows_is_one_line(command):
    for words in (["pause", "acme", "--reason", "no"], ["resume", "acme"]):
        stopped = await command("connections", *words)
        assert (stopped.exit_code, stopped.stdout) == (2, "")
        assert stopped.stderr == "There is no connection 'acme'; the connections file has: harbor-sandbox.\n"
