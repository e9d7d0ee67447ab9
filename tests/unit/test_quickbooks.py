"""A document in QuickBooks' words and back, and what its answers mean."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.export_worker.core.document import Document, DocumentLine
from services.export_worker.core.outcomes import (
    AuthExpired,
    Failure,
    Refusal,
    Refused,
    Reread,
    Unavailable,
    Unknown,
)
from services.export_worker.erp import exact
from services.export_worker.erp.http import Answer
from services.export_worker.erp.quickbooks_online.answers import failure_of
from services.export_worker.erp.quickbooks_online.mapping import (
    LONGEST_DOC_NUMBER,
    LONGEST_NUMBER,
    carries,
    mark_of,
    number_of,
    totals_of,
    written,
)
from services.export_worker.erp.quickbooks_online.query import quoted
from services.export_worker.erp.quickbooks_online.settings import QuickBooksSettings
from services.export_worker.erp.quickbooks_online.wire import Invoice

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CENTS = st.decimals(min_value=-(10**12), max_value=10**12, places=2)


def a_document(**changes: Any) -> Document:
    plain: dict[str, Any] = {
        "reference": "ironside:1001:90001:0",
        "number": "HBL-0007",
        "description": "Pay application 7",
        "customer": "1",
        "job": None,
        "invoice_date": date(2026, 10, 31),
        "due_date": None,
        "period_start": None,
        "period_end": None,
        "currency": "USD",
        "exchange_rate": Decimal(1),
        "lines": (DocumentLine(description="Concrete", amount=Decimal("100.00"), item="10"),),
        "retainage_held": Decimal(0),
        "retainage_released": Decimal(0),
        "retainage_account": "12",
        "tax": Decimal(0),
    }
    return Document(**(plain | changes))


def stands(document: Document, **changes: Any) -> Invoice:
    """What QuickBooks would show of it."""
    body = exact.read(exact.written(written(document)).encode())
    tax = body.get("TxnTaxDetail", {"TotalTax": 0})["TotalTax"]
    total = sum((Decimal(line["Amount"]) for line in body["Line"]), Decimal(0)) + Decimal(tax)
    return Invoice.model_validate(body | {"Id": "7", "TotalAmt": total} | changes)


@given(gross=CENTS, held=CENTS, released=CENTS, tax=CENTS)
def test_every_amount_comes_back_to_the_cent(gross: Decimal, held: Decimal, released: Decimal, tax: Decimal) -> None:
    line = DocumentLine(description="Concrete", amount=gross, item="10")
    document = a_document(lines=(line,), retainage_held=held, retainage_released=released, tax=tax)
    assert totals_of(stands(document)) == document.totals


def test_a_tax_goes_out_as_an_amount_with_its_code() -> None:
    body = written(a_document(tax=Decimal("8.25"), tax_code="3", retainage_held=Decimal(10)))
    assert body["TxnTaxDetail"] == {"TotalTax": Decimal("8.25"), "TxnTaxCodeRef": {"value": "3"}}
    assert [line["SalesItemLineDetail"]["TaxCodeRef"]["value"] for line in body["Line"]] == ["TAX", "NON"]


def test_a_foreign_currency_goes_out_with_its_rate() -> None:
    body = written(a_document(currency="CAD", exchange_rate=Decimal("0.7213")))
    assert (body["CurrencyRef"], body["ExchangeRate"]) == ({"value": "CAD"}, Decimal("0.7213"))
    assert "ExchangeRate" not in written(a_document())


def test_the_longest_number_and_its_mark_just_fit() -> None:
    assert len(number_of(a_document(number="N" * LONGEST_NUMBER))) == LONGEST_DOC_NUMBER


CARRIED = [
    ({}, True),
    ({"PrivateNote": ""}, True),
    ({"PrivateNote": "Voided - Owner invoice 7\n[invoice-export: ironside:1001:90001:0]"}, True),
    ({"PrivateNote": "[invoice-export: ironside:1001:90001:1]"}, False),
    ({"DocNumber": "HBL-0007"}, False),
]


@pytest.mark.parametrize(("changes", "is_ours"), CARRIED)
def test_mark_and_note_tell_whose_it_is(changes: dict[str, str], is_ours: bool) -> None:
    assert carries(stands(a_document(), **changes), "ironside:1001:90001:0") is is_ours


def test_another_generation_has_another_mark() -> None:
    assert mark_of("ironside:1001:90001:0") != mark_of("ironside:1001:90001:1")


def test_a_float_is_never_read_as_money() -> None:
    with pytest.raises(ValueError, match="money must come as a number"):
        Invoice.model_validate({"Id": "1", "TotalAmt": 0.1, "Line": []})


def test_a_literal_is_not_ended_by_what_it_holds() -> None:
    assert quoted("O'Neil \\") == r"'O\'Neil \\'"


def test_the_waits_outlast_the_vendor_s_longest_request() -> None:
    longest = timedelta(seconds=120)
    capabilities = QuickBooksSettings.model_validate({"realm_id": "1"}).capabilities()
    assert longest < capabilities.call_time_limit < capabilities.settles_after


def answer(status: int, code: str | None = None, text: str = "so it is", **headers: str) -> Answer:
    fault = {"Fault": {"Error": [{"Message": "Error", "Detail": text, "code": code, "element": "Line"}]}}
    body = json.dumps(fault if code else {}).encode()
    return Answer(status, None, headers, body)


REFUSALS = [
    ("6210", Refusal.PERIOD_CLOSED),
    ("6140", Refusal.DUPLICATE_NUMBER),
    ("610", Refusal.MISSING_MAPPING),
    ("2500", Refusal.MISSING_MAPPING),
    ("2020", Refusal.MISSING_FIELD),
    ("2050", Refusal.TOO_LONG),
    ("6070", Refusal.AMOUNT_MISMATCH),
    ("120", Refusal.NOT_ALLOWED),
    ("5020", Refusal.NOT_ALLOWED),
    ("6000", Refusal.UNSUPPORTED),
    ("99999", Refusal.UNSUPPORTED),
]


@pytest.mark.parametrize(("code", "refusal"), REFUSALS)
def test_our_sentence_comes_first_and_theirs_beside_it(code: str, refusal: Refusal) -> None:
    told = failure_of(answer(400, code), NOW)
    assert isinstance(told, Refused)
    assert (told.refusal, told.field) == (refusal, "Line")
    ours, _, theirs = told.text.partition(", then replay. QuickBooks says: ")
    assert "QuickBooks" in ours
    assert theirs == f"so it is (code {code})"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("The account period has closed", Refusal.PERIOD_CLOSED),
        ("Invalid currency for this customer", Refusal.CURRENCY),
    ],
)
def test_a_code_for_many_rules_is_told_by_words(text: str, refusal: Refusal) -> None:
    told = failure_of(answer(400, "6000", text), NOW)
    assert isinstance(told, Refused)
    assert told.refusal is refusal


OTHERS: list[tuple[Answer, type[Failure]]] = [
    (answer(400, "5010"), Reread),
    (answer(400, "6240"), Reread),
    (answer(400, "6190"), Unavailable),
    (answer(401, "3200"), AuthExpired),
    (answer(400), Unavailable),
    (answer(403), Refused),
    (answer(500, "10000"), Unknown),
    (answer(502), Unknown),
    (answer(503), Unknown),
    (answer(504), Unknown),
    (answer(408), Unknown),
]


@pytest.mark.parametrize(("said", "kind"), OTHERS)
def test_every_other_answer_has_its_class(said: Answer, kind: type[Failure]) -> None:
    assert isinstance(failure_of(said, NOW), kind)


def test_a_success_that_holds_a_fault_is_none() -> None:
    assert isinstance(failure_of(answer(200, "6210"), NOW), Refused)
    assert failure_of(answer(200), NOW) is None


def test_a_limit_waits_as_told_else_a_minute() -> None:
    for said, seconds in ((answer(429), 60), (answer(429, **{"retry-after": "7"}), 7), (answer(400, "3001"), 60)):
        assert failure_of(said, NOW) == Unavailable(
            "QuickBooks limits the rate (429).", NOW + timedelta(seconds=seconds)
        )


def test_the_gateway_s_small_letters_are_read_too() -> None:
    body = {"fault": {"error": [{"message": "AuthenticationFailed", "code": "3200"}], "type": "AUTHENTICATION"}}
    told = failure_of(Answer(400, None, {}, json.dumps(body).encode()), NOW)
    assert isinstance(told, AuthExpired)
