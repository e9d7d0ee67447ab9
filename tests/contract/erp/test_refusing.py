"""The ERP says no, or asks first: each kind of no has its class, in whatever form it comes."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal

import pytest

from services.export_worker import timekeeping
from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Done, Found, NeedsDecision, Refusal, Refused, Reread, Unavailable
from services.export_worker.erp.adapter import ErpAdapter
from tests.contract.erp.documents import an_invoice, done, found, must_have, sent
from tests.contract.erp.harness import SEND, Harness, Trouble


@pytest.mark.parametrize("refusal", Refusal)
@pytest.mark.parametrize("step", SEND)
async def test_every_class_of_refusal_is_told_apart(
    erp: Harness, adapter: ErpAdapter, document: Document, step: Step, refusal: Refusal
) -> None:
    must_have(adapter, step)
    ref = await done(adapter, Step.CREATE, document) if step is Step.FINISH else None
    await erp.refuse(refusal, step)

    outcome = await adapter.perform(step, document, ref)

    assert isinstance(outcome, Refused)
    assert outcome.refusal is refusal
    assert outcome.text


async def test_a_customer_that_does_not_exist_is_a_missing_mapping(erp: Harness, adapter: ErpAdapter) -> None:
    outcome = await sent(adapter, an_invoice(erp, customer="999999", job=None))

    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.MISSING_MAPPING
    assert await erp.documents() == []


async def test_a_closed_period_leaves_the_draft_standing(erp: Harness, adapter: ErpAdapter) -> None:
    await erp.rules(closed_until="2026-10-31")
    document = an_invoice(erp, invoice_date=date(2026, 10, 31))

    outcome = await sent(adapter, document)

    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.PERIOD_CLOSED
    assert all(draft.done == {Step.CREATE} for draft in await found(adapter, document))


async def test_a_date_before_the_last_number_is_refused(erp: Harness, adapter: ErpAdapter) -> None:
    await erp.rules(keeps_date_order=True)
    await sent(adapter, an_invoice(erp, invoice_date=date(2026, 10, 31)))

    outcome = await sent(adapter, an_invoice(erp, reference="a:b:2:0", invoice_date=date(2026, 10, 30)))

    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.DATE_OUT_OF_SEQUENCE


async def test_a_number_in_use_is_refused(erp: Harness, adapter: ErpAdapter) -> None:
    await erp.rules(unique_numbers=True)
    await sent(adapter, an_invoice(erp, number="7"))

    outcome = await sent(adapter, an_invoice(erp, number="7", reference="a:b:2:0"))

    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.DUPLICATE_NUMBER


async def test_a_warning_asks_until_a_person_accepts_it(erp: Harness, adapter: ErpAdapter) -> None:
    await erp.rules(warns_of_future_dates=True, today="2026-10-30")
    document = an_invoice(erp, invoice_date=erp.future_date)

    asked = await sent(adapter, document)
    assert isinstance(asked, NeedsDecision)
    assert asked.text
    [draft] = await found(adapter, document)
    assert isinstance(await adapter.perform(Step.FINISH, document, draft.ref), NeedsDecision)

    accepted = await adapter.perform(Step.FINISH, document, draft.ref, frozenset({asked.name}))
    assert accepted == Done(draft.ref)


async def test_another_warning_is_not_accepted_with_it(erp: Harness, adapter: ErpAdapter, document: Document) -> None:
    await erp.trouble(Trouble.WARNS, Step.CREATE)

    asked = await adapter.perform(Step.CREATE, document, None, frozenset({"something_else"}))
    assert isinstance(asked, NeedsDecision)
    assert await erp.documents() == []
    assert isinstance(await adapter.perform(Step.CREATE, document, None, frozenset({asked.name})), Done)


@pytest.mark.parametrize("step", SEND)
async def test_a_stale_version_is_a_reread_and_goes_on(
    erp: Harness, adapter: ErpAdapter, document: Document, step: Step
) -> None:
    must_have(adapter, step)
    ref = await done(adapter, Step.CREATE, document) if step is Step.FINISH else None
    await erp.refuse_as_stale(step)

    assert isinstance(await adapter.perform(step, document, ref), Reread)

    assert isinstance(await sent(adapter, document), Found)
    assert len(await erp.documents()) == 1


async def test_a_draft_changed_since_we_looked_is_not_finished(
    erp: Harness, adapter: ErpAdapter, document: Document
) -> None:
    must_have(adapter, Step.FINISH)
    if not erp.sees_changes:
        erp.cannot("tell that a draft was changed since it was looked at")
    ref = await done(adapter, Step.CREATE, document)
    await erp.hold(Step.FINISH, before=True)
    finishing = asyncio.create_task(adapter.perform(Step.FINISH, document, ref))
    await erp.arrived(Step.FINISH)
    await erp.change_tax(ref, "0.01")
    await erp.release()

    assert isinstance(await finishing, Reread)
    [draft] = await found(adapter, document)
    assert draft.done == {Step.CREATE}
    assert draft.totals.receivable == document.totals.receivable + Decimal("0.01")


async def test_a_rate_limit_tells_when_to_come_again(erp: Harness, adapter: ErpAdapter, document: Document) -> None:
    await erp.trouble(Trouble.RATE_LIMITED, Step.CREATE)

    outcome = await adapter.perform(Step.CREATE, document, None)

    assert isinstance(outcome, Unavailable)
    assert outcome.retry_at is not None
    assert timedelta(seconds=5) < outcome.retry_at - timekeeping.now() <= timedelta(seconds=7)
    assert await erp.documents() == []


async def test_a_step_that_the_erp_lacks_is_our_own_bug(adapter: ErpAdapter, document: Document) -> None:
    for step in set(Step) - set(adapter.capabilities.steps):
        with pytest.raises(ValueError, match=f"cannot {step}"):
            await adapter.perform(step, document, "1")
