"""Each way in which ERPNext says no has its class and a sentence that an accountant understands."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.export_worker.core.outcomes import (
    AuthExpired,
    Refusal,
    Refused,
    Reread,
    Unavailable,
    Unknown,
)
from services.export_worker.erp.erpnext.answers import Crashed, Taken, failure_of, says_gone
from services.export_worker.erp.erpnext.messages import told_in
from services.export_worker.erp.http import LONGEST_TEXT, Answer

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TRACEBACK = 'Traceback (most recent call last):\n  File "apps/erpnext/secret.py"'


def said(status: int, kind: str, text: str, *messages: str) -> Answer:
    """An answer in Frappe's form: `text` in the exception, `messages` packed as it packs them."""
    body: dict[str, Any] = {"exc_type": kind, "exception": f"frappe.exceptions.{kind}: {text}"}
    body["exc"] = json.dumps([TRACEBACK])
    if messages:
        body["_server_messages"] = json.dumps([json.dumps({"message": one, "indicator": "red"}) for one in messages])
    return Answer(status, body, content=json.dumps(body).encode())


REFUSED = [
    (417, "ClosedAccountingPeriod", "within the closed Accounting Period", Refusal.PERIOD_CLOSED, "Period 2026-10"),
    (417, "ValidationError", "You are not authorized to add or update entries before 31-10-2026", "period_closed", ""),
    (417, "ValidationError", "Books have been closed till the period ending on 31-10-2026", "period_closed", ""),
    (417, "FiscalYearError", "Posting Date 1-1-2031 is not in any active Fiscal Year", "period_closed", "fiscal year"),
    (409, "DuplicateEntryError", "Sales Invoice ACC-1 already exists", "duplicate_number", "naming series"),
    (417, "LinkValidationError", "Could not find Row #1: Income Account: X", "missing_mapping", "mapping"),
    (404, "DoesNotExistError", "Item X not found", "missing_mapping", "mapping"),
    (417, "PartyDisabled", "Customer X is disabled", "missing_mapping", "not in use"),
    (417, "ValidationError", "Customer X does not belong to project PROJ-1", "missing_mapping", ""),
    (417, "ValidationError", "Account X is a group account", "missing_mapping", ""),
    (417, "MandatoryError", "[Sales Invoice, X]: customer", "missing_field", "empty"),
    (417, "ValidationError", "Please enter Cost Center", "missing_field", "empty"),
    (417, "CharacterLengthExceededError", "will get truncated", "too_long", "longer"),
    (500, "DataError", "(1406, \"Data too long for column 'po_no'\")", "too_long", "longer"),
    (500, "DataError", "(1264, \"Out of range value for column 'rate'\")", "unsupported", "amount is larger"),
    (417, "ValidationError", "rate must be a positive number. To Allow negative rates", "unsupported", "below zero"),
    (417, "ValidationError", "Due Date cannot be after 30-11-2026", "unsupported", "due date"),
    (417, "ValidationError", "Debit and Credit not equal for Sales Invoice #X", "amount_mismatch", "balance"),
    (417, "InvalidAccountCurrency", "Party Account X currency (USD) and EUR should be same", "currency", "currency"),
    (417, "ValidationError", "Exchange Rate is mandatory for EUR to USD", "currency", "currency"),
    (403, "PermissionError", "No permission for Sales Invoice", "not_allowed", "right"),
    (417, "WorkflowPermissionError", "Workflow State transition not allowed", "not_allowed", "workflow"),
    (417, "ValidationError", "Credit limit has been crossed for customer X", "not_allowed", "limit"),
    (
        500,
        "OperationalError",
        "(1054, \"Unknown column 'tabSales Invoice.procore_reference'\")",
        "not_allowed",
        "prepare",
    ),
    (417, "DataError", "Field not permitted in query: procore_reference", "not_allowed", "prepare"),
    (417, "ValidationError", "Something that nobody has ever seen", "unsupported", "as it is"),
]


@pytest.mark.parametrize(("status", "kind", "text", "refusal", "ours"), REFUSED)
def test_each_refusal_has_its_class_and_sentence(status: int, kind: str, text: str, refusal: str, ours: str) -> None:
    for answer in (said(status, kind, text), said(status, kind, "", text)):
        outcome = failure_of(answer, NOW, "Period 2026-10")

        assert isinstance(outcome, Refused)
        assert outcome.refusal == refusal
        sentence, _, theirs = outcome.text.partition(" ERPNext says: ")
        assert ours in sentence
        assert theirs == text


OTHERS = [
    (417, "UniqueValidationError", "must be unique", Taken),
    (417, "TimestampMismatchError", "Document has been modified after you have opened it", Reread),
    (417, "UpdateAfterSubmitError", "Not allowed to change Items after submission", Reread),
    (417, "DocstatusTransitionError", "Cannot change docstatus from 1 to 0", Reread),
    (417, "ValidationError", "Cannot edit cancelled document", Reread),
    (500, "QueryDeadlockError", "Deadlock found", Unavailable),
    (500, "QueryTimeoutError", "Lock wait timeout exceeded", Unavailable),
    (500, "OperationalError", "(1040, 'Too many connections')", Unavailable),
    (503, "SessionStopped", "Session Stopped", Unavailable),
    (503, "InReadOnlyMode", "We are in read only mode", Unavailable),
    (417, "DocumentLockedError", "This document is currently locked and queued for execution", Unavailable),
    (500, "OperationalError", "(2013, 'Lost connection to MySQL server during query')", Unknown),
    (500, "OperationalError", "(2006, 'Server has gone away')", Unknown),
    (500, "ConnectionError", "Error 111 connecting to redis_queue:11000", Unknown),
    (500, "AttributeError", "'NoneType' object has no attribute 'default_currency'", Crashed),
    (500, "TypeError", "'NoneType' object is not subscriptable", Crashed),
    (401, "AuthenticationError", "Invalid API key or secret", AuthExpired),
]


@pytest.mark.parametrize(("status", "kind", "text", "outcome"), OTHERS)
def test_what_is_no_refusal_has_its_outcome(status: int, kind: str, text: str, outcome: type) -> None:
    assert type(failure_of(said(status, kind, text), NOW)) is outcome


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(500, Unknown), (502, Unknown), (503, Unknown), (504, Unknown), (307, Unknown), (400, Unavailable)],
)
def test_a_proxy_s_page_leaves_a_write_open(status: int, outcome: type) -> None:
    page = Answer(status, None, content=b"<h1>Bad Gateway</h1>")
    assert type(failure_of(page, NOW)) is outcome


def test_a_proxy_s_time_out_is_never_believed() -> None:
    assert type(failure_of(said(504, "ValidationError", "anything"), NOW)) is Unknown


def test_a_rate_limit_tells_when_to_come_again() -> None:
    limited = Answer(429, None, {"retry-after": "7"})
    assert failure_of(limited, NOW) == Unavailable("ERPNext limits the rate (429).", NOW + timedelta(seconds=7))


def test_messages_lose_markup_and_tracebacks_stay_behind() -> None:
    told = told_in(
        said(417, "ValidationError", "x", "Rate of <strong>Work &amp; more</strong><br>is   wrong", "Second")
    )
    assert told is not None
    assert told.text == "Rate of Work & more is wrong; Second"
    assert "Traceback" not in repr(failure_of(said(500, "TypeError", "x"), NOW))


@pytest.mark.parametrize("packed", ["", "not JSON", "[1, 2]", '["not JSON"]', '[{"message": 1}]', 7, None, [[]], {}])
def test_messages_that_cannot_be_unpacked_are_left_out(packed: object) -> None:
    body = {"exc_type": "ValidationError", "exception": "frappe.exceptions.ValidationError: plain words"}
    answer = Answer(417, None, content=json.dumps(body | {"_server_messages": packed}).encode())
    told = told_in(answer)
    assert told is not None
    assert told.text in {"plain words", "1"}


def test_long_words_of_the_vendor_are_bounded() -> None:
    outcome = failure_of(said(417, "ValidationError", "x" * 5000), NOW)
    assert isinstance(outcome, Refused)
    assert len(outcome.text) <= LONGEST_TEXT


def test_the_name_is_found_without_its_type() -> None:
    body = {"exception": "frappe.exceptions.UniqueValidationError: Sales Invoice"}
    assert type(failure_of(Answer(417, body, content=json.dumps(body).encode()), NOW)) is Taken


def test_only_erpnext_itself_says_that_something_is_gone() -> None:
    assert says_gone(said(404, "DoesNotExistError", "Sales Invoice X not found"))
    assert not says_gone(Answer(404, None, content=b"<h1>nginx</h1>"))
    assert not says_gone(said(417, "DoesNotExistError", "Item X not found"))
