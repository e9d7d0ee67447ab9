"""The sums of G702 and G703, inside one invoice and over a sequence of invoices of one contract."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.export_worker.core.arithmetic import period_of, receivable_differs, sums_that_differ
from services.export_worker.core.invoice import read_snapshot
from shared.ledger.words import Reason
from tests.support.builders import a_contract, a_snapshot, an_invoice, work

LINES = {
    "contract_sum_to_date": "line 3",
    "completed_work_retainage_amount": "line 5",
    "stored_materials_retainage_amount": "line 5",
    "net_change_by_change_orders": "line 3",
    "current_payment_due": "line 8",
    "less_previous_certificates_for_payment": "line 8",
    "balance_to_finish_including_retainage": "line 9",
    "total_completed_and_stored_to_date": "line 4 and the G703 lines",
    "total_retainage": "line 5 and the G703 lines",
    "total_earned_less_retainage": "line 6",
}


def read(*periods, **changes):
    return [read_snapshot(raw) for raw in a_contract(*periods, **changes)]


def periods_of(snapshots):
    return [period_of(now, before) for before, now in zip([None, *snapshots], snapshots, strict=False)]


def whats(problems):
    return [problem.detail.partition(":")[0] for problem in problems]


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_consistent_invoice_adds_up(nth):
    assert sums_that_differ(a_snapshot(nth)) == ()


@pytest.mark.parametrize("field", LINES)
def test_each_line_of_the_form_is_checked(field):
    differing = sums_that_differ(a_snapshot(2, g702={field: "7.77"}))
    assert LINES[field] in whats(differing)
    assert {problem.reason for problem in differing} == {Reason.SUMS_DIFFER}


def test_a_difference_shows_both_figures():
    (problem,) = sums_that_differ(a_snapshot(g702={"balance_to_finish_including_retainage": "1234.5"}))
    assert problem.detail == "line 9: 1,234.50 is stated, 184,600.00 is computed"


def test_less_than_a_cent_is_no_difference():
    due = a_snapshot().g702.current_payment_due
    assert sums_that_differ(a_snapshot(g702={"current_payment_due": str(due + Decimal("0.004"))})) == ()
    assert whats(sums_that_differ(a_snapshot(g702={"current_payment_due": str(due + Decimal("0.01"))}))) == ["line 8"]


def test_retainage_by_line_counts_only_when_every_line_tells():
    raw = an_invoice()
    raw["g703"][0]["total_retainage_currently_retained"] = "0.00"
    assert whats(sums_that_differ(read_snapshot(raw))) == ["line 5 and the G703 lines"]
    del raw["g703"][1]["total_retainage_currently_retained"]
    assert sums_that_differ(read_snapshot(raw)) == ()


def test_without_lines_line_4_stands_alone():
    assert whats(sums_that_differ(read_snapshot(an_invoice() | {"g703": []}))) == ["line 4 and the G703 lines"]


def test_the_first_period_is_all_there_is():
    totals = period_of(a_snapshot(1), None).totals
    assert (totals.gross, totals.retainage_held, totals.retainage_released) == (17000, 1600, 0)
    assert totals.receivable == Decimal("15400.00") == a_snapshot(1).g702.current_payment_due


def test_a_later_period_is_the_difference_of_balances():
    """12,000 of work, of which 1,500 was stored material before; a change order begins."""
    period = period_of(a_snapshot(2), a_snapshot(1))
    assert {line.key: line.gross for line in period.lines} == {
        "LineItem:440001": 10500,
        "ChangeOrderPackage:440003": 4000,
    }
    assert (period.retainage_held, period.retainage_released) == (1600, 75)


def test_a_line_that_is_gone_is_taken_back():
    first, second = read((work(1, "100"), work(2, "50")), (work(1, "10"),))
    period = period_of(second, first)
    assert {line.key: line.gross for line in period.lines} == {"LineItem:440001": 10, "LineItem:440002": -50}
    assert (period.retainage_held, period.retainage_released) == (0, 4)
    assert receivable_differs(second, period) == ()


def test_a_line_that_is_new_counts_in_full():
    first, second = read((work(1, "100"),), (work(1), work(2, "50")))
    assert [line.gross for line in period_of(second, first).lines] == [50]


def test_lines_that_share_a_key_are_told_apart():
    first, second = a_contract((work(1, "100"), work(2, "200")), (work(1, "1"), work(2, "50")))
    for raw in (first, second):
        for line in raw["g703"]:
            line |= {"origin_type": "ChangeOrderPackage", "origin_id": 9}
    period = period_of(read_snapshot(second), read_snapshot(first))
    assert [line.gross for line in period.lines] == [1, 50]


def test_work_taken_back_makes_a_negative_invoice():
    first, second = read((work(1, "100"),), (work(1, "-40"),))
    period = period_of(second, first)
    assert (period.totals.gross, period.totals.receivable) == (-40, -36)
    assert receivable_differs(second, period) == ()


def test_an_invoice_of_nothing_has_no_lines():
    first, second = read((work(1, "100"),), (work(1),))
    assert period_of(second, first).lines == ()
    assert period_of(second, first).totals.receivable == 0


def test_the_release_of_retainage_is_due_without_work():
    first, second = read((work(1, "100"),), (work(1, work_retainage_released=Decimal(10)),))
    period = period_of(second, first)
    assert (period.lines, period.retainage_held, period.retainage_released) == ((), 0, 10)
    assert period.totals.receivable == second.g702.current_payment_due == 10


def test_held_and_released_in_one_period_stay_apart():
    first, second = read((work(1, "100"),), (work(1, "50", work_retainage_released=Decimal(4)),))
    period = period_of(second, first)
    assert (period.retainage_held, period.retainage_released) == (5, 4)


def test_retainage_that_the_lines_do_not_explain_is_net():
    first, second = a_contract((work(1, "100"),), (work(1, "50"),))
    for raw in (first, second):
        for name in list(raw["g703"][0]):
            if name.endswith("_this_period"):
                del raw["g703"][0][name]
    less = read_snapshot(second | {"g702": second["g702"] | {"total_retainage": "7.00"}})
    assert period_of(read_snapshot(second), read_snapshot(first)).retainage_held == 5
    assert period_of(less, read_snapshot(first)).retainage_released == 3


def test_tax_is_due_beside_line_8():
    snapshot = a_snapshot(tax="12.34")
    period = period_of(snapshot, None)
    assert period.totals.receivable == snapshot.g702.current_payment_due + Decimal("12.34")
    assert receivable_differs(snapshot, period) == ()


def test_another_receivable_than_line_8_is_told():
    (problem,) = receivable_differs(a_snapshot(2), period_of(a_snapshot(2), None))
    assert problem.detail == ("line 8 plus tax is 12,975.00, the change since the invoice before is 28,375.00")


def test_parts_of_a_cent_never_make_a_cent():
    """Three thirds are 100.00 on the form, but each line is billed in whole cents: a person has to see that."""
    raw = an_invoice()
    thirds = [dict(raw["g703"][0], origin_id=n, total_completed_and_stored_to_date="33.3333") for n in range(3)]
    period = period_of(read_snapshot(raw | {"g703": thirds}), None)
    assert period.totals.gross == Decimal("99.99")


amounts = st.decimals(0, 10**7, places=2)
percents = st.decimals(0, 20, places=1)


@st.composite
def contracts(draw):
    """Up to five invoices; lines come and stay, and materials are stored and built in."""
    lines = draw(st.integers(1, 4))
    works = [
        st.builds(
            lambda done, stored, percent, n=n: work(
                n, str(done), str(stored), work_retainage_percent=percent, stored_retainage_percent=percent / 2
            ),
            amounts,
            amounts,
            percents,
        )
        for n in range(lines)
    ]
    tax = draw(st.decimals(0, 999, places=2))
    periods = [
        [draw(works[n]) for n in range(draw(st.integers(1, lines)) if at == 0 else lines)]
        for at in range(draw(st.integers(1, 5)))
    ]
    return a_contract(*periods, tax=tax)


@settings(deadline=None)
@given(contracts())
def test_nothing_is_ever_billed_twice(contract):
    """Stored materials above all: they stay in column G when they are built in."""
    snapshots = [read_snapshot(raw) for raw in contract]
    totals = [period.totals for period in periods_of(snapshots)]
    last = snapshots[-1].g702
    assert all(sums_that_differ(snapshot) == () for snapshot in snapshots)
    assert sum(each.gross for each in totals) == last.total_completed_and_stored_to_date
    tax = sum(each.tax for each in totals)
    assert sum(each.receivable for each in totals) == last.total_earned_less_retainage + tax
    assert sum(each.retainage_held - each.retainage_released for each in totals) == last.total_retainage


@settings(deadline=None)
@given(contracts())
def test_every_receivable_is_line_8_plus_tax(contract):
    snapshots = [read_snapshot(raw) for raw in contract]
    for snapshot, period in zip(snapshots, periods_of(snapshots), strict=True):
        assert receivable_differs(snapshot, period) == ()
        assert all(line.gross for line in period.lines)
