"""Procore's answer for one invoice may lack the time of its last change: then its lists tell it, or nothing does."""

from typing import Any

import pytest

from shared.ledger.entries import Deferred
from shared.ledger.words import Reason
from tests.support.house import House

# A new worker joins its group at once; at the fallback broker that takes 5 s and more for each story.
pytestmark = pytest.mark.real_kafka

INVOICES = "/rest/v1.0/payment_applications/"
MORE = [{"description": "Concrete", "work_this_period": "72000.00"}]


@pytest.fixture(params=["invoice", "lists", "nothing"])
async def told_by(request: pytest.FixtureRequest, house: House) -> str:
    """What tells the time of an invoice's last change."""
    told: str = request.param
    await house.procore.set_switches(show_has_updated_at=told == "invoice")
    return told


async def an_invoice(house: House, told_by: str, **fields: Any) -> int:
    """A draft."""
    invoice = await house.invoice(**fields)
    if told_by == "nothing":
        await house.procore.override_invoice(invoice, remove=["updated_at"])
    return invoice


async def test_an_approval_after_the_last_event_is_not_taken_for_the_editors(house, told_by):
    invoice = await an_invoice(house, told_by)
    await house.export_of(invoice, "skipped")
    await house.at_rest(invoice)
    await house.procore.order_fault(path_prefix=INVOICES, delay=1.5)
    await house.procore.edit_invoice(invoice, total_amount_paid="100.00", user_id=house.ada)
    await house.received(invoice, 2)
    await house.procore.pause_deliveries()
    await house.approve(invoice, by=house.ben)
    await house.export_of(invoice, "waiting", reason=Reason.AWAITING_EVENT)
    await house.procore.resume_deliveries()
    export = await house.export_of(invoice, "held", reason=Reason.APPROVER_AMBIGUOUS)
    assert Reason.APPROVER_LACKS_PRIVILEGE in export.reasons
    assert await house.receivables() == []


@pytest.mark.parametrize("told_by", ["invoice", "lists"], indirect=True)
@pytest.mark.parametrize("may", [True, False])
async def test_an_approval_right_after_the_draft_is_not_taken_for_the_drafters(house, told_by, may):
    """No look ever saw the draft, and the approval's webhook comes only after the wait for it."""
    await house.procore.order_fault(path_prefix=INVOICES, delay=1.5)
    invoice = await house.invoice()
    await house.received(invoice, 1)
    await house.procore.pause_deliveries()
    await house.approve(invoice, by=house.ada if may else house.ben)
    await house.export_of(invoice, "held", reason=Reason.APPROVER_UNKNOWN)
    assert await house.receivables() == []
    await house.procore.resume_deliveries()
    if may:
        await house.export_of(invoice, "exported")
    else:
        await house.export_of(invoice, "held", reason=Reason.APPROVER_AMBIGUOUS)
    assert len(await house.receivables()) == may


async def test_a_contracts_invoices_go_their_way_and_wait_at_most_once(house, told_by):
    invoices = [await an_invoice(house, told_by, concrete=amount) for amount in ("60000.00", "30000.00")]
    for invoice in invoices:
        await house.approve(invoice)
        await house.export_of(invoice, "exported")
        deferred = [body for body in await house.view.entries(invoice) if isinstance(body, Deferred)]
        waits = {body.until for body in deferred if body.findings[0].reason is Reason.AWAITING_EVENT}
        assert len(waits) == 1 if told_by == "nothing" else len(waits) <= 1
    assert len(await house.receivables()) == 2


async def test_a_changed_content_that_no_webhook_told_is_found(house, told_by):
    invoice = await an_invoice(house, told_by)
    await house.approve(invoice)
    await house.export_of(invoice, "exported")
    await house.at_rest(invoice)
    assert (await house.reconcile()).missed == []
    await house.procore.order_webhook_fault("drop")
    await house.procore.edit_invoice(invoice, lines=MORE, user_id=house.ada)
    assert (await house.reconcile()).missed == [str(invoice)]
    await house.export_of(invoice, "held", reason=Reason.CHANGED_AFTER_EXPORT)
    await house.at_rest(invoice)
    assert (await house.reconcile()).missed == []
