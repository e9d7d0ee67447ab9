"""The ledger's writer on a real Postgres: one holder at a time, nothing twice, nothing forgotten."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker.adoption import adopt
from services.export_worker.appending import make_due, make_due_next
from services.export_worker.arrivals import receive
from services.export_worker.exports import Arrival, Claim, ExportKey, LeaseLost, VersionChanged
from services.export_worker.ledger_writer import LedgerWriter
from shared.ledger.entries import Deferred, Finding, LateAnswer, Received
from shared.ledger.words import EntryKind, Reason
from tests.support.ledgers import COMPANY, CONNECTION, PROJECT, a_look, an_export, append, held_for

MINUTE = timedelta(minutes=1)


@pytest.fixture
def writer(worker_pool: asyncpg.Pool) -> LedgerWriter:
    return LedgerWriter(worker_pool, "first")


async def claimed(writer: LedgerWriter, *, most: int = 10, connection: str = CONNECTION) -> list[Claim]:
    return list(await writer.claim(connection, most=most, lease=MINUTE))


async def become_due(engine: AsyncEngine, export_id: int) -> None:
    async with engine.begin() as session:
        await make_due(session, [(export_id, 0, None)])


async def lease_ends(engine: AsyncEngine) -> None:
    async with engine.begin() as session:
        await session.execute(text("UPDATE work SET lease_until = now() - interval '1 second'"))


def an_arrival(event_id: str, invoice: str = "5001", connection: str = CONNECTION) -> Arrival:
    return Arrival(ExportKey(connection, COMPANY, PROJECT, invoice), (Received(event_id=event_id, reason="update"),))


async def arrive(engine: AsyncEngine, *arrivals: Arrival) -> dict[ExportKey, int]:
    async with engine.begin() as session:
        return await receive(session, arrivals, datetime.now(UTC))


async def test_an_export_is_claimed_by_one_worker_only(worker_engine, worker_pool, writer):
    for number in range(6):
        await an_export(worker_engine, invoice=str(5000 + number))
    second = LedgerWriter(worker_pool, "second")
    rounds = await asyncio.gather(*(claimed(each, most=2) for each in (writer, second) * 3))
    taken = [claim.export_id for claims in rounds for claim in claims]
    assert len(taken) == len(set(taken)) == 6


async def test_a_claim_of_another_connection_is_not_taken(worker_engine, writer):
    await an_export(worker_engine)
    assert await claimed(writer, connection="another") == []


async def test_a_claim_that_ran_out_is_fenced_off(worker_engine, worker_pool, writer):
    export_id = await an_export(worker_engine)
    [old] = await claimed(writer)
    await lease_ends(worker_engine)
    [new] = await claimed(LedgerWriter(worker_pool, "second"))
    assert new.fencing_token == old.fencing_token + 1
    assert new.lease_was_until is not None
    for action in (
        writer.append(old, [held_for()], now=datetime.now(UTC)),
        writer.begin_call(old, time_limit=MINUTE),
    ):
        with pytest.raises(LeaseLost):
            await action
    assert not await writer.renew(old, lease=MINUTE)
    await writer.release(old, due_at=None)
    assert (await writer.append(new, [held_for()], now=datetime.now(UTC))).version == 2
    assert (await writer.load(export_id)).state.reasons == (Reason.APPROVER_LACKS_PRIVILEGE,)


async def test_a_lease_that_is_over_refuses_its_own_holder(worker_engine, writer):
    await an_export(worker_engine)
    [claim] = await claimed(writer)
    await lease_ends(worker_engine)
    with pytest.raises(LeaseLost):
        await writer.append(claim, [held_for()], now=datetime.now(UTC))


async def test_two_looks_never_race(worker_engine, writer):
    export_id = await an_export(worker_engine)
    [claim] = await claimed(writer)
    read = await writer.load(export_id)
    await arrive(worker_engine, an_arrival("while-we-looked"))
    with pytest.raises(VersionChanged):
        await writer.append(claim, [held_for()], now=datetime.now(UTC), expected_version=read.state.version)
    again = await writer.load(export_id)
    state = await writer.append(claim, [held_for()], now=datetime.now(UTC), expected_version=again.state.version)
    assert state.version == 3


async def test_a_call_outlasts_the_lease_and_tells_of_a_due_look(worker_engine, writer):
    export_id = await an_export(worker_engine)
    [claim] = await claimed(writer)
    _, look_due = await writer.begin_call(claim, time_limit=timedelta(minutes=5))
    assert not look_due
    await become_due(worker_engine, export_id)
    started_at, look_due = await writer.begin_call(claim, time_limit=timedelta(minutes=5))
    assert look_due
    assert await writer.lease_until(export_id) == started_at + timedelta(minutes=5)


async def test_a_look_that_became_due_meanwhile_is_due_at_once(worker_engine, writer):
    export_id = await an_export(worker_engine)
    [claim] = await claimed(writer)
    await become_due(worker_engine, export_id)
    assert await claimed(writer) == []
    await writer.release(claim, due_at=datetime.now(UTC) + timedelta(hours=1))
    assert len(await claimed(writer)) == 1


async def test_a_replay_of_what_is_walked_disturbs_nobody_and_is_walked_next(worker_engine, writer):
    export_id = await an_export(worker_engine)
    [claim] = await claimed(writer)
    async with worker_engine.begin() as session:
        await make_due_next(session, export_id)
    _, look_due = await writer.begin_call(claim, time_limit=MINUTE)
    assert not look_due
    await writer.release(claim, due_at=datetime.now(UTC) + timedelta(hours=1))
    [again] = await claimed(writer)
    await writer.release(again, due_at=datetime.now(UTC) + timedelta(hours=1))
    assert await claimed(writer) == []


async def test_a_released_export_is_due_when_it_was_said(worker_engine, writer):
    await an_export(worker_engine)
    [claim] = await claimed(writer)
    await writer.release(claim, due_at=datetime.now(UTC) + timedelta(hours=1))
    assert await claimed(writer) == []


async def test_a_late_answer_is_kept_and_looked_into(worker_engine, writer):
    export_id = await an_export(worker_engine, held_for())
    await become_due(worker_engine, export_id)
    [old] = await claimed(writer)
    await lease_ends(worker_engine)
    [new] = await claimed(writer)
    await writer.record_late_answer(old, "it stands as AR-7", now=datetime.now(UTC))
    await writer.release(new, due_at=None)
    assert len(await claimed(writer)) == 1
    assert (await writer.load(export_id)).state.status == "held"
    async with worker_engine.connect() as session:
        bodies = (await session.execute(text("SELECT body FROM entries ORDER BY seq DESC LIMIT 1"))).scalars()
        late = LateAnswer.model_validate(bodies.one())
    assert late.fencing_token == old.fencing_token


async def test_arrivals_at_the_same_time_open_one_export(worker_engine, worker_pool):
    made = await asyncio.gather(*(arrive(worker_engine, an_arrival(f"event-{number}")) for number in range(8)))
    assert len({export_id for ids in made for export_id in ids.values()}) == 1
    writer = LedgerWriter(worker_pool, "test")
    assert (await writer.load(next(iter(made[0].values())))).state.version == 8


async def test_arrivals_in_opposite_orders_never_wait_in_a_circle(worker_engine):
    invoices = [str(5000 + number) for number in range(10)]
    there = [an_arrival("there", invoice) for invoice in invoices]
    back = [an_arrival("back", invoice) for invoice in reversed(invoices)]
    await arrive(worker_engine, *there)
    more = [[an_arrival(f"{at}-{each.key.payment_application_id}") for each in back] for at in range(3)]
    async with asyncio.timeout(20):
        await asyncio.gather(
            *(arrive(worker_engine, *order) for order in (there, back, *more)),
        )


async def test_an_event_that_came_before_is_not_written_twice(worker_engine, worker_pool):
    first = await arrive(worker_engine, an_arrival("once"))
    await arrive(worker_engine, an_arrival("once"), an_arrival("twice"))
    state = (await LedgerWriter(worker_pool, "test").load(next(iter(first.values())))).state
    assert state.version == 2


async def test_who_waits_for_an_invoice_is_woken_when_that_changes(worker_engine, writer):
    before = await an_export(worker_engine, held_for(), invoice="5001")
    until = datetime.now(UTC) + timedelta(hours=1)
    finding = Finding(reason=Reason.OUT_OF_ORDER, detail="waits for invoice 1")
    waiting = Deferred(findings=(finding,), until=until, look=a_look(2), waits_for="5001")
    after = await an_export(worker_engine, waiting, invoice="5002")
    async with worker_engine.begin() as session:
        await session.execute(
            text("UPDATE work SET due_at = :until, claimed_at = now() + interval '2 seconds'"), {"until": until}
        )
    assert await writer.wake_successors() == 0
    async with worker_engine.begin() as session:
        await session.execute(text("UPDATE work SET claimed_at = now() WHERE export_id = :id"), {"id": after})
    await append(worker_engine, before, held_for(Reason.APPROVER_INACTIVE))
    assert await writer.wake_successors(after) == 0
    assert await writer.wake_successors(before) == 1
    assert [claim.export_id for claim in await claimed(writer)] == [after]


async def test_an_unserved_export_goes_to_its_new_connection(worker_engine, writer):
    unserved = await an_export(worker_engine, connection="")
    assert await adopt(worker_engine, unserved, CONNECTION)
    assert not await adopt(worker_engine, unserved, "another")
    assert [claim.export_id for claim in await claimed(writer)] == [unserved]
    assert (await arrive(worker_engine, an_arrival("later"))) == {an_arrival("later").key: unserved}


async def test_a_failing_append_leaves_nothing_behind(worker_engine, writer):
    export_id = await an_export(worker_engine)
    [claim] = await claimed(writer)

    async def breaks(_):
        raise RuntimeError("the mapping could not be read")

    with pytest.raises(RuntimeError):
        await writer.append(claim, breaks, now=datetime.now(UTC))
    assert (await writer.load(export_id)).state.version == 1
    assert (await writer.append(claim, [held_for()], now=datetime.now(UTC))).version == 2
    async with worker_engine.connect() as session:
        kinds = (await session.execute(text("SELECT kind FROM entries ORDER BY seq"))).scalars().all()
    assert kinds == [EntryKind.RECEIVED.value, EntryKind.HELD.value]
