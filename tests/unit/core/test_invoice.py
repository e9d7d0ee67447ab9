"""Reading what Procore shows: tolerant of everything, silent about nothing."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.export_worker.core.arithmetic import period_of, receivable_differs, sums_that_differ
from services.export_worker.core.billing import make_document
from services.export_worker.core.document import Document
from services.export_worker.core.invoice import SHOWN_AMOUNTS, read_snapshot
from shared.ledger.words import Reason
from tests.support.builders import INVOICE_ID, TERMS, a_billing, a_snapshot, an_invoice, problems_of
from tests.support.cast import CONTRACT, OWNER


def test_a_faultless_invoice_is_read_whole():
    snapshot = a_snapshot()
    assert snapshot.payment_application_id == str(INVOICE_ID)
    assert (snapshot.number, snapshot.invoice_number, snapshot.status) == (1, "HB-2026-001", "approved")
    assert (snapshot.contract_id, snapshot.contract_title) == (CONTRACT, "Library extension")
    assert (snapshot.customer_name, snapshot.currency, snapshot.exchange_rate) == (OWNER, "USD", 1)
    assert (snapshot.billing_date, snapshot.period_start) == (date(2026, 1, 28), date(2026, 1, 1))
    assert snapshot.created_at == datetime(2026, 1, 2, 8, tzinfo=UTC)
    assert snapshot.is_approved
    assert snapshot.problems == ()
    line = snapshot.lines[0]
    assert (line.key, line.description, line.cost_code) == ("LineItem:440001", "Line 1", "03-001")
    assert (line.retained_this_period, line.released_this_period, line.currently_retained) == (1100, 0, 1100)


@pytest.mark.parametrize(
    ("written", "read"), [("100000.00", Decimal(100_000)), (None, None), ("n/a", None), ([1], None)]
)
@pytest.mark.parametrize("field", SHOWN_AMOUNTS)
def test_what_is_only_shown_of_a_line_is_never_a_problem(field, written, read):
    raw = an_invoice()
    raw["g703"][0][field] = written
    snapshot = read_snapshot(raw)
    assert (getattr(snapshot.lines[0], field), snapshot.problems) == (read, ())
    assert snapshot.lines[0].item_number == "1"


@pytest.mark.parametrize("amount", ["12500.5", "12500.50", 12500.5, " 12500.50 ", "+12500.50", "1.25005E4"])
def test_amounts_are_exact_however_they_are_written(amount):
    snapshot = a_snapshot(g702={"original_contract_sum": amount})
    assert snapshot.g702.original_contract_sum == Decimal("12500.50")


def test_a_float_is_never_counted_in_binary():
    assert a_snapshot(g702={"tax_applicable_to_this_payment": 0.1}).g702.tax_applicable_to_this_payment == Decimal(
        "0.1"
    )
    parsed = json.loads('{"tax_applicable_to_this_payment": 0.1}', parse_float=Decimal)
    assert a_snapshot(g702=parsed).g702.tax_applicable_to_this_payment == Decimal("0.1")


@pytest.mark.parametrize("absent", ["", "  ", "null", "NULL", "None", "Empty", None])
def test_the_words_for_nothing_are_nothing(absent):
    snapshot = a_snapshot(invoice_number=absent, billing_date=absent, origin_id=absent, updated_at=absent)
    assert (snapshot.invoice_number, snapshot.billing_date) == (None, None)
    assert (snapshot.origin_id, snapshot.updated_at) == (None, None)
    assert snapshot.problems == ()


ODD = (
    *("one hundred", "NaN", "sNaN", "Infinity", "-Infinity", "1e16", "-1e400", "1e400", "1e9999999"),
    *("1,000.00", "12 000.00", "1_000", "1_000.00", "(12.00)", "$12.00", "0x1F", "\u0661\u0662"),
)


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_amount_is_a_problem_with_its_place(odd):
    (problem,) = a_snapshot(g702={"original_contract_sum": odd}).problems
    assert problem.reason is Reason.MISSING_FIELD
    assert problem.detail == f"g702.original_contract_sum is not an amount: {odd!r}"


OTHER_KINDS = [(True, "true"), (False, "false"), ([], "[...]"), (["12.00"], "[...]"), ({}, "{...}")]


@pytest.mark.parametrize(("value", "shown"), OTHER_KINDS)
def test_a_value_of_another_kind_is_a_problem(value, shown):
    amounts = {"total_retainage": value, "tax_applicable_to_this_payment": value}
    told = [problem.detail for problem in a_snapshot(g702=amounts, billing_date=value, number=value).problems]
    assert told == [
        f"g702.total_retainage is not an amount: {shown!r}",
        f"g702.tax_applicable_to_this_payment is not an amount: {shown!r}",
        f"number is not a whole number: {shown!r}",
        f"billing_date is not a date: {shown!r}",
    ]


@pytest.mark.parametrize("missing", [None, "", "null"])
def test_a_missing_amount_is_a_problem(missing):
    (problem,) = a_snapshot(g702={"total_retainage": missing}).problems
    assert problem.detail == "an amount (g702.total_retainage) is missing"


def test_a_missing_tax_is_no_tax():
    assert a_snapshot(g702={"tax_applicable_to_this_payment": None}).g702.tax_applicable_to_this_payment == 0


@pytest.mark.parametrize("summary", [None, "null", [], 7])
def test_a_missing_summary_is_one_problem(summary):
    snapshot = read_snapshot(an_invoice() | {"g702": summary})
    assert snapshot.g702 is None
    assert [problem.detail for problem in snapshot.problems] == ["the G702 summary (g702) is missing"]
    assert sums_that_differ(snapshot) == ()
    assert receivable_differs(snapshot, period_of(snapshot, None)) == ()
    assert period_of(snapshot, None).tax == 0


@pytest.mark.parametrize("lines", [None, [], "none"])
def test_a_row_of_a_list_has_no_lines(lines):
    assert read_snapshot(an_invoice() | {"g703": lines}).lines == ()


def test_an_odd_line_is_named_by_its_place():
    raw = an_invoice()
    raw["g703"][1]["total_completed_and_stored_to_date"] = "?"
    assert read_snapshot(raw).problems[0].detail.startswith("g703[1].total_completed_and_stored_to_date")


def test_dates_and_numbers_that_are_none_are_problems():
    snapshot = a_snapshot(billing_date="31.03.2026", number="four", created_at="yesterday")
    assert [problem.detail for problem in snapshot.problems] == [
        "number is not a whole number: 'four'",
        "billing_date is not a date: '31.03.2026'",
        "created_at is not a time: 'yesterday'",
    ]


@pytest.mark.parametrize("odd", ["1_000", "\u0663", "4.0", "1e2", 2**31, -(2**31), "9" * 5000])
def test_an_odd_number_is_a_problem_with_its_place(odd):
    (problem,) = a_snapshot(number=odd).problems
    assert problem.detail == f"number is not a whole number: {str(odd)[:40]!r}"


@pytest.mark.parametrize("far", ["0001-01-01", "1899-12-31", "3000-01-01", "9999-12-31"])
def test_a_date_beyond_all_reckoning_is_a_problem(far):
    snapshot = a_snapshot(billing_date=far, updated_at=f"{far}T00:00:00Z")
    assert [problem.detail for problem in snapshot.problems] == [
        f"billing_date is not a date: {far!r}",
        f"updated_at is not a time: '{far}T00:00:00Z'",
    ]


def test_times_are_utc_whatever_their_zone():
    snapshot = a_snapshot(created_at="2026-03-31T23:30:00-06:00", updated_at="2026-04-01T05:30:00")
    assert snapshot.created_at == snapshot.updated_at == datetime(2026, 4, 1, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spelling", "status"),
    [
        ("approved", "approved"),
        (" Approved ", "approved"),
        ("Under Review", "under_review"),
        ("Revise & Resubmit", "revise_and_resubmit"),
        ("approved_as_noted", "approved_as_noted"),
        ("APPROVED?", "approved?"),
        (None, "unknown"),
        (7, "7"),
    ],
)
def test_only_approved_is_approved(spelling, status):
    snapshot = a_snapshot(status=spelling)
    assert snapshot.status == status
    assert snapshot.is_approved is (status == "approved")


def test_the_date_falls_back_to_period_and_creation():
    assert a_snapshot().dated == date(2026, 1, 28)
    assert a_snapshot(billing_date=None).dated == date(2026, 1, 28)
    assert a_snapshot(billing_date=None, period_end=None).dated == date(2026, 1, 28)
    nothing = {"billing_date": None, "period_end": None, "billing_period": None}
    assert a_snapshot(**nothing).dated == date(2026, 1, 2)
    assert a_snapshot(**nothing, created_at=None).dated is None


def test_lines_have_keys_even_without_an_origin():
    raw = an_invoice()
    raw["g703"][0] |= {"origin_id": None, "item_number": 7}
    raw["g703"][1] |= {"origin_id": None, "item_number": None}
    assert [line.key for line in read_snapshot(raw).lines] == ["item:7", "item:1"]


def test_a_lines_own_description_and_code_come_first():
    raw = an_invoice()
    raw["g703"][0] |= {"description_override": "Piles", "wbs_code": None, "cost_code": {"full_code": "31-60"}}
    raw["g703"][1] |= {"description_of_work": None, "wbs_code": {}, "cost_code": None}
    first, second = read_snapshot(raw).lines
    assert (first.description, first.cost_code) == ("Piles", "31-60")
    assert (second.description, second.cost_code) == ("", None)


def test_what_no_database_stores_is_left_out():
    snapshot = a_snapshot(formatted_contract_company="Har\x00bor \ud800Library")
    assert snapshot.customer_name == "Harbor ?Library"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.decimals()
    | st.sampled_from(["9" * 40, "1e999999999", "0001-01-01", "9999-12-31T23:59:59-12:00", "2026-W01-1", "null"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
places = st.sampled_from(
    [(name,) for name in an_invoice()]
    + [("g702", name) for name in an_invoice()["g702"]]
    + [("g703", 0, name) for name in an_invoice()["g703"][0]]
    + [("contract", "id"), ("currency_configuration", "currency_exchange_rate"), ("billing_period", "end_date")]
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(an_invoice())) | st.text(), json_values))
def test_any_object_is_read_and_never_sent(raw):
    snapshot = read_snapshot(raw)
    assert len(snapshot.fingerprint) == 64
    assert problems_of(a_billing(snapshot))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(places, json_values), min_size=1, max_size=4))
def test_garbage_in_any_field_is_read(garbage):
    raw = json.loads(json.dumps(an_invoice()))
    for (*parents, name), value in garbage:
        node = raw
        for parent in parents:
            node = node[parent] if isinstance(node, dict | list) and _has(node, parent) else {}
        if isinstance(node, dict):
            node[name] = value
    snapshot = read_snapshot(raw)
    assert len(snapshot.fingerprint) == 64
    period = period_of(snapshot, a_snapshot())
    assert all(problem.detail for problem in (*sums_that_differ(snapshot), *receivable_differs(snapshot, period)))
    made = make_document(a_billing(snapshot, terms=replace(TERMS, payment_days=365)))
    assert isinstance(made, Document) or all(problem.detail for problem in made)


def _has(node, key):
    return key in node if isinstance(node, dict) else isinstance(key, int) and key < len(node)
