"""What only QuickBooks Online does: marks in numbers, replayed answers, voids; and what its stand-in refuses."""

import asyncio
import signal
import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from deploy.sandbox.faulty.orders import ErpStep, Fault, FaultKind
from deploy.sandbox.quickbooks_online.control_client import QuickBooksControl
from deploy.sandbox.quickbooks_online.vendor import LOG_IN_PATH
from services.export_worker import timekeeping
from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document, DocumentLine
from services.export_worker.core.outcomes import (
    AuthExpired,
    Done,
    Found,
    Refusal,
    Refused,
    Reread,
    Unavailable,
)
from services.export_worker.erp.adapter import ErpAdapter
from services.export_worker.erp.quickbooks_online.mapping import mark_of
from tests.contract.erp.documents import an_invoice, done, found, sent
from tests.contract.erp.quickbooks_harness import QuickBooksHarness


@pytest.fixture
async def erp(quickbooks_url: str) -> Any:
    harness = await QuickBooksHarness.open(quickbooks_url)
    yield harness
    await harness.close()


@pytest.fixture
def document(erp: QuickBooksHarness) -> Document:
    return an_invoice(erp)


async def test_the_number_is_procore_s_with_the_mark_behind(
    erp: QuickBooksHarness, adapter: ErpAdapter, document: Document
) -> None:
    read = await sent(adapter, document)
    assert isinstance(read, Found)
    assert read.number == f"HBL-0007-{mark_of(document.reference)}"
    assert read.url == f"https://app.qbo.intuit.com/app/invoice?txnId={read.ref}"
    assert (await erp.control.requests(erp.book))[-1].number == "HBL-0007"


async def test_the_invoice_is_written_to_the_job_where_there_is_one(
    erp: QuickBooksHarness, adapter: ErpAdapter
) -> None:
    await sent(adapter, an_invoice(erp))
    await sent(adapter, an_invoice(erp, reference="a:b:2:0", job=None))
    assert [known.customer for known in await erp.control.documents(erp.book)] == [erp.job, erp.customer]


async def test_the_same_number_in_two_projects_stays_two_invoices(erp: QuickBooksHarness, adapter: ErpAdapter) -> None:
    await erp.control.set_up(erp.book, refuses_duplicates=True)
    await sent(adapter, an_invoice(erp, number="7"))
    assert isinstance(await sent(adapter, an_invoice(erp, number="7", reference="a:b:2:0")), Found)


async def test_our_own_number_taken_is_a_reread(
    erp: QuickBooksHarness, adapter: ErpAdapter, document: Document
) -> None:
    """QuickBooks forgot the request, and the look-up before the create was too early to see the first one."""
    await erp.control.set_up(erp.book, refuses_duplicates=True)
    await done(adapter, Step.CREATE, document)
    await erp.control.forget_requests(erp.book)

    assert isinstance(await adapter.perform(Step.CREATE, document, None), Reread)
    assert len(await erp.documents()) == 1


async def test_our_number_on_somebody_else_s_invoice_is_refused(
    erp: QuickBooksHarness, adapter: ErpAdapter, document: Document
) -> None:
    await erp.control.set_up(erp.book, refuses_duplicates=True)
    ref = await done(adapter, Step.CREATE, document)
    await erp.control.edit(erp.book, ref, PrivateNote="[invoice-export: another:1:1:0]")
    await erp.control.forget_requests(erp.book)

    outcome = await adapter.perform(Step.CREATE, document, None)

    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.DUPLICATE_NUMBER
    assert outcome.text.startswith("Another transaction has this number in QuickBooks.")
    assert "6140" in outcome.text


async def test_our_number_on_a_voided_invoice_asks_for_afresh(
    erp: QuickBooksHarness, adapter: ErpAdapter, document: Document
) -> None:
    await erp.control.set_up(erp.book, refuses_duplicates=True)
    await erp.cancel(await done(adapter, Step.CREATE, document))
    await erp.control.forget_requests(erp.book)

    outcome = await adapter.perform(Step.CREATE, document, None)

    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.NOT_ALLOWED
    assert "replay afresh" in outcome.text


async def test_a_replayed_invoice_that_was_deleted_is_not_done(
    erp: QuickBooksHarness, adapter: ErpAdapter, document: Document
) -> None:
    ref = await done(adapter, Step.CREATE, document)
    await erp.delete(ref)

    assert await adapter.read(ref) is None
    assert await found(adapter, document) == []
    outcome = await adapter.perform(Step.CREATE, document, None)
    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.NOT_ALLOWED


async def test_an_emptied_note_leaves_the_mark_to_find_it(
    erp: QuickBooksHarness, adapter: ErpAdapter, document: Document
) -> None:
    ref = await done(adapter, Step.CREATE, document)
    await erp.control.edit(erp.book, ref, PrivateNote="")
    assert [one.ref for one in await found(adapter, document)] == [ref]


async def test_a_voided_invoice_is_empty_and_still_ours(
    erp: QuickBooksHarness, adapter: ErpAdapter, document: Document
) -> None:
    await erp.cancel(await done(adapter, Step.CREATE, document))
    [shown] = await found(adapter, document)
    assert shown.cancelled
    assert shown.totals.receivable == 0


async def test_an_invoice_of_zero_is_not_taken_for_voided(erp: QuickBooksHarness, adapter: ErpAdapter) -> None:
    read = await sent(adapter, an_invoice(erp, retainage_held=Decimal("150000.00")))
    assert isinstance(read, Found)
    assert (read.cancelled, read.totals.receivable) == (False, 0)


async def test_while_quickbooks_gives_the_numbers_nothing_is_sent(
    erp: QuickBooksHarness, adapter: ErpAdapter, document: Document
) -> None:
    await erp.control.set_up(erp.book, custom_numbers=False)

    refused = await adapter.perform(Step.CREATE, document, None)
    assert isinstance(refused, Refused)
    assert refused.refusal is Refusal.NOT_ALLOWED
    assert "Switch them on there" in refused.text
    assert await erp.documents() == []

    await erp.control.set_up(erp.book, custom_numbers=True)
    assert isinstance(await sent(adapter, document), Found)


async def test_a_number_of_quickbooks_own_is_kept_by_its_id(
    erp: QuickBooksHarness, adapter: ErpAdapter, document: Document
) -> None:
    """They were switched off between our look and our write."""
    await erp.control.order(erp.book, Fault(kind=FaultKind.HOLD_BEFORE, step=ErpStep.CREATE))
    create = asyncio.create_task(adapter.perform(Step.CREATE, document, None))
    await erp.arrived(Step.CREATE)
    await erp.control.set_up(erp.book, custom_numbers=False)
    await erp.release()

    outcome = await create
    [standing] = await erp.documents()
    assert outcome == Done(standing.ref)
    assert await found(adapter, document) == []
    read = await adapter.read(standing.ref)
    assert isinstance(read, Found)
    assert f"'HBL-0007-{mark_of(document.reference)}'" in read.unlinked

    await erp.control.edit(erp.book, standing.ref, DocNumber=f"HBL-0007-{mark_of(document.reference)}")
    [shown] = await found(adapter, document)
    assert (shown.ref, shown.unlinked) == (standing.ref, "")


async def test_preferences_that_do_not_come_leave_it_certainly_not_done(
    erp: QuickBooksHarness, adapter: ErpAdapter, document: Document
) -> None:
    await erp.control.order(erp.book, Fault(kind=FaultKind.GARBAGE, step=ErpStep.LIST))
    assert isinstance(await adapter.perform(Step.CREATE, document, None), Unavailable)
    assert await erp.documents() == []


async def test_a_line_without_an_item_is_refused_without_a_call(erp: QuickBooksHarness, adapter: ErpAdapter) -> None:
    line = DocumentLine(description="Concrete", amount=Decimal(1), cost_code="03-300")
    for changes in ({"lines": (line,), "retainage_held": Decimal(0)}, {"retainage_account": None}):
        outcome = await adapter.perform(Step.CREATE, an_invoice(erp, **changes), None)
        assert isinstance(outcome, Refused)
        assert outcome.refusal is Refusal.MISSING_MAPPING
    assert await erp.control.requests(erp.book) == []


async def test_an_inactive_customer_names_what_to_do(erp: QuickBooksHarness, adapter: ErpAdapter) -> None:
    outcome = await sent(adapter, an_invoice(erp, customer="7", job=None))
    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.MISSING_MAPPING
    assert "inactive in QuickBooks. Make it active or correct the mapping, then replay." in outcome.text


async def test_a_limit_without_a_time_waits_a_minute(
    erp: QuickBooksHarness, adapter: ErpAdapter, document: Document
) -> None:
    await erp.control.set_up(erp.book, requests_per_minute=1)
    await found(adapter, document)

    outcome = await adapter.perform(Step.CREATE, document, None)

    assert isinstance(outcome, Unavailable)
    assert outcome.retry_at is not None
    assert timedelta(seconds=40) < outcome.retry_at - timekeeping.now() <= timedelta(seconds=60)
    assert await erp.documents() == []


async def test_an_ended_subscription_is_the_connection_s_matter(
    erp: QuickBooksHarness, adapter: ErpAdapter, document: Document
) -> None:
    await erp.control.set_up(erp.book, is_subscribed=False)
    for outcome in (await adapter.find(document.reference), await adapter.perform(Step.CREATE, document, None)):
        assert isinstance(outcome, Unavailable)
        assert "subscription" in outcome.text


async def test_a_replaced_refresh_token_is_refused_after_its_grace(erp: QuickBooksHarness, document: Document) -> None:
    await erp.control.set_up(erp.book, refresh_grace_seconds=0)
    await found(erp.adapter(), document)
    assert erp.tokens.refresh_token != erp.secrets["refresh_token"]
    erp.tokens.refresh_token, erp.tokens.current = erp.secrets["refresh_token"], None

    answer = await erp.adapter().find(document.reference)

    assert isinstance(answer, AuthExpired)
    assert "tokens set" in answer.text


LINE = {
    "DetailType": "SalesItemLineDetail",
    "Amount": 1,
    "SalesItemLineDetail": {"ItemRef": {"value": "10"}, "TaxCodeRef": {"value": "NON"}},
}
PLAIN = {"CustomerRef": {"value": "1"}, "TxnDate": "2026-10-31", "Line": [LINE]}
REFUSED = [
    ({"Surprise": 1}, "2010"),
    ({"Line": [LINE | {"Amount": "1.00"}]}, "2010"),
    ({"Line": [LINE | {"Amount": 0.001}]}, "2010"),
    ({"TxnDate": None}, "2010"),
    ({"DocNumber": "N" * 22}, "2050"),
    ({"CustomerRef": {"value": "99"}}, "2500"),
    ({"Line": [LINE | {"Amount": -1}]}, "6000"),
]


@pytest.mark.parametrize(("changes", "code"), REFUSED)
async def test_the_stand_in_refuses_what_quickbooks_refuses(
    erp: QuickBooksHarness, document: Document, changes: dict[str, Any], code: str
) -> None:
    await found(erp.adapter(), document)
    headers = {"Authorization": f"Bearer {erp.tokens.current}"}
    async with httpx.AsyncClient(base_url=f"{erp.url}/v3/company/{erp.book}", headers=headers, verify=False) as http:
        taken = await http.post("/invoice?minorversion=75", json=PLAIN)
        answer = await http.post("/invoice?minorversion=75", json=PLAIN | changes)
        asked = await http.get("/query", params={"query": "select * from Invoice where PrivateNote = 'x'"})
        stranger = await http.get("/preferences", headers={"Authorization": "Bearer nothing"})
    assert taken.status_code == 200
    assert (answer.status_code, answer.json()["Fault"]["Error"][0]["code"]) == (400, code)
    assert asked.status_code == 400
    assert stranger.status_code == 401


async def test_the_stand_in_starts_from_the_command_line() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.sandbox.quickbooks_online", "--realm", "42", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    async with QuickBooksControl(url) as control:
        assert await control.documents("42") == []
        await control.reset()
    async with httpx.AsyncClient(verify=False) as http:
        assert (await http.post(f"{url}{LOG_IN_PATH}")).status_code == 401
    process.send_signal(signal.SIGTERM)
    assert await process.wait() in {0, -signal.SIGTERM}
