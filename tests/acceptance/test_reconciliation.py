"""What the webhooks did not bring is found by listing, and goes through the same corridor."""

from datetime import timedelta

import pytest

from services.export_worker.reconciliation import Found
from shared.events.command import Action, OperatorRole
from shared.ledger.entries import Received
from shared.ledger.words import Reason
from tests.support.house import House

# A new worker joins its group at once; at the fallback broker that takes 5 s and more for each story.
pytestmark = pytest.mark.real_kafka


async def sources(house: House, invoice: int) -> set[str]:
    return {body.source for body in await house.view.entries(invoice) if isinstance(body, Received)}


async def test_an_approval_whose_webhook_was_dropped_is_found_with_its_approver(house):
    await house.procore.order_webhook_fault("drop")
    invoice = await house.approved()
    found = await house.reconcile()
    assert found.missed == [str(invoice)]
    export = await house.export_of(invoice, "exported")
    assert await sources(house, invoice) == {"delivery_list"}
    assert export.state.authority is not None
    assert export.state.authority.users == (str(house.ada),)


async def test_an_approval_that_no_list_explains_waits_for_a_release(house):
    project = await house.procore.create_project(company_id=house.company)
    invoice = await house.approved(contract=await house.another_contract(project=project))
    found = await house.reconcile()
    assert found.missed == [str(invoice)]
    await house.export_of(invoice, "held", reason=Reason.APPROVER_UNKNOWN)
    assert await sources(house, invoice) == {"reconciliation"}
    role = OperatorRole.ACCOUNTING_APPROVER
    await house.command(invoice, Action.RELEASE, role=role, user_id=str(house.ada))
    await house.export_of(invoice, "exported")
    assert len(await house.receivables()) == 1


async def test_an_approval_after_a_draft_that_no_look_saw_is_explained_by_the_list(house):
    await house.procore.order_fault(path_prefix="/rest/v1.0/payment_applications/", delay=1.5)
    invoice = await house.invoice()
    await house.received(invoice, 1)
    await house.procore.order_webhook_fault("drop")
    await house.approve(invoice)
    await house.export_of(invoice, "held", reason=Reason.APPROVER_UNKNOWN)
    assert (await house.reconcile()).missed == [str(invoice)]
    await house.export_of(invoice, "exported")
    assert await sources(house, invoice) == {"webhook", "delivery_list"}
    await house.at_rest(invoice)
    assert (await house.reconcile()).missed == []


async def test_a_young_approval_is_left_to_its_webhook(house):
    await house.procore.order_webhook_fault("drop")
    invoice = await house.approved()
    found = await house.reconcile(grace=timedelta(minutes=10))
    assert found.invoices == 1
    assert found.missed == []
    assert await house.view.export(invoice) is None


@pytest.mark.parametrize("tells_time", [True, False])
async def test_what_the_webhooks_brought_is_not_fed_again(house, tells_time):
    await house.procore.set_switches(show_has_updated_at=tells_time)
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    await house.at_rest(invoice)
    before = await house.view.kinds(invoice)
    assert (await house.reconcile()).missed == []
    assert (await house.reconcile()).missed == []
    assert await house.view.kinds(invoice) == before


async def test_a_late_webhook_after_reconciliation_is_the_same_event(house):
    await house.procore.pause_deliveries()
    invoice = await house.approved()
    await house.reconcile()
    await house.export_of(invoice, "exported")  # Procore's list names who approved before the webhook does
    told = [body for body in await house.view.entries(invoice) if isinstance(body, Received)]
    await house.procore.resume_deliveries()
    await house.at_rest(invoice)
    assert [body for body in await house.view.entries(invoice) if isinstance(body, Received)] == told


async def test_a_change_whose_webhook_was_dropped_is_found_after_the_export(house):
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    await house.at_rest(invoice)
    await house.procore.order_webhook_fault("drop")
    await house.procore.revise(invoice, user_id=house.ben)
    assert (await house.reconcile()).missed == [str(invoice)]
    await house.export_of(invoice, "held", reason=Reason.APPROVAL_WITHDRAWN)


async def test_an_invoice_gone_without_a_word_never_undoes_the_export(house):
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    await house.at_rest(invoice)
    await house.procore.order_webhook_fault("drop")
    await house.procore.delete_invoice(invoice, user_id=house.ben)
    assert (await house.reconcile()).missed == [str(invoice)]
    await house.at_rest(invoice)
    assert len(await house.receivables()) == 1


async def test_a_project_that_may_not_be_read_stops_no_other(house):
    readable = await house.procore.create_project(company_id=house.company)
    invoice = await house.approved(contract=await house.another_contract(project=readable))
    await house.procore.order_fault(403, path_prefix="/rest/v1.0/payment_applications")
    found = await house.reconcile()
    assert found.unreadable == [str(house.project)]
    assert found.missed == [str(invoice)]
    await house.export_of(invoice, "held", reason=Reason.APPROVER_UNKNOWN)
    rows = (await house.view.execute("SELECT * FROM reconciliations ORDER BY id DESC LIMIT 1")).all()
    assert rows[0].finished_at is not None
    assert (rows[0].projects, rows[0].missed, rows[0].failure) == (1, 1, None)


async def test_a_run_goes_on_where_the_one_before_stopped(house):
    """A large account may need more requests than its share of an hour: its last projects must have their turn."""
    await house.workers.stop()  # whose own looks would meet what is ordered below
    await house.procore.order_webhook_fault("drop")
    others = [await house.procore.create_project(company_id=house.company) for _ in range(2)]
    contracts = [await house.another_contract(project=project) for project in (house.project, *others)]
    first, second, third = [str(await house.approved(contract=contract)) for contract in contracts]
    assert (await read_until_the_limit(house, projects=1)).missed == [first]
    assert (await read_until_the_limit(house, projects=2)).missed == [second, third]
    whole = await house.reconcile()
    assert (whole.projects, whole.missed) == (3, [])


async def read_until_the_limit(house: House, *, projects: int) -> Found:
    """A run to which Procore answers for so many projects, and then for an hour no more."""
    lists = "/rest/v1.0/payment_applications"
    await house.procore.order_fault(path_prefix=lists, times=projects)  # met, and not refused
    await house.procore.order_fault(429, path_prefix=lists, reset_after=3600)
    return await house.reconcile()


async def test_reconciliation_goes_on_when_the_rate_allows_it(house):
    await house.procore.order_webhook_fault("drop")
    invoice = await house.approved()
    await house.procore.order_fault(429, path_prefix="/rest/v1.0/payment_applications", reset_after=1)
    assert (await house.reconcile()).missed == [str(invoice)]
    await house.export_of(invoice, "exported")
