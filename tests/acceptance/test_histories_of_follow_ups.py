"""After an export: the summary in the ERP, the ERP's number in Procore. Neither ever undoes or repeats the export."""

import pytest

from deploy.sandbox.faulty.orders import ErpStep, FaultKind
from shared.events.command import Action
from shared.ledger.entries import CommandRefused, FollowUpDone, FollowUpFailed
from shared.ledger.words import EntryKind, FollowUpKind, Reason
from tests.support.house import HASTY, House

# A new worker joins its group at once; at the fallback broker that takes 5 s and more for each story.
pytestmark = pytest.mark.real_kafka


async def files(house: House) -> list[str]:
    [known] = await house.receivables()
    return [file.name for file in known.attachments]


async def test_the_summary_is_attached_once(house):
    invoice = await house.approved(invoice_number="HB/7")
    await house.export_of(invoice, "exported")
    done = await house.followed(invoice, EntryKind.FOLLOW_UP_DONE)
    assert isinstance(done, FollowUpDone)
    assert (done.what, done.detail) == (FollowUpKind.ATTACHMENT, "HB_7.pdf")
    [known] = await house.receivables()
    assert [(file.name, file.content_type) for file in known.attachments] == [("HB_7.pdf", "application/pdf")]
    await house.at_rest(invoice)
    assert len(await files(house)) == 1


async def test_no_summary_is_attached_where_nobody_wants_it(opens):
    house = await opens(attach="nothing")
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    await house.at_rest(invoice)
    assert await house.requested(ErpStep.ATTACH) == 0
    assert await files(house) == []


async def test_an_attachment_that_fails_is_tried_again_alone(opens):
    house = await opens(erp=HASTY)
    await house.order(FaultKind.DROP_AFTER, ErpStep.ATTACH)
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    failure = await house.followed(invoice, EntryKind.FOLLOW_UP_FAILED)
    assert isinstance(failure, FollowUpFailed)
    assert failure.retry_at is not None
    await house.followed(invoice, EntryKind.FOLLOW_UP_DONE)
    assert len(await files(house)) == 1
    assert await house.requested(ErpStep.CREATE) == await house.requested(ErpStep.FINISH) == 1
    assert (await house.export_of(invoice)).status == "exported"


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429, "retry_after": 1}])
async def test_an_outage_of_the_erp_uses_up_no_try_of_an_attachment(house, fault):
    await house.order(FaultKind.STATUS_BEFORE, ErpStep.ATTACH, count=4, **fault)
    invoice = await house.approved()
    await house.export_of(invoice, "exported")

    async def failures():
        rows = await house.view.execute("SELECT FROM connection_states WHERE failures > 0")
        return rows.rowcount

    await house.view.until(failures, "failure of the connection")
    await house.followed(invoice, EntryKind.FOLLOW_UP_DONE)
    assert EntryKind.FOLLOW_UP_FAILED not in await house.view.kinds(invoice)
    assert await failures() == 0
    assert await house.requested(ErpStep.ATTACH) == 5
    assert len(await files(house)) == 1


async def test_a_replay_only_repeats_what_was_given_up(house):
    await house.order(FaultKind.REFUSE, ErpStep.ATTACH, code="not_permitted")
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    failure = await house.followed(invoice, EntryKind.FOLLOW_UP_FAILED)
    assert isinstance(failure, FollowUpFailed)
    assert failure.retry_at is None
    await house.at_rest(invoice)
    assert await files(house) == []
    await house.command(invoice, Action.REPLAY)
    await house.followed(invoice, EntryKind.FOLLOW_UP_DONE)
    assert len(await files(house)) == 1
    await house.command(invoice, Action.REPLAY)
    refused = await house.followed(invoice, EntryKind.COMMAND_REFUSED)
    assert isinstance(refused, CommandRefused)
    assert refused.refusal == "it is exported already"
    assert (await house.export_of(invoice)).status == "exported"
    assert await house.requested(ErpStep.CREATE) == await house.requested(ErpStep.FINISH) == 1


async def test_the_erps_number_is_written_back_to_procore(opens):
    house = await opens(write_back=True, attach="nothing")
    invoice = await house.approved()
    export = await house.export_of(invoice, "exported")
    await house.followed(invoice, EntryKind.FOLLOW_UP_DONE)
    shown = await house.procore.invoice(invoice)
    [known] = await house.receivables()
    assert shown["origin_id"] == f"harbor:{known.id}"
    assert export.erp_number in shown["origin_data"]
    await house.at_rest(invoice)
    assert (await house.export_of(invoice)).status == "exported"


async def test_a_write_back_that_fails_never_sends_to_the_erp_again(opens):
    house = await opens(write_back=True, attach="nothing")
    await house.procore.order_fault(status=403, method="PATCH", times=2)
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    await house.followed(invoice, EntryKind.FOLLOW_UP_FAILED)
    await house.followed(invoice, EntryKind.FOLLOW_UP_DONE)
    assert (await house.procore.invoice(invoice))["origin_id"]
    assert await house.requested(ErpStep.CREATE) == 1


async def test_an_outage_of_procore_uses_up_no_try_of_a_write_back(opens):
    house = await opens(write_back=True, attach="nothing")
    await house.procore.order_fault(status=503, method="PATCH", times=2, retry_after=1)
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    await house.followed(invoice, EntryKind.FOLLOW_UP_DONE)
    assert EntryKind.FOLLOW_UP_FAILED not in await house.view.kinds(invoice)
    assert (await house.procore.invoice(invoice))["origin_id"]


async def test_a_write_back_done_and_not_answered_is_seen_next_time(opens):
    house = await opens(write_back=True, attach="nothing")
    await house.procore.order_fault(status=503, method="PATCH", after_handling=True, retry_after=1)
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    await house.followed(invoice, EntryKind.FOLLOW_UP_DONE)
    assert sum(request["method"] == "PATCH" for request in await house.procore.requests()) == 1


async def test_what_we_wrote_back_does_not_stop_a_replay_afresh(opens):
    house = await opens(write_back=True, attach="nothing")
    invoice = await house.approved(invoice_number="HB-7")
    await house.export_of(invoice, "exported")
    await house.followed(invoice, EntryKind.FOLLOW_UP_DONE)
    [known] = await house.receivables()
    await house.erp.cancel(house.book, known.id)
    await house.command(invoice, Action.REPLAY, afresh=True, invoice_number="HB-7")
    await house.followed(invoice, EntryKind.REPLAY_ACCEPTED)
    await house.export_of(invoice, "exported")
    assert len(await house.receivables()) == 1


async def test_what_others_wrote_is_still_held(house):
    invoice = await house.invoice()
    await house.procore.override_invoice(invoice, {"origin_id": "another-integration"})
    await house.approve(invoice)
    await house.export_of(invoice, "held", reason=Reason.ALREADY_LINKED)
