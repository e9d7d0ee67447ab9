"""What an approval covers (design law 5), and what it does not."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.export_worker.core.invoice import SHOWN_AMOUNTS, read_snapshot
from tests.support.builders import an_invoice

COVERED = {
    "number": {"number": 2},
    "invoice number": {"invoice_number": "HB-2"},
    "billing date": {"billing_date": "2026-01-29"},
    "period's start": {"period_start": "2026-01-02"},
    "period's end": {"period_end": "2026-01-29"},
    "contract": {"contract": {"id": 7, "title": "Library extension"}},
    "customer": {"formatted_contract_company": "Harbor Library"},
    "currency": {"currency_configuration": {"currency_iso_code": "CAD", "currency_exchange_rate": "1.0"}},
    "exchange rate": {"currency_configuration": {"currency_iso_code": "USD", "currency_exchange_rate": "1.1"}},
    "summary": {"g702": None},
    "lines": {"g703": []},
}
NOT_COVERED = {
    "status": {"status": "draft"},
    "payments": {"total_amount_paid": "100.00"},
    "link": {"origin_id": "SAGE-7", "origin_data": "{}"},
    "times": {"updated_at": "2026-12-31T00:00:00Z", "created_at": "2025-01-01T00:00:00Z"},
    "attachments": {"attachments": [{"id": 1}]},
    "percentages": {"percent_complete": "99.00"},
    "contract's title": {"contract": {"id": 88120, "title": "Renamed"}},
    "rate's spelling": {"currency_configuration": {"currency_iso_code": "USD", "currency_exchange_rate": 1}},
    "what is new in Procore": {"net_amount": "1.00"},
}
OF_A_LINE = {
    "origin_id": 1,
    "origin_type": "ChangeOrderPackage",
    "description_of_work": "Piles",
    "wbs_code": {"flat_code": "31-60"},
    "total_completed_and_stored_to_date": "1.00",
    "work_completed_retainage_retained_this_period": "1.00",
    "work_completed_retainage_released_this_period": "1.00",
    "materials_stored_retainage_retained_this_period": "1.00",
    "materials_stored_retainage_released_this_period": "1.00",
}
USUAL = read_snapshot(an_invoice()).fingerprint


def fingerprint_with(change):
    return read_snapshot(an_invoice() | change).fingerprint


@pytest.mark.parametrize("what", COVERED)
def test_a_change_of_content_changes_it(what):
    assert fingerprint_with(COVERED[what]) != USUAL


@pytest.mark.parametrize("line", an_invoice()["g702"])
def test_each_line_of_the_summary_changes_it(line):
    assert read_snapshot(an_invoice(g702={line: "123.45"})).fingerprint != USUAL


@pytest.mark.parametrize("field", OF_A_LINE)
def test_each_field_of_a_line_changes_it(field):
    raw = copy.deepcopy(an_invoice())
    raw["g703"][0][field] = OF_A_LINE[field]
    assert read_snapshot(raw).fingerprint != USUAL


@pytest.mark.parametrize("field", SHOWN_AMOUNTS)
def test_what_is_only_shown_of_a_line_leaves_it(field):
    raw = copy.deepcopy(an_invoice())
    raw["g703"][0][field] = "123.45"
    assert read_snapshot(raw).fingerprint == USUAL


@pytest.mark.parametrize("what", NOT_COVERED)
def test_what_nobody_approved_leaves_it(what):
    assert fingerprint_with(NOT_COVERED[what]) == USUAL


def test_the_order_of_the_lines_leaves_it():
    assert fingerprint_with({"g703": an_invoice()["g703"][::-1]}) == USUAL


@pytest.mark.parametrize("written", ["100", "100.0", "100.00", 100, 100.0, "1e2", " 100 "])
def test_how_an_amount_is_written_leaves_it(written):
    plain = read_snapshot(an_invoice(g702={"original_contract_sum": "100.00"})).fingerprint
    assert read_snapshot(an_invoice(g702={"original_contract_sum": written})).fingerprint == plain


def test_a_negative_zero_is_zero():
    zeros = {read_snapshot(an_invoice(g702={"total_retainage": zero})).fingerprint for zero in ("0", "-0.00", "-0.001")}
    assert len(zeros) == 1


@given(st.decimals(-(10**9), 10**9, places=2), st.decimals(-(10**9), 10**9, places=2))
def test_two_amounts_share_it_only_when_equal(one, other):
    prints = {read_snapshot(an_invoice(g702={"total_retainage": str(each)})).fingerprint for each in (one, other)}
    assert len(prints) == (1 if one == other else 2)
