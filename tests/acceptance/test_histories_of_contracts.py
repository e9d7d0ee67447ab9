"""The order of a contract is kept: invoice N waits for the one before it, and follows by itself."""

import pytest

from shared.events.command import Action
from shared.ledger.words import Reason
from tests.support.house import House

# A new worker joins its group at once; at the fallback broker that takes 5 s and more for each story.
pytestmark = pytest.mark.real_kafka


async def second_waits_for_a_held_first(house: House) -> tuple[int, int]:
    """Ben may not approve, so his invoice is held; Ada's, the next of the contract, waits for it."""
    first = await house.invoice(user_id=house.ben)
    await house.approve(first, by=house.ben)
    await house.export_of(first, "held", reason=Reason.APPROVER_LACKS_PRIVILEGE)
    second = await house.approved(concrete="30000.00")
    waiting = await house.export_of(second, "waiting", reason=Reason.OUT_OF_ORDER)
    assert waiting.state.waits_for == str(first)
    assert waiting.details == "waits for invoice 1"
    return first, second


async def numbers_in_order(house: House, *invoices: int) -> list[str | None]:
    return [(await house.export_of(invoice, "exported")).erp_number for invoice in invoices]


async def test_an_invoice_follows_once_the_held_one_before_it_is_exported(house):
    first, second = await second_waits_for_a_held_first(house)
    await house.record(house.ben)
    await house.command(first, Action.REPLAY)
    numbers = await numbers_in_order(house, first, second)
    assert numbers == sorted(numbers, key=str)
    export = await house.export_of(second)
    assert export.state.attempts == 1
    assert export.state.retries == 0


async def test_an_invoice_follows_once_the_one_before_it_is_dismissed(house):
    first, second = await second_waits_for_a_held_first(house)
    await house.command(first, Action.RESOLVE, dismissed=True)
    await house.export_of(first, "skipped", reason=Reason.DISMISSED)
    await house.export_of(second, "exported")
    assert [str(total) for total in await house.totals()] == ["27000.00"]


async def test_an_invoice_follows_once_the_one_before_it_is_entered_by_hand(house):
    first, second = await second_waits_for_a_held_first(house)
    await house.command(first, Action.RESOLVE, erp_number="AR-by-hand")
    await house.export_of(first, "exported")
    await house.export_of(second, "exported")
    assert len(await house.receivables()) == 1


async def test_an_invoice_whose_predecessor_is_deleted_needs_its_new_sums_approved(house):
    first, second = await second_waits_for_a_held_first(house)
    await house.procore.delete_invoice(first, user_id=house.ben)
    await house.export_of(second, "held", reason=Reason.CHANGED_AFTER_APPROVAL)
    await house.procore.revise(second, user_id=house.ada)
    await house.export_of(second, "skipped", reason=Reason.NOT_APPROVED)
    await house.approve(second)
    await house.export_of(second, "exported")
    assert len(await house.receivables()) == 1


async def test_an_invoice_does_not_wait_for_one_before_the_start(opens):
    house = await opens(start_from="2026-06-01")
    earlier = await house.invoice(billing_date="2026-05-31")
    later = await house.invoice(concrete="30000.00", billing_date="2026-06-30")
    await house.approve(later)
    await house.export_of(later, "exported")
    await house.approve(earlier)
    await house.export_of(earlier, "skipped", reason=Reason.BEFORE_START)
    assert len(await house.receivables()) == 1


async def test_an_invoice_approved_before_the_one_before_it_waits_and_follows(house):
    first = await house.invoice()
    second = await house.approved(concrete="30000.00")
    waiting = await house.export_of(second, "waiting", reason=Reason.OUT_OF_ORDER)
    assert waiting.state.waits_for == str(first)
    await house.approve(first)
    numbers = await numbers_in_order(house, first, second)
    assert numbers == sorted(numbers, key=str)


async def test_another_contract_of_the_project_does_not_wait(house):
    await second_waits_for_a_held_first(house)
    other = await house.approved(contract=await house.another_contract())
    await house.export_of(other, "exported")


async def test_an_invoice_on_other_certificates_than_were_exported_is_held(house):
    first = await house.approved()
    await house.export_of(first, "exported")
    await house.procore.edit_invoice(first, lines=[{"description": "Concrete", "work_this_period": "72000.00"}])
    await house.export_of(first, "held", reason=Reason.CHANGED_AFTER_EXPORT)
    await house.command(first, Action.RESOLVE, erp_number="AR-corrected")
    await house.export_of(first, "exported")
    second = await house.invoice(concrete="30000.00")
    await house.procore.override_invoice(
        second,
        {"g702.less_previous_certificates_for_payment": "54000.00", "g702.current_payment_due": "37800.00"},
    )
    await house.approve(second)
    export = await house.export_of(second, "held")
    assert export.reasons == (Reason.SUMS_DIFFER,)
