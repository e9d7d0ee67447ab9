"""From an invoice to the document: each limit of the ERP, each grain of lines, each rule for the date."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.export_worker.core.billing import make_document
from services.export_worker.core.capabilities import Capabilities, RetainageShape, Step
from services.export_worker.core.document import Document
from services.export_worker.core.invoice import read_snapshot
from shared.connections.mappings import Mapping, MappingKind, Mappings
from shared.ledger.words import Reason
from tests.support.builders import (
    CAPABILITIES,
    MAPPINGS,
    TERMS,
    a_billing,
    a_contract,
    a_document,
    a_snapshot,
    an_invoice,
    problems_of,
    work,
)
from tests.support.cast import OWNER, PROJECT

NOTHING_DUE = read_snapshot(a_contract((work(1, "100"),), (work(1),))[1])
TAKEN_BACK = read_snapshot(a_contract((work(1, "100"),), (work(1, "-40"),))[1])
BEFORE = read_snapshot(a_contract((work(1, "100"),))[0])
FREE = read_snapshot(a_contract((work(1, "100", work_retainage_percent=Decimal(0)),))[0])
ALL_MAPPED = frozenset({"customer", "job", "account", "retainage_account"})


def able(**changes):
    return replace(CAPABILITIES, **changes)


def told(snapshot=None, **changes):
    return [(problem.reason, problem.detail) for problem in problems_of(a_billing(snapshot, **changes))]


def test_a_document_is_in_the_erps_own_words():
    document = a_document()
    assert (document.reference, document.number) == ("ironside:4907:7700123:1", "HB-2026-001")
    assert (document.customer, document.job, document.retainage_account) == ("C-100", "J-100", "1180")
    assert (document.invoice_date, document.period_end) == (date(2026, 1, 28), date(2026, 1, 28))
    assert (document.currency, document.exchange_rate) == ("USD", 1)
    assert [(line.description, line.amount, line.cost_code, line.account) for line in document.lines] == [
        ("Line 1", 12000, "03-001", "4000"),
        ("Line 2", 5000, "03-002", "4000"),
    ]
    assert document.description == "Owner invoice 1 of Library extension"
    assert a_document(a_snapshot(contract={"id": 1})).description == "Owner invoice 1"


LIMITS = {
    "negative": (TAKEN_BACK, able(), "the ERP takes no negative invoice (-36.00)", {"previous": BEFORE}),
    "zero": (NOTHING_DUE, able(), "the ERP takes no invoice of 0.00", {"previous": BEFORE}),
    "retainage": (None, able(retainage_shape=RetainageShape.UNSUPPORTED), "the ERP takes no retainage", {}),
    "first open day": (
        None,
        able(),
        "the ERP does not tell its open days: choose another accounting date",
        {"terms": replace(TERMS, accounting_date="first_open_day")},
    ),
}


@pytest.mark.parametrize("what", LIMITS)
def test_what_the_erp_cannot_take_is_held_before_any_call(what):
    snapshot, capabilities, detail, changes = LIMITS[what]
    assert told(snapshot, capabilities=capabilities, **changes) == [(Reason.UNSUPPORTED, detail)]


def test_what_the_erp_can_take_is_taken():
    assert a_document(TAKEN_BACK, previous=BEFORE, capabilities=able(negative_totals=True)).totals.receivable == -36
    assert a_document(NOTHING_DUE, previous=BEFORE, capabilities=able(zero_totals=True)).lines == ()
    assert a_document(FREE, capabilities=able(retainage_shape=RetainageShape.UNSUPPORTED)).retainage_held == 0


def test_a_number_may_be_as_long_as_the_erp_says():
    assert a_document(capabilities=able(max_number_length=11)).number == "HB-2026-001"
    assert told(capabilities=able(max_number_length=10)) == [
        (Reason.TOO_LONG, "the number 'HB-2026-001' is longer than the ERP's 10 characters")
    ]


def test_every_text_that_is_sent_is_measured():
    longest = len("Owner invoice 1 of Library extension")
    too_long = [(Reason.TOO_LONG, f"a description is longer than the ERP's {longest - 1} characters")]
    assert a_document(capabilities=able(max_text_length=longest))
    assert told(capabilities=able(max_text_length=longest - 1)) == too_long
    raw = an_invoice()
    raw["g703"][1]["description_of_work"] = "x" * 50
    by_line, summary = able(max_text_length=49), replace(TERMS, lines="summary")
    assert told(read_snapshot(raw), capabilities=by_line)[0][0] is Reason.TOO_LONG
    assert a_document(read_snapshot(raw), capabilities=by_line, terms=summary)


def test_only_currencies_of_the_erp_are_sent():
    assert a_document(capabilities=able(currencies=frozenset({"USD", "CAD"})))
    assert told(capabilities=able(currencies=frozenset({"EUR", "CAD"}))) == [
        (Reason.CURRENCY, "the ERP takes CAD, EUR, not USD")
    ]


MISSING = {
    "number in the contract": {"number": None},
    "invoice number": {"invoice_number": " "},
    "prime contract": {"contract": None},
    "owner": {"formatted_contract_company": None},
    "currency": {"currency_configuration": {"currency_iso_code": "null"}},
    "billing date": {"billing_date": None},
}


@pytest.mark.parametrize("what", MISSING)
def test_each_field_that_an_erp_needs_is_asked_for(what):
    assert told(a_snapshot(**MISSING[what])) == [(Reason.MISSING_FIELD, f"the {what} is missing")]


UNMAPPED = {
    "customer": f"the owner {OWNER!r} has no customer in the ERP",
    "job": f"project {PROJECT} has no job in the ERP",
    "account": "cost code 03-001 has no account in the ERP",
    "retainage_account": "retainage has no account in the ERP",
}


@pytest.mark.parametrize("kind", UNMAPPED)
def test_each_mapping_that_an_erp_needs_is_asked_for(kind):
    mappings = Mappings(tuple(each for each in MAPPINGS.entries if each.kind != kind))
    details = told(mappings=mappings, capabilities=able(required_mappings=ALL_MAPPED))
    assert details[0] == (Reason.MISSING_MAPPING, UNMAPPED[kind])
    assert len(details) == (2 if kind == "account" else 1)
    assert isinstance(a_document(mappings=mappings, capabilities=able(required_mappings=frozenset())), Document)


def test_an_invoice_without_retainage_needs_no_account_for_it():
    mappings = Mappings(tuple(each for each in MAPPINGS.entries if each.kind != MappingKind.RETAINAGE_ACCOUNT))
    document = a_document(FREE, mappings=mappings, capabilities=able(required_mappings=ALL_MAPPED))
    assert document.retainage_account is None


def test_a_line_without_a_code_needs_an_account_too():
    raw = an_invoice()
    raw["g703"][0]["wbs_code"] = None
    only = Mappings((Mapping(kind=MappingKind.ACCOUNT, erp_id="4000", procore_id="03-002"),))
    details = told(read_snapshot(raw), mappings=only, capabilities=able(required_mappings=frozenset({"account"})))
    assert details == [(Reason.MISSING_MAPPING, "cost code none has no account in the ERP")]


def test_all_problems_are_told_at_once_and_in_order():
    snapshot = a_snapshot(
        created_at="?", invoice_number=None, formatted_contract_company="Nobody", g702={"current_payment_due": "1.00"}
    )
    capabilities = able(currencies=frozenset({"EUR"}), retainage_shape=RetainageShape.UNSUPPORTED)
    assert [reason for reason, _ in told(snapshot, capabilities=capabilities)] == [
        Reason.MISSING_FIELD,
        Reason.MISSING_FIELD,
        Reason.SUMS_DIFFER,
        Reason.SUMS_DIFFER,
        Reason.MISSING_MAPPING,
        Reason.CURRENCY,
        Reason.UNSUPPORTED,
    ]


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("grain", ["g703", "cost_code", "summary"])
def test_every_grain_keeps_the_totals(nth, grain):
    previous = a_snapshot(nth - 1) if nth > 1 else None
    terms = replace(TERMS, lines=grain)
    assert a_document(a_snapshot(nth), previous=previous, terms=terms).totals == (
        a_document(a_snapshot(nth), previous=previous).totals
    )


def test_lines_of_one_cost_code_become_one():
    raw = an_invoice()
    for line in raw["g703"]:
        line["wbs_code"] = {"flat_code": "03"}
    document = a_document(read_snapshot(raw), terms=replace(TERMS, lines="cost_code"))
    assert [(line.description, line.amount) for line in document.lines] == [("03", 17000)]


def test_work_without_a_cost_code_is_called_so():
    raw = an_invoice()
    raw["g703"][0]["wbs_code"] = None
    document = a_document(read_snapshot(raw), terms=replace(TERMS, lines="cost_code"))
    assert [(line.description, line.cost_code) for line in document.lines] == [
        ("Without cost code", None),
        ("03-002", "03-002"),
    ]


def test_a_line_without_words_is_called_by_its_key():
    raw = an_invoice()
    raw["g703"][0]["description_of_work"] = None
    assert a_document(read_snapshot(raw)).lines[0].description == "LineItem:440001"


IN_DENVER = datetime(2026, 3, 31, 23, 30, tzinfo=ZoneInfo("America/Denver")).astimezone(UTC)
DATES = {
    "billing_date": date(2026, 1, 28),
    "approval_date": date(2026, 3, 31),
    "today": date(2026, 4, 1),
}


@pytest.mark.parametrize("rule", DATES)
def test_accounting_dates_are_in_the_connections_time_zone(rule):
    """Approved at 23:30 in Denver, which is the next month in UTC; sent two hours later."""
    terms = replace(TERMS, accounting_date=rule)
    document = a_document(terms=terms, approved_at=IN_DENVER, now=IN_DENVER + timedelta(hours=2))
    assert document.invoice_date == DATES[rule]


def test_without_a_billing_date_other_rules_still_work():
    terms = replace(TERMS, accounting_date="today")
    assert a_document(a_snapshot(billing_date=None), terms=terms).invoice_date == date(2026, 5, 4)


@settings(deadline=None)
@given(st.lists(st.decimals(-(10**6), 10**6, places=4), min_size=1, max_size=5), st.sampled_from(("g703", "summary")))
def test_a_document_is_never_a_cent_beside_line_8(balances, grain):
    """Also where Procore shows parts of a cent: it is exact, or held."""
    raw = an_invoice()
    lines = [
        dict(raw["g703"][0], origin_id=n, total_completed_and_stored_to_date=str(b)) for n, b in enumerate(balances)
    ]
    due = sum(balances)
    names = ("original_contract_sum", "contract_sum_to_date", "total_completed_and_stored_to_date")
    summary = dict.fromkeys(raw["g702"], "0.00") | {
        name: str(due) for name in (*names, "total_earned_less_retainage", "current_payment_due")
    }
    billing = a_billing(
        read_snapshot(raw | {"g702": summary, "g703": lines}),
        capabilities=able(negative_totals=True, zero_totals=True),
        terms=replace(TERMS, lines=grain),
    )
    made = make_document(billing)
    assert isinstance(made, tuple) or made.totals.receivable == due.quantize(Decimal("0.01"))


def test_the_same_document_has_the_same_key():
    one, other = a_document(), a_document(terms=replace(TERMS, lines="summary"))
    assert one.request_key == a_document().request_key
    assert len(one.request_key) == 36
    assert len({one.request_key, other.request_key, a_document(reference="r").request_key}) == 3
    assert Document.model_validate(one.model_dump(mode="json")).content_hash == one.content_hash


def test_an_absence_is_proven_no_earlier_than_the_call_may_end():
    minute = timedelta(minutes=1)
    capable = Capabilities(
        exports_owner_invoices=True, steps=(Step.CREATE,), settles_after=minute, look_up_staleness=minute
    )
    assert capable.absence_proven_after == 2 * minute
    assert capable.absence_proven_after_start >= capable.call_time_limit + 2 * minute
    with pytest.raises(ValueError, match="settles_after"):
        able(settles_after=timedelta(seconds=59))
