"""What a look-up shows: every document under the reference, as the ERP sees it at that moment."""

import asyncio
from decimal import Decimal

import pytest

from services.export_worker import timekeeping
from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Done, Found, Refusal, Refused, Reread
from services.export_worker.core.standing import totals_expected
from services.export_worker.core.view import LookUp
from services.export_worker.erp.adapter import ErpAdapter
from tests.contract.erp.documents import a_document, an_invoice, done, found, must_have, sent
from tests.contract.erp.harness import SEND, Harness


async def test_a_document_cancelled_in_the_erp_is_shown_as_cancelled(
    erp: Harness, adapter: ErpAdapter, document: Document
) -> None:
    first = await sent(adapter, document)
    assert isinstance(first, Found)
    await erp.cancel(first.ref)

    [shown] = await found(adapter, document)
    assert shown.cancelled
    assert shown.number == first.number
    again = await sent(adapter, document)
    if adapter.capabilities.replay_key:
        assert isinstance(again, Refused)  # the ERP repeats the cancelled one: only afresh is there another
        return
    assert isinstance(again, Found)
    assert again.ref != first.ref
    assert sorted(one.state for one in await erp.documents()) == ["cancelled", "posted"]


async def test_a_unique_key_is_free_again_after_cancelling(erp: Harness, document: Document) -> None:
    adapter = await erp.with_unique_key()
    ref = await done(adapter, Step.CREATE, document)
    await erp.cancel(ref)
    assert isinstance(await adapter.perform(Step.CREATE, document, None), Done)


async def test_a_replayed_document_that_was_cancelled_is_not_done(erp: Harness, document: Document) -> None:
    adapter = await erp.with_replay_key()
    await erp.cancel(await done(adapter, Step.CREATE, document))

    outcome = await adapter.perform(Step.CREATE, document, None)

    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.NOT_ALLOWED


async def test_a_draft_cancelled_before_posting_is_a_reread(
    erp: Harness, adapter: ErpAdapter, document: Document
) -> None:
    must_have(adapter, Step.FINISH)
    ref = await done(adapter, Step.CREATE, document)
    await erp.cancel(ref)
    assert isinstance(await adapter.perform(Step.FINISH, document, ref), Reread)


async def test_a_draft_deleted_in_the_erp_is_gone(erp: Harness, adapter: ErpAdapter, document: Document) -> None:
    must_have(adapter, Step.FINISH)
    ref = await done(adapter, Step.CREATE, document)
    await erp.delete(ref)

    assert await found(adapter, document) == []
    assert await adapter.read(ref) is None
    assert isinstance(await adapter.perform(Step.FINISH, document, ref), Reread)


async def test_two_documents_under_one_reference_are_both_shown(adapter: ErpAdapter, document: Document) -> None:
    must_have(adapter, Step.FINISH)
    if adapter.capabilities.unique_key:
        pytest.skip("this ERP has a unique key")
    first = await done(adapter, Step.CREATE, document)
    second = await done(adapter, Step.CREATE, document)
    await done(adapter, Step.FINISH, document, second)

    shown = {one.ref: one.done for one in await found(adapter, document)}
    assert shown == {first: {Step.CREATE}, second: set(SEND)}


async def test_a_second_document_under_the_reference_makes_it_several(
    erp: Harness, adapter: ErpAdapter, document: Document
) -> None:
    """Whatever key the ERP has: what people do beside it has to be seen, or one of them is taken for the only one."""
    first = await sent(adapter, document)
    assert isinstance(first, Found)
    await erp.duplicate(first.ref, document)

    look_up = LookUp(began_at=timekeeping.now(), found=tuple(await found(adapter, document)))

    assert len(look_up.linked) == 2
    assert first.ref in {one.ref for one in look_up.linked}
    assert len({one.ref for one in look_up.linked}) == len(await erp.documents()) == 2


REFERENCES = ["a&b=c", "with space + plus", "100%25", "naïve/Ünïcode:日本", "a?x#y", "quote\"'"]


@pytest.mark.parametrize("reference", REFERENCES)
async def test_a_reference_is_found_whatever_it_holds(erp: Harness, adapter: ErpAdapter, reference: str) -> None:
    document = a_document(reference=reference, customer=erp.customer, job=erp.job)
    ref = await done(adapter, Step.CREATE, document)

    assert [one.ref for one in await found(adapter, document)] == [ref]
    assert list(await adapter.find(reference[:-1])) == []  # type: ignore[arg-type]


async def test_a_cent_changed_by_hand_shows_in_the_totals(
    erp: Harness, adapter: ErpAdapter, document: Document
) -> None:
    read = await sent(adapter, document)
    assert isinstance(read, Found)
    await erp.change_tax(read.ref, "0.01")

    [shown] = await found(adapter, document)
    assert shown.totals != document.totals
    assert shown.totals.receivable - document.totals.receivable == Decimal("0.01")


async def test_a_draft_that_differs_is_replaced_in_place(erp: Harness, adapter: ErpAdapter, document: Document) -> None:
    if not adapter.capabilities.replaces_drafts:
        pytest.skip("this ERP does not replace drafts")
    must_have(adapter, Step.FINISH)
    ref = await done(adapter, Step.CREATE, an_invoice(erp, "1.00", retainage_held=Decimal(0)))

    assert await adapter.replace(ref, document) == Done(ref)

    [shown] = await found(adapter, document)
    assert (shown.ref, shown.totals) == (ref, totals_expected(document, adapter.capabilities, shown.done))
    assert shown.done == {Step.CREATE}
    assert len(await erp.documents()) == 1


async def test_a_posted_document_is_never_replaced(adapter: ErpAdapter, document: Document) -> None:
    if not adapter.capabilities.replaces_drafts:
        pytest.skip("this ERP does not replace drafts")
    must_have(adapter, Step.FINISH)
    read = await sent(adapter, document)
    assert isinstance(read, Found)

    assert isinstance(await adapter.replace(read.ref, document.model_copy(update={"tax": Decimal("1.00")})), Reread)
    assert await adapter.read(read.ref) == read


async def test_a_stale_look_up_catches_up_within_its_staleness(erp: Harness, document: Document) -> None:
    adapter = await erp.with_staleness(1.0)
    loop = asyncio.get_running_loop()

    ref = await done(adapter, Step.CREATE, document)
    created = loop.time()
    assert await found(adapter, document) == []
    assert await adapter.read(ref) is None
    assert isinstance(await adapter.perform(Step.CREATE, document, None), Reread)

    fresh = created + adapter.capabilities.look_up_staleness.total_seconds()
    await asyncio.sleep(fresh - loop.time())  # the published staleness is what is under test
    assert [one.ref for one in await found(adapter, document)] == [ref]
    assert len(await erp.documents()) == 1
