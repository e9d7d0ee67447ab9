"""Two things at once: deliveries in any number and order, two walkers, two workers, a right that ends in between."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from deploy.sandbox.faulty.orders import ErpStep, FaultKind
from shared.database import Role, connect_raw
from shared.ledger.entries import LateAnswer
from shared.ledger.words import EntryKind, Reason
from tests.support.house import House

# A new worker joins its group at once; at the fallback broker that takes 5 s and more for each story.
pytestmark = pytest.mark.real_kafka


@pytest.mark.parametrize(("fault", "tells_time"), [("duplicate", True), ("two_ids", True), ("two_ids", False)])
async def test_an_approval_that_is_told_twice_is_exported_once(house, fault, tells_time):
    await house.procore.set_switches(show_has_updated_at=tells_time)
    await house.procore.order_webhook_fault(fault)
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    await house.at_rest(invoice)
    assert len(await house.receivables()) == 1

    async def all_told() -> bool:
        told = await house.view.events(resource_id=str(invoice))
        return [row.deliveries for row in told] == ([2, 2] if fault == "duplicate" else [1, 1, 1, 1])

    await house.view.until(all_told, "the last of four deliveries, which may come after the export")
    assert len(await house.receivables()) == 1


async def test_webhooks_in_the_wrong_order_change_nothing(house):
    invoice = await house.invoice()
    await house.export_of(invoice, "skipped")
    await house.procore.order_webhook_fault("delay", times=1, delay=0.4)
    await house.procore.revise(invoice, user_id=house.ada)
    await house.approve(invoice)
    await house.export_of(invoice, "exported")
    await house.at_rest(invoice)
    assert (await house.export_of(invoice)).status == "exported"
    assert len(await house.receivables()) == 1


@pytest.mark.parametrize("tells_time", [True, False])
async def test_a_snapshot_older_than_the_last_look_decides_nothing(house, tells_time):
    await house.procore.set_switches(show_has_updated_at=tells_time)
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    await house.at_rest(invoice)
    stale = {"updated_at": "2020-01-01T00:00:00.000000Z", "status": "revise_and_resubmit"}
    await house.procore.override_invoice(invoice, stale, user_id=house.ada)
    await house.received(invoice, 3)
    assert (await looked_again(house, invoice)).status == "exported"
    await house.procore.override_invoice(invoice, {"status": "revise_and_resubmit"})
    await house.export_of(invoice, "held", reason=Reason.APPROVAL_WITHDRAWN)


async def looked_again(house: House, invoice: int, times: int = 2):
    before = (await house.export_of(invoice)).fencing_token

    async def look():
        export = await house.view.export(invoice)
        return export if export and export.fencing_token >= before + times else None

    return await house.view.until(look, "another look")


async def test_a_walker_that_was_overtaken_only_leaves_a_note(house):
    await house.procore.order_fault(path_prefix="/rest/v1.0/payment_applications/", delay=1.5)
    invoice = await house.approved()
    await house.received(invoice, 2)
    first = await claimed(house, invoice)
    await house.view.execute("UPDATE work SET lease_until = now() WHERE export_id = :id", id=first)
    await house.procore.edit_invoice(invoice, total_amount_paid="100.00", user_id=house.ada)
    await house.export_of(invoice, "exported")
    assert isinstance(await house.followed(invoice, EntryKind.LATE_ANSWER), LateAnswer)
    await house.at_rest(invoice)
    assert (await house.export_of(invoice)).status == "exported"
    assert await house.requested(ErpStep.CREATE) == 1


async def claimed(house: House, invoice: int) -> int:
    async def look():
        export = await house.view.export(invoice)
        return export if export and export.is_claimed else None

    return (await house.view.until(look, "claim")).id


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("recorded_at = now() - interval '31 days'", Reason.APPROVER_RECORD_STALE),
        ("can_push_to_accounting = false", Reason.APPROVER_LACKS_PRIVILEGE),
    ],
)
async def test_a_right_that_ends_between_decision_and_call_holds_it(house, change, reason):
    await house.pause()
    invoice = await house.approved()
    await house.export_of(invoice, "waiting", reason=Reason.PAUSED)
    await house.at_rest(invoice)
    async with stopped_before_the_attempt(house, invoice):
        statement = f"UPDATE approver_records SET {change} WHERE user_id = :ada AND valid_to IS NULL"
        await house.view.execute(statement, ada=str(house.ada))
    await house.export_of(invoice, "held", reason=reason)
    assert EntryKind.ATTEMPT_OPENED not in await house.view.kinds(invoice)
    assert await house.requested(ErpStep.FIND) == 0


@asynccontextmanager
async def stopped_before_the_attempt(house: House, invoice: int):
    """The walk has decided to send, and waits for the export's row to open the attempt."""
    session = await connect_raw(house.database_url, Role.OWNER)
    try:
        async with session.transaction():
            await session.execute("SELECT FROM exports WHERE payment_application_id = $1 FOR UPDATE", str(invoice))
            await house.resume()

            async def waits():
                asked = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                return (await house.view.execute(asked)).rowcount

            await house.view.until(waits, "walk that waits for the row")
            yield
    finally:
        await session.close()


async def test_two_workers_on_one_ledger_make_no_doubles(house):
    house.workers.start()
    contracts = [house.contract, *[await house.another_contract() for _ in range(3)]]
    first = [await house.approved(contract=contract) for contract in contracts]
    second = [await house.approved(contract=contract, concrete="30000.00") for contract in contracts]
    for invoice in (*first, *second):
        await house.export_of(invoice, "exported", within=30)
    assert len(await house.receivables()) == 8
    assert await house.requested(ErpStep.CREATE) == 8


async def test_a_worker_that_takes_over_goes_on_from_the_step_that_stands(house):
    await house.order(FaultKind.HOLD_AFTER, ErpStep.CREATE)
    invoice = await house.approved()
    await house.waiting(ErpStep.CREATE)
    stopping = asyncio.create_task(house.workers.stop())
    await house.view.execute("UPDATE work SET lease_until = now() WHERE lease_until IS NOT NULL")
    await house.erp.release(house.book)
    await stopping
    house.workers.start()
    await house.export_of(invoice, "exported", within=30)
    assert await house.requested(ErpStep.CREATE) == 1
