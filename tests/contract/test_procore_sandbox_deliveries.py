"""Deliveries of the Procore sandbox: pause, back-off, give-up, and an unreliable road."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from deploy.sandbox.procore.sandbox import Options
from tests.contract.procore_sandbox import Receiver, Stage, a_receiver, a_stage

TWELVE_HOURS_A_SECOND = 43_200


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with a_stage() as stage:
        yield stage


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with a_receiver() as receiver:
        yield receiver


async def test_deliveries_are_listed_as_sent(stage: Stage, receiver: Receiver):
    hook = await stage.a_hook(receiver.url, reasons=("create",))
    for _ in range(3):
        await stage.an_invoice()
    await stage.control.wait_until_idle()
    rows = await stage.deliveries(hook)
    assert [row["event"] for row in rows] == receiver.bodies
    assert {(row["outcome"], row["response_status"]) for row in rows} == {("ok", 204)}
    assert all(row["started_at"] <= row["completed_at"] for row in rows)
    paged = await stage.deliveries(hook, page_size=1, page_start=rows[0]["id"])
    assert [row["id"] for row in paged] == [rows[1]["id"]]
    assert await stage.deliveries(hook, **{"filters[status]": "failing"}) == []


@pytest.mark.parametrize("status", [302, 401, 500])
async def test_a_failure_pauses_the_whole_queue(status: int, receiver: Receiver):
    async with a_stage() as stage:
        receiver.answer_always = status
        hook = await stage.a_hook(receiver.url, reasons=("create",))
        for _ in range(3):
            await stage.an_invoice()
        await receiver.has_received(1)
        await stage.control.advance_clock(2)
        await receiver.has_received(2)
        assert len(set(receiver.ids)) == 1
        assert not await stage.control.is_idle()
        receiver.answer_always = 200
        await stage.control.advance_clock(10)
        await stage.control.wait_until_idle()
        failing = await stage.deliveries(hook, **{"filters[status]": "failing"})
        assert {(row["outcome"], row["response_status"]) for row in failing} == {("retried", status)}
        successful = await stage.deliveries(hook, **{"filters[status]": "successful"})
        assert [row["event"]["id"] for row in successful] == sorted(set(receiver.ids))


async def test_a_late_answer_counts_as_failure(stage: Stage, receiver: Receiver):
    await stage.control.set_switches(delivery_time_limit=0.2)
    receiver.delay = 2
    hook = await stage.a_hook(receiver.url, reasons=("create",))
    await stage.an_invoice()
    await receiver.has_received(1)
    receiver.delay = 0
    await stage.control.set_switches(delivery_time_limit=20)
    await stage.control.set_time_scale(100)
    await stage.control.wait_until_idle()
    rows = await stage.deliveries(hook)
    assert (rows[0]["response_status"], rows[0]["response_error"]) == (None, "timeout")
    assert [row["outcome"] for row in rows] == ["retried", "ok"]


async def test_retries_back_off_up_to_an_hour(receiver: Receiver):
    async with a_stage(Options(time_scale=14_400)) as stage:
        receiver.answer_always = 503
        await stage.a_hook(receiver.url, reasons=("create",))
        await stage.an_invoice()
        await receiver.has_received(16)
        rows = (await stage.control.history())["deliveries"][:15]
        starts = [datetime.fromisoformat(row["started_at"]) for row in rows]
        ends = [datetime.fromisoformat(row["completed_at"]) for row in rows]
        waits = [(start - end).total_seconds() for start, end in zip(starts[1:], ends, strict=False)]
        floors = [min(2**power, 3600) for power in range(len(waits))]
        assert all(wait >= floor - 0.001 for wait, floor in zip(waits, floors, strict=True))
        assert waits[-1] < 3600 * 1.5


async def test_twelve_hours_of_failure_flush_the_queue(receiver: Receiver):
    async with a_stage(Options(time_scale=TWELVE_HOURS_A_SECOND)) as stage:
        receiver.answer_always = 500
        hook = await stage.a_hook(receiver.url, reasons=("create",))
        invoices = [await stage.an_invoice() for _ in range(3)]
        await stage.control.wait_until_idle()
        await stage.control.set_time_scale(1)
        history = await stage.control.history()
        discarded = [row for row in history["deliveries"] if row["outcome"] == "discarded"]
        assert [row["event"]["resource_id"] for row in discarded] == invoices
        first, last = history["deliveries"][0], discarded[0]
        lasted = datetime.fromisoformat(last["completed_at"]) - datetime.fromisoformat(first["started_at"])
        assert lasted.total_seconds() >= 12 * 3600
        assert [row["started_at"] is None for row in discarded] == [False, True, True]
        receiver.answer_always = 204
        before = len(receiver.bodies)
        await stage.an_invoice()
        await receiver.has_received(before + 1)
        assert hook == discarded[0]["hook_id"]


async def test_one_success_resets_the_back_off(stage: Stage, receiver: Receiver):
    receiver.script = [500, 500, 500, 204, 500, 204]
    await stage.a_hook(receiver.url, reasons=("create",))
    await stage.an_invoice()
    for tries in (1, 2, 3):
        await receiver.has_received(tries)
        await stage.control.advance_clock(10)
    await stage.control.wait_until_idle()
    await stage.an_invoice()
    await receiver.has_received(5)
    await stage.control.advance_clock(1.5)
    await receiver.has_received(6, within=0.5)


# The unreliable road


async def test_an_ordered_duplicate_has_the_same_id(stage: Stage, receiver: Receiver):
    await stage.control.order_webhook_fault("duplicate", times=1)
    await stage.a_hook(receiver.url, reasons=("create",))
    await stage.an_invoice()
    await stage.control.wait_until_idle()
    assert len(receiver.bodies) == 2
    assert receiver.bodies[0] == receiver.bodies[1]
    await stage.an_invoice()
    await stage.control.wait_until_idle()
    assert len(receiver.bodies) == 3


async def test_one_action_may_have_two_ids(stage: Stage, receiver: Receiver):
    await stage.control.order_webhook_fault("two_ids", times=1)
    await stage.a_hook(receiver.url, reasons=("create",))
    await stage.an_invoice()
    await stage.control.wait_until_idle()
    first, second = receiver.bodies
    assert first["timestamp"] == second["timestamp"]
    assert first["id"] != second["id"]
    assert first["ulid"] != second["ulid"]


async def test_a_dropped_event_is_listed_as_discarded(stage: Stage, receiver: Receiver):
    await stage.control.order_webhook_fault("drop", times=1)
    hook = await stage.a_hook(receiver.url, reasons=("create",))
    lost = await stage.an_invoice()
    await stage.an_invoice()
    await stage.control.wait_until_idle()
    assert lost not in [body["resource_id"] for body in receiver.bodies]
    discarded = await stage.deliveries(hook, **{"filters[status]": "discarded"})
    assert [row["event"]["resource_id"] for row in discarded] == [lost]


async def test_a_pause_holds_until_resumed(stage: Stage, receiver: Receiver):
    await stage.control.pause_deliveries()
    await stage.a_hook(receiver.url, reasons=("create",))
    await stage.an_invoice()
    await stage.control.advance_clock(60)
    assert not await stage.control.is_idle()
    assert receiver.bodies == []
    await stage.control.resume_deliveries()
    await stage.control.wait_until_idle()
    assert len(receiver.bodies) == 1


async def test_a_shuffle_changes_the_order(stage: Stage, receiver: Receiver):
    await stage.control.order_webhook_fault("shuffle")
    await stage.control.pause_deliveries()
    await stage.a_hook(receiver.url, reasons=("create",))
    for _ in range(8):
        await stage.an_invoice()
    await stage.control.resume_deliveries()
    await stage.control.wait_until_idle()
    assert receiver.ids != sorted(receiver.ids)
    assert len(set(receiver.ids)) == 8


async def test_queued_updates_are_coalesced(stage: Stage, receiver: Receiver):
    await stage.control.order_webhook_fault("coalesce", delay=600)
    await stage.a_hook(receiver.url, reasons=("update",))
    invoice, other = await stage.an_invoice(), await stage.an_invoice()
    await stage.control.approve(invoice, user_id=stage.ada)
    await stage.control.approve(other, user_id=stage.ada)
    await stage.control.revise(invoice, user_id=stage.ada)
    last = await stage.control.approve(invoice, user_id=stage.ada)
    await stage.control.advance_clock(601)
    await stage.control.wait_until_idle()
    assert [body["resource_id"] for body in receiver.bodies] == [other, invoice]
    assert receiver.bodies[-1]["timestamp"] == last["updated_at"]


async def test_a_delayed_event_leaves_later(stage: Stage, receiver: Receiver):
    await stage.control.order_webhook_fault("delay", delay=300, times=1)
    await stage.a_hook(receiver.url, reasons=("create",))
    late, soon = await stage.an_invoice(), await stage.an_invoice()
    await receiver.has_received(1)
    assert receiver.bodies[0]["resource_id"] == soon
    await stage.control.advance_clock(301)
    await receiver.has_received(2)
    assert receiver.bodies[1]["resource_id"] == late


async def test_chance_is_the_same_with_the_same_seed(receiver: Receiver):
    async def duplicates(seed: int) -> list[int]:
        receiver.bodies.clear()
        async with a_stage(Options(seed=seed)) as stage:
            await stage.control.order_webhook_fault("duplicate", probability=0.5)
            await stage.a_hook(receiver.url, reasons=("create",))
            for _ in range(10):
                await stage.an_invoice()
            await stage.control.wait_until_idle()
        return receiver.ids

    first, again = await duplicates(7), await duplicates(7)
    assert first == again
    assert 10 < len(first) < 20
