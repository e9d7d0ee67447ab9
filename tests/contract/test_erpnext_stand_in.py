"""The ERPNext stand-in does what a real ERPNext 15.90 was seen to do over REST, the lax parts too."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.sandbox.erpnext.control_client import ErpNextControl
from deploy.sandbox.erpnext.server import ErpNextServer
from deploy.sandbox.faulty.orders import ErpStep

INVOICES = "/api/resource/Sales Invoice"
KEY = {"Authorization": "token sandbox-key:sandbox-secret"}
CUSTOM_FIELD = {"dt": "Sales Invoice", "fieldname": "procore_id", "fieldtype": "Data", "unique": 1, "no_copy": 1}
RETAINED = {
    "charge_type": "Actual",
    "account_head": "Retainage Receivable - HB",
    "description": "Retainage held",
    "tax_amount": -15000,
}
INVOICE: dict[str, Any] = {
    "company": "Harbor Builders",
    "customer": "Harbor Library District",
    "posting_date": "2026-10-31",
    "set_posting_time": 1,
    "po_no": "HBL-0007",
    "disable_rounded_total": 1,
    "items": [{"item_code": "Construction Work", "qty": 1, "rate": 150000.0, "income_account": "Sales - HB"}],
    "taxes": [RETAINED],
}
Erp = httpx.AsyncClient


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ErpNextServer().in_thread() as address:
        yield address


@pytest.fixture
def book() -> str:
    return f"site-{uuid4().hex}"


@pytest.fixture
async def control(url: str, book: str) -> AsyncIterator[ErpNextControl]:
    async with ErpNextControl(url) as opened:
        await opened.set_up(book)
        yield opened


@pytest.fixture
async def erp(url: str, book: str, control: ErpNextControl) -> AsyncIterator[Erp]:
    async with Erp(base_url=f"{url}/sites/{book}", headers=KEY, timeout=60, trust_env=False) as client:
        yield client


async def made(erp: Erp, **changes: Any) -> dict[str, Any]:
    """A new invoice, which must be taken."""
    answer = await erp.post(INVOICES, json=INVOICE | changes)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def test_a_key_opens_and_others_do_not(erp: Erp) -> None:
    assert (await erp.get(INVOICES)).status_code == 200
    assert (await erp.get(INVOICES, headers={"Authorization": "token a:b"})).status_code == 401
    assert (await erp.get(INVOICES, headers={"Authorization": ""})).status_code == 403


async def test_a_charge_row_makes_the_net_total(erp: Erp) -> None:
    draft = await made(erp)

    assert draft["name"].endswith("-00001")
    assert (draft["docstatus"], draft["status"], draft["grand_total"]) == (0, "Draft", 135000.0)
    assert isinstance(draft["grand_total"], float)


async def test_a_submission_answers_as_if_still_a_draft(erp: Erp) -> None:
    path = f"{INVOICES}/{(await made(erp))['name']}"

    answered = (await erp.put(path, json={"docstatus": 1})).json()["data"]
    read = (await erp.get(path)).json()["data"]

    assert (answered["status"], answered["outstanding_amount"]) == ("Draft", 0.0)
    assert (read["status"], read["outstanding_amount"], read["docstatus"]) == ("Unpaid", 135000.0, 1)


async def test_one_call_creates_and_submits(erp: Erp) -> None:
    assert (await made(erp, docstatus=1))["docstatus"] == 1


async def test_submitting_again_changes_nothing(erp: Erp) -> None:
    path = f"{INVOICES}/{(await made(erp, docstatus=1))['name']}"
    assert (await erp.put(path, json={"docstatus": 1})).status_code == 200
    assert (await erp.get(path)).json()["data"]["outstanding_amount"] == 135000.0


async def test_an_unknown_field_is_dropped_without_a_word(erp: Erp) -> None:
    draft = await made(erp, procore_id="a:b:1:0", name="MY-NAME")
    assert "procore_id" not in draft
    assert draft["name"] != "MY-NAME"


async def test_a_unique_field_lets_one_of_four_through(erp: Erp) -> None:
    assert (await erp.post("/api/resource/Custom Field", json=CUSTOM_FIELD)).status_code == 200
    body = INVOICE | {"procore_id": "a:b:1:0"}

    answers = await asyncio.gather(*(erp.post(INVOICES, json=body) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 417, 417, 417]
    assert {kind_of(answer) for answer in answers if answer.status_code == 417} == {"UniqueValidationError"}


async def test_a_number_of_the_customer_is_not_unique(erp: Erp) -> None:
    assert (await made(erp))["name"] != (await made(erp))["name"]


async def test_a_cancelled_invoice_keeps_its_unique_value(erp: Erp, control: ErpNextControl, book: str) -> None:
    await erp.post("/api/resource/Custom Field", json=CUSTOM_FIELD)
    gone = await made(erp, procore_id="a:b:1:0", docstatus=1)
    await control.cancel(book, gone["name"])

    answer = await erp.post(INVOICES, json=INVOICE | {"procore_id": "A:B:1:0"})

    assert kind_of(answer) == "UniqueValidationError"


async def test_an_old_version_is_refused(erp: Erp) -> None:
    draft = await made(erp)
    path = f"{INVOICES}/{draft['name']}"
    assert (await erp.put(path, json={"po_no": "8", "modified": draft["modified"]})).status_code == 200

    answer = await erp.put(path, json={"po_no": "9", "modified": draft["modified"]})

    assert (answer.status_code, kind_of(answer)) == (417, "TimestampMismatchError")


async def test_nothing_changes_after_submission(erp: Erp) -> None:
    path = f"{INVOICES}/{(await made(erp, docstatus=1))['name']}"
    assert kind_of(await erp.put(path, json={"po_no": "9"})) == "UpdateAfterSubmitError"
    assert kind_of(await erp.put(path, json={"docstatus": 0})) == "DocstatusTransitionError"
    assert (await erp.delete(path)).status_code == 417


@pytest.mark.parametrize(
    ("changes", "kind", "status"),
    [
        ({"customer": "Nobody"}, "AttributeError", 500),
        ({"items": []}, "TypeError", 500),
        ({"taxes": [RETAINED | {"account_head": "Nowhere - HB"}]}, "LinkValidationError", 417),
        ({"project": "PROJ-9999"}, "LinkValidationError", 417),
        ({"po_no": "N" * 141}, "CharacterLengthExceededError", 417),
        ({"posting_date": "2031-01-01"}, "FiscalYearError", 417),
        ({"taxes": [RETAINED | {"tax_amount": 1e12}]}, "DataError", 500),
    ],
)
async def test_bad_input_is_refused_in_its_form(erp: Erp, changes: dict[str, Any], kind: str, status: int) -> None:
    answer = await erp.post(INVOICES, json=INVOICE | changes)
    assert (answer.status_code, kind_of(answer)) == (status, kind)
    assert (await erp.get(INVOICES)).json()["data"] == []


async def test_messages_are_json_in_json_in_a_string(erp: Erp) -> None:
    body = (await erp.post(INVOICES, json=INVOICE | {"project": "PROJ-9999"})).json()
    [message] = json.loads(body["_server_messages"])
    assert json.loads(message)["message"] == "Could not find Project: PROJ-9999"
    assert "Traceback" in body["exc"]


async def test_a_negative_rate_is_refused_at_submission(erp: Erp, control: ErpNextControl, book: str) -> None:
    items = [INVOICE["items"][0], INVOICE["items"][0] | {"rate": -1.0}]
    path = f"{INVOICES}/{(await made(erp, items=items))['name']}"
    assert "negative rates" in (await erp.put(path, json={"docstatus": 1})).text

    await control.put(book, "Selling Settings", "Selling Settings", allow_negative_rates_for_items=1)
    assert (await erp.put(path, json={"docstatus": 1})).status_code == 200


async def test_a_closed_period_refuses_even_a_draft(erp: Erp, control: ErpNextControl, book: str) -> None:
    closed = [{"document_type": "Sales Invoice", "closed": 1}]
    period = {"company": "Harbor Builders", "start_date": "2026-10-01", "end_date": "2026-10-31"}
    await control.put(book, "Accounting Period", "Oct - HB", **period, closed_documents=closed)

    assert kind_of(await erp.post(INVOICES, json=INVOICE)) == "ClosedAccountingPeriod"
    await made(erp, posting_date="2026-11-01")


async def test_frozen_books_refuse_only_the_submission(erp: Erp, control: ErpNextControl, book: str) -> None:
    await control.put(book, "Accounts Settings", "Accounts Settings", acc_frozen_upto="2026-10-31")
    path = f"{INVOICES}/{(await made(erp))['name']}"
    assert "not authorized to add or update entries" in (await erp.put(path, json={"docstatus": 1})).text


async def test_a_template_is_used_where_no_charge_is_sent(erp: Erp, control: ErpNextControl, book: str) -> None:
    taxes = [{"charge_type": "Actual", "account_head": "Sales Tax - HB", "description": "Tax", "tax_amount": 7}]
    await control.set_up(book, default_taxes=taxes)
    assert (await made(erp, taxes=[]))["grand_total"] == 150007.0
    assert (await made(erp))["grand_total"] == 135000.0


async def test_the_schedule_of_payments_keeps_the_due_date(erp: Erp) -> None:
    path = f"{INVOICES}/{(await made(erp, due_date='2026-11-30'))['name']}"
    assert (await erp.put(path, json={"due_date": "2026-12-31"})).json()["data"]["due_date"] == "2026-11-30"

    anew = {"due_date": "2026-12-31", "payment_schedule": []}
    assert (await erp.put(path, json=anew)).json()["data"]["due_date"] == "2026-12-31"


async def test_a_list_ends_at_twenty_unless_told(erp: Erp) -> None:
    for _ in range(21):
        await made(erp)
    assert len((await erp.get(INVOICES)).json()["data"]) == 20
    assert len((await erp.get(INVOICES, params={"limit_page_length": "100"})).json()["data"]) == 21


async def test_a_filter_on_an_unknown_field_breaks(erp: Erp) -> None:
    answer = await erp.get(INVOICES, params={"filters": '[["procore_id","=","a"]]'})
    assert (answer.status_code, kind_of(answer)) == (500, "OperationalError")


async def test_a_list_shows_no_field_with_a_reserved_name(erp: Erp) -> None:
    answer = await erp.get("/api/resource/Custom Field", params={"fields": '["name","unique"]'})
    assert (answer.status_code, kind_of(answer)) == (500, "ProgrammingError")


async def test_a_file_s_name_changes_when_it_is_taken(erp: Erp) -> None:
    body = {"attached_to_doctype": "Sales Invoice", "attached_to_name": "X", "file_name": "a.pdf", "is_private": 1}
    names = []
    for content in (b"one", b"two"):
        sent = body | {"content": base64.b64encode(content).decode(), "decode": 1}
        names.append((await erp.post("/api/resource/File", json=sent)).json()["data"]["file_name"])
    assert names[0] == "a.pdf"
    assert names[1].startswith("a")
    assert len(names[1]) == len("a.pdf") + 6


async def test_requests_are_told_apart_by_what_they_ask(erp: Erp, control: ErpNextControl, book: str) -> None:
    path = f"{INVOICES}/{(await made(erp))['name']}"
    await erp.get(INVOICES, params={"filters": '[["po_no","=","HBL-0007"]]'})
    await erp.get(path)
    await erp.put(path, json={"po_no": "HBL-0007"})
    await erp.put(path, json={"docstatus": 1})

    noted = await control.requests(book)

    steps = [ErpStep.CREATE, ErpStep.FIND, ErpStep.READ, ErpStep.REPLACE, ErpStep.FINISH]
    assert [request.step for request in noted] == steps
    assert {request.number for request in noted} == {"HBL-0007", None}


def kind_of(answer: httpx.Response) -> str:
    """The exception that an answer names."""
    kind: str = answer.json()["exc_type"]
    return kind
