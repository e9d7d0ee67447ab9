"""Create, post and read back; again and again; from two workers; stopped anywhere."""

import asyncio
from decimal import Decimal

import pytest

from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Done, Found, Outcome, Reread, Unavailable
from services.export_worker.core.standing import totals_expected
from services.export_worker.erp.adapter import ErpAdapter
from tests.contract.erp.documents import all_done, an_invoice, done, found, must_have, sent
from tests.contract.erp.harness import SEND, Harness

MANY_TRIES = 20


async def test_nothing_stands_under_an_unknown_reference(adapter: ErpAdapter, document: Document) -> None:
    assert await found(adapter, document) == []


async def test_a_created_document_stands_as_a_draft(adapter: ErpAdapter, document: Document) -> None:
    must_have(adapter, Step.FINISH)
    ref = await done(adapter, Step.CREATE, document)

    [draft] = await found(adapter, document)
    assert (draft.ref, draft.number, draft.cancelled) == (ref, None, False)
    assert draft.done == {Step.CREATE}
    assert draft.totals == totals_expected(document, adapter.capabilities, draft.done)


async def test_a_finished_document_has_its_number(erp: Harness, adapter: ErpAdapter, document: Document) -> None:
    ref = await done(adapter, Step.CREATE, document)
    for step in sorted(all_done(adapter, document) - {Step.CREATE}, key=list(Step).index):
        await done(adapter, step, document, ref)

    read = await adapter.read(ref)
    assert isinstance(read, Found)
    assert read.done == all_done(adapter, document)
    assert read.number
    assert bool(read.url) is erp.shows_links
    assert read.totals == document.totals


async def test_finishing_twice_is_done_and_gives_one_number(
    erp: Harness, adapter: ErpAdapter, document: Document
) -> None:
    must_have(adapter, Step.FINISH)
    ref = await done(adapter, Step.CREATE, document)
    await done(adapter, Step.FINISH, document, ref)
    first = await adapter.read(ref)

    assert await adapter.perform(Step.FINISH, document, ref) == Done(ref)
    assert await adapter.read(ref) == first
    assert len(await erp.documents()) == 1


async def test_sending_twice_with_find_first_makes_one_document(
    erp: Harness, adapter: ErpAdapter, document: Document
) -> None:
    first = await sent(adapter, document)
    assert isinstance(first, Found)
    assert await sent(adapter, document) == first
    assert len(await erp.documents()) == 1


async def test_a_second_create_is_a_reread_with_a_unique_key(erp: Harness, document: Document) -> None:
    adapter = await erp.with_unique_key()
    await done(adapter, Step.CREATE, document)

    assert isinstance(await adapter.perform(Step.CREATE, document, None), Reread)
    assert len(await erp.documents()) == 1


async def test_a_second_create_answers_the_first_with_a_replay_key(erp: Harness, document: Document) -> None:
    adapter = await erp.with_replay_key()
    ref = await done(adapter, Step.CREATE, document)

    assert await adapter.perform(Step.CREATE, document, None) == Done(ref)
    assert len(await erp.documents()) == 1


async def test_without_any_key_only_find_first_prevents_a_second(erp: Harness, document: Document) -> None:
    """Why every create is preceded by a find, and one reference is sent by one worker at a time."""
    adapter = erp.adapter()
    if adapter.capabilities.unique_key or adapter.capabilities.replay_key:
        pytest.skip("this ERP has a key")
    await done(adapter, Step.CREATE, document)
    await done(adapter, Step.CREATE, document)

    assert len(await found(adapter, document)) == 2


@pytest.mark.parametrize("steps_before", [0, 1, 2, 3, 4])
async def test_a_new_worker_goes_on_from_what_stands(erp: Harness, document: Document, steps_before: int) -> None:
    before, ref = erp.adapter(), None
    steps = before.capabilities.steps_for(retained=document.is_retained)
    if steps_before > len(steps):
        pytest.skip("this ERP has fewer steps")
    for step in steps[:steps_before]:
        ref = await done(before, step, document, ref)
    await before.close()

    read = await sent(erp.adapter(), document)

    assert isinstance(read, Found)
    assert read.done == set(steps)
    assert read.totals == document.totals
    assert [(one.ref, one.state) for one in await erp.documents()] == [(read.ref, "posted")]


@pytest.mark.parametrize("step", SEND)
async def test_a_worker_cut_off_while_the_erp_answers_loses_nothing(
    erp: Harness, document: Document, step: Step
) -> None:
    before = erp.adapter()
    must_have(before, step)
    ref = await done(before, Step.CREATE, document) if step is Step.FINISH else None
    await erp.hold(step)
    call = asyncio.create_task(before.perform(step, document, ref))
    await erp.arrived(step)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await erp.release()

    read = await sent(erp.adapter(), document)

    assert isinstance(read, Found)
    assert read.done == all_done(before, document)
    assert len(await erp.documents()) == 1


async def test_two_workers_at_once_make_one_with_a_unique_key(erp: Harness, document: Document) -> None:
    workers = [await erp.with_unique_key() for _ in range(6)]

    outcomes = await asyncio.gather(*(worker.perform(Step.CREATE, document, None) for worker in workers))

    [standing] = await erp.documents()
    assert Done(standing.ref) in outcomes
    # An ERP that answers the one that stands, instead of refusing, is as good.
    assert all(outcome == Done(standing.ref) or isinstance(outcome, Reread) for outcome in outcomes)


async def test_two_workers_at_once_make_one_with_a_replay_key(erp: Harness, document: Document) -> None:
    workers = [await erp.with_replay_key() for _ in range(6)]

    outcomes = await asyncio.gather(*(worker.perform(Step.CREATE, document, None) for worker in workers))

    [standing] = await erp.documents()
    assert outcomes == [Done(standing.ref)] * 6


async def test_two_workers_finishing_at_once_give_one_number(erp: Harness, document: Document) -> None:
    must_have(erp.adapter(), Step.FINISH)
    ref = await done(erp.adapter(), Step.CREATE, document)
    workers = [erp.adapter() for _ in range(4)]

    outcomes = await asyncio.gather(*(worker.perform(Step.FINISH, document, ref) for worker in workers))

    assert Done(ref) in outcomes
    assert all(isinstance(outcome, Done | Unavailable | Reread) for outcome in outcomes)
    after = an_invoice(erp, reference="ironside:1001:90002:0", number="HBL-0008")
    read = await sent(workers[0], after)
    assert isinstance(read, Found)
    assert read.number
    assert read.number.endswith("2")


async def sent_at_last(adapter: ErpAdapter, document: Document) -> Found | Outcome:
    """Again where the ERP says that it did nothing: Tryton on PostgreSQL gives up what collides, with 503."""
    for _ in range(MANY_TRIES):
        read = await sent(adapter, document)
        if not isinstance(read, Unavailable | Reread):
            break
    return read


async def test_many_documents_at_once_keep_apart(erp: Harness) -> None:
    adapter = erp.adapter()
    documents = [
        an_invoice(erp, f"{n}.00", reference=f"ironside:1001:{n}:0", number=f"{n}", retainage_held=Decimal(0))
        for n in range(1, erp.many + 1)
    ]

    read = await asyncio.gather(*(sent_at_last(adapter, document) for document in documents))

    assert [one.totals for one in read if isinstance(one, Found)] == [one.totals for one in documents]
    assert await erp.log_ins() <= 1
