"""What people do in Procore around an approval, and what becomes of it in the ERP."""

from decimal import Decimal

import pytest

from deploy.sandbox.faulty.orders import ErpStep, FaultKind
from shared.events.command import Action, OperatorRole
from shared.ledger.entries import AttemptOpened, Received
from shared.ledger.words import EntryKind, Reason

FIRST, SECOND = Decimal("54000.00"), Decimal("64800.00")  # 60,000 and 72,000 of work, less 10 percent retainage
MORE = [{"description": "Concrete", "work_this_period": "72000.00"}]


async def test_an_approved_invoice_reaches_the_erp(house):
    invoice = await house.approved()
    export = await house.export_of(invoice, "exported")
    assert export.erp_number == (await house.receivables())[0].number
    assert await house.totals() == [FIRST]
    opened = next(body for body in await house.view.entries(invoice) if isinstance(body, AttemptOpened))
    for authority in (opened.authority_when_seen, opened.authority_when_opened):
        assert authority.users == (str(house.ada),)
        assert authority.records[0]["can_push_to_accounting"] is True
        assert authority.records[0]["source"] == "report"


@pytest.mark.parametrize(
    ("who", "reason", "tells_time"),
    [
        ("ben", Reason.APPROVER_LACKS_PRIVILEGE, True),
        ("cleo", Reason.APPROVER_LACKS_TOOL_LEVEL, True),
        ("cleo", Reason.APPROVER_LACKS_TOOL_LEVEL, False),
    ],
)
async def test_an_approver_without_the_right_is_held(house, who, reason, tells_time):
    await house.procore.set_switches(show_has_updated_at=tells_time)
    invoice = await house.invoice(user_id=getattr(house, who))
    await house.approve(invoice, by=getattr(house, who))
    assert (await house.export_of(invoice, "held")).reasons == (reason,)
    assert await house.receivables() == []


async def test_an_invoice_approved_again_before_its_export_goes_once(house):
    await house.pause()
    invoice = await house.approved()
    await house.export_of(invoice, "waiting", reason=Reason.PAUSED)
    await house.procore.revise(invoice, user_id=house.ada)
    await house.export_of(invoice, "skipped", reason=Reason.NOT_APPROVED)
    await house.procore.edit_invoice(invoice, lines=MORE, user_id=house.ada)
    await house.approve(invoice)
    await house.export_of(invoice, "waiting", reason=Reason.PAUSED)
    await house.resume()
    await house.export_of(invoice, "exported")
    assert await house.totals() == [SECOND]


async def test_an_approval_withdrawn_after_the_export_is_never_voided_by_itself(house):
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    await house.procore.revise(invoice, user_id=house.ada)
    await house.export_of(invoice, "held", reason=Reason.APPROVAL_WITHDRAWN)
    await house.procore.edit_invoice(invoice, lines=MORE, user_id=house.ada)
    await house.approve(invoice)
    await house.export_of(invoice, "held", reason=Reason.CHANGED_AFTER_EXPORT)
    assert await house.totals() == [FIRST]


async def test_an_invoice_with_other_amounts_is_exported_afresh_once_the_old_one_is_void(house):
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    await house.procore.edit_invoice(invoice, lines=MORE, user_id=house.ada)
    await house.export_of(invoice, "held", reason=Reason.CHANGED_AFTER_EXPORT)
    number = (await house.procore.invoice(invoice))["invoice_number"]
    await house.command(invoice, Action.REPLAY, afresh=True, invoice_number=number)
    await house.followed(invoice, EntryKind.COMMAND_REFUSED)
    await house.erp.cancel(house.book, (await house.receivables())[0].id)
    await house.command(invoice, Action.REPLAY, afresh=True, invoice_number=number)
    export = await house.export_of(invoice, "exported")
    assert export.state.generation == 2
    assert await house.totals() == [SECOND]


async def test_two_webhooks_while_exporting_make_one_receivable(house):
    await house.order(FaultKind.HOLD_AFTER, ErpStep.CREATE)
    invoice = await house.approved()
    await house.waiting(ErpStep.CREATE)
    for paid in ("100.00", "200.00"):
        await house.procore.edit_invoice(invoice, total_amount_paid=paid, user_id=house.ada)
    await house.received(invoice, 4)
    await house.erp.release(house.book)
    await house.export_of(invoice, "exported")
    await house.at_rest(invoice)
    assert await house.totals() == [FIRST]
    assert await house.requested(ErpStep.CREATE) == 1


async def test_a_change_while_exporting_replaces_the_draft_before_it_is_final(house):
    await house.order(FaultKind.HOLD_AFTER, ErpStep.CREATE)
    invoice = await house.approved()
    await house.waiting(ErpStep.CREATE)
    await house.procore.edit_invoice(invoice, lines=MORE, user_id=house.ada)
    await house.received(invoice, 3)
    await house.erp.release(house.book)
    await house.export_of(invoice, "exported")
    assert await house.totals() == [SECOND]
    assert await house.requested(ErpStep.CREATE) == 1


# The replay itself disturbs nothing and is refused once the invoice stands; a webhook that comes late may have stopped
# the export before it was final, and then the replay finds it open.
@pytest.mark.parametrize(
    ("step", "answers"),
    [
        (ErpStep.CREATE, {EntryKind.COMMAND_REFUSED, EntryKind.REPLAY_ACCEPTED}),
        (ErpStep.FINISH, {EntryKind.COMMAND_REFUSED}),
    ],
)
async def test_a_replay_while_exporting_never_sends_a_second_one(house, step, answers):
    await house.order(FaultKind.HOLD_AFTER, step)
    invoice = await house.approved()
    await house.waiting(step)
    await house.command(invoice, Action.REPLAY)
    await house.asked(invoice)
    await house.erp.release(house.book)

    async def answered() -> bool:
        return not answers.isdisjoint(await house.view.kinds(invoice))

    await house.view.until(answered, "an answer to the replay")
    await house.export_of(invoice, "exported")
    assert await house.totals() == [FIRST]
    assert await house.requested(ErpStep.CREATE) == 1


async def test_our_own_write_back_changes_nothing_after_the_export(house):
    invoice = await house.approved()
    export = await house.export_of(invoice, "exported")
    async with house.api() as api:
        path = f"/rest/v1.0/prime_contracts/{house.contract}/payment_applications/{invoice}"
        body = {"project_id": house.project, "payment_application": {"origin_id": export.erp_number}}
        (await api.patch(path, json=body)).raise_for_status()
    await house.at_rest(invoice)
    heard = [entry for entry in await house.view.entries(invoice) if isinstance(entry, Received)]
    assert heard[-1].user_id == str(house.our_user)
    assert (await house.export_of(invoice)).status == "exported"
    assert await house.totals() == [FIRST]


async def test_an_invoice_deleted_before_its_export_is_skipped(house):
    await house.pause()
    invoice = await house.approved()
    await house.export_of(invoice, "waiting", reason=Reason.PAUSED)
    await house.procore.delete_invoice(invoice, user_id=house.ada)
    await house.export_of(invoice, "skipped", reason=Reason.INVOICE_DELETED)
    await house.resume()
    assert await house.receivables() == []


async def test_an_invoice_deleted_after_its_export_is_held_and_stays_in_the_erp(house):
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    await house.procore.delete_invoice(invoice, user_id=house.ada)
    await house.export_of(invoice, "held", reason=Reason.DELETED_AFTER_EXPORT)
    assert await house.totals() == [FIRST]


async def test_a_release_while_a_retry_is_due_is_followed_at_once(house):
    await house.order(FaultKind.STATUS_BEFORE, ErpStep.FIND)
    invoice = await house.approved()
    await house.export_of(invoice, "retrying")
    assert (await house.at_rest(invoice)).status == "retrying"
    role = OperatorRole.ACCOUNTING_APPROVER
    await house.command(invoice, Action.RELEASE, role=role, user_id=str(house.ada))
    export = await house.export_of(invoice, "exported")
    assert export.state.authority is not None
    assert export.state.authority.found_by == "release"
    assert await house.totals() == [FIRST]


async def test_a_held_invoice_is_released_only_under_the_releasers_own_right(house):
    invoice = await house.invoice(user_id=house.ben)
    await house.approve(invoice, by=house.ben)
    await house.export_of(invoice, "held", reason=Reason.APPROVER_LACKS_PRIVILEGE)
    role = OperatorRole.ACCOUNTING_APPROVER
    await house.command(invoice, Action.RELEASE, role=role, user_id=str(house.cleo))
    await house.export_of(invoice, "held", reason=Reason.APPROVER_LACKS_TOOL_LEVEL)
    await house.command(invoice, Action.RELEASE, role=role, user_id=str(house.ada))
    export = await house.export_of(invoice, "exported")
    assert export.state.authority is not None
    assert export.state.authority.users == (str(house.ada),)


async def test_a_pause_while_exporting_lets_the_attempt_end(house):
    await house.order(FaultKind.HOLD_AFTER, ErpStep.FINISH)
    invoice = await house.approved()
    await house.waiting(ErpStep.FINISH)
    await house.pause()
    await house.erp.release(house.book)
    await house.export_of(invoice, "exported")
    later = await house.approved(contract=await house.another_contract())
    await house.export_of(later, "waiting", reason=Reason.PAUSED)
    await house.resume()
    await house.export_of(later, "exported")
    assert await house.totals() == [FIRST, FIRST]
