"""What a tie-out makes of what the ERP shows, and that a month's sums add up whatever is in it."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.tie_out_telling import Month, as_told
from services.export_worker.core.capabilities import RetainageShape, Step
from services.export_worker.core.tie_out import Exported, Told, compare
from shared.ledger.tie_out import (
    NOT_HELD,
    ONLY_COUNTED,
    PART_OF,
    REASON_OF,
    VERDICT_TOLD,
    Part,
    Period,
    Sum,
    Tally,
    Verdict,
    usual_periods,
)
from shared.ledger.tie_out_reader import Finding, tally_from_json, tally_to_json
from shared.ledger.words import Status
from tests.support.builders import CAPABILITIES, a_document, a_found, a_standing
from tests.support.cast import NOW

POSTED = Exported(standing=a_standing(), document=a_document(), capabilities=CAPABILITIES)
AT_DRAFT = replace(CAPABILITIES, steps=(Step.CREATE,))
DRAFTED = replace(POSTED, standing=a_standing(number=None), capabilities=AT_DRAFT)
LEFT = replace(POSTED, standing=a_standing(number=None), is_left_as_draft=True)
BY_SECOND = replace(CAPABILITIES, steps=tuple(Step), retainage_shape=RetainageShape.GROSS_PLUS_RECLASS_ENTRY)
SECOND_GONE = a_document().totals.model_copy(update={"retainage_held": Decimal(0), "retainage_released": Decimal(0)})

MINE = a_found()
DRAFT = a_found(final=False, number=None)
VOID = replace(MINE, cancelled=True)
CENT_MORE = a_found(totals=a_document().totals.model_copy(update={"tax": a_document().totals.tax + Decimal("0.01")}))
TWIN = replace(MINE, ref="R-2", number="AR-2")

# what, the export, as read, as found, what is told
CASES = {
    "as it was sent": (POSTED, MINE, (MINE,), Told(Verdict.STANDS)),
    "asked by reference alone": (POSTED, None, (MINE,), Told(Verdict.STANDS)),
    "beside a cancelled one": (POSTED, MINE, (MINE, replace(TWIN, cancelled=True)), Told(Verdict.STANDS)),
    "cancelled": (POSTED, VOID, (VOID,), Told(Verdict.CANCELLED, "AR-1 is cancelled")),
    "cancelled, but the search lags": (POSTED, VOID, (MINE,), Told(Verdict.CANCELLED, "AR-1 is cancelled")),
    "cancelled and not found": (POSTED, VOID, (), Told(Verdict.CANCELLED, "AR-1 is cancelled")),
    "deleted": (POSTED, None, (), Told(Verdict.GONE, "AR-1 is not there")),
    "twice": (POSTED, MINE, (MINE, TWIN), Told(Verdict.DOUBLE, "AR-1 (posted), AR-2 (posted)")),
    "twice, one not found": (POSTED, MINE, (TWIN,), Told(Verdict.DOUBLE, "AR-2 (posted), AR-1 (posted)")),
    "a draft beside it": (
        POSTED,
        MINE,
        (MINE, replace(DRAFT, ref="R-2")),
        Told(Verdict.DOUBLE, "AR-1 (posted), R-2 (draft)"),
    ),
    "a cent more": (
        POSTED,
        CENT_MORE,
        (CENT_MORE,),
        Told(Verdict.TOTALS_DIFFER, "ours 15400.00, in the ERP 15400.01"),
    ),
    "a cent more, but the search lags": (
        POSTED,
        CENT_MORE,
        (MINE,),
        Told(Verdict.TOTALS_DIFFER, "ours 15400.00, in the ERP 15400.01"),
    ),
    "a draft again": (POSTED, DRAFT, (DRAFT,), Told(Verdict.DRAFT_AGAIN, "R-1 is a draft")),
    "its second document is gone": (
        replace(POSTED, capabilities=BY_SECOND),
        replace(MINE, totals=SECOND_GONE),
        (replace(MINE, totals=SECOND_GONE),),
        Told(Verdict.DRAFT_AGAIN, "AR-1 lacks: reclassify, settle"),
    ),
    "left as a draft": (DRAFTED, DRAFT, (DRAFT,), Told(Verdict.STANDS)),
    "left as a draft, before the connection posted": (LEFT, DRAFT, (DRAFT,), Told(Verdict.STANDS)),
    "posted by hand": (DRAFTED, MINE, (MINE,), Told(Verdict.POSTED_BY_HAND, "AR-1")),
    "posted by hand, before the connection posted": (LEFT, MINE, (MINE,), Told(Verdict.POSTED_BY_HAND, "AR-1")),
    "posted by hand with a cent more": (
        DRAFTED,
        CENT_MORE,
        (CENT_MORE,),
        Told(Verdict.TOTALS_DIFFER, "ours 15400.00, in the ERP 15400.01"),
    ),
    "without our reference": (
        POSTED,
        MINE,
        (),
        Told(Verdict.UNLINKED, f"AR-1 does not carry {a_document().reference} any more"),
    ),
    "another number": (
        POSTED,
        replace(MINE, number="AR-9"),
        (replace(MINE, number="AR-9"),),
        Told(Verdict.NUMBER_CHANGED, "AR-1 was exported, AR-9 stands now"),
    ),
    "another document in its place": (
        POSTED,
        VOID,
        (VOID, TWIN),
        Told(Verdict.NUMBER_CHANGED, "AR-1 was exported, AR-2 stands now"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_the_erp_shows_is_told(name):
    exported, read, found, told = CASES[name]
    assert compare(exported, read, found) == told


def test_every_verdict_about_a_document_has_a_case():
    not_compared = {Verdict.BY_HAND, Verdict.NOT_ASKED}
    assert {told.verdict for *_, told in CASES.values()} == set(Verdict) - not_compared


def test_a_number_that_a_person_accepted_counts():
    renumbered = replace(MINE, number="AR-9")
    assert compare(POSTED, renumbered, (renumbered,), any_number=True) == Told(Verdict.STANDS)


def test_every_verdict_has_a_sentence_and_an_effect():
    assert set(VERDICT_TOLD) == set(Verdict)
    assert all(sentence.endswith(".") for sentence in VERDICT_TOLD.values())
    assert set(NOT_HELD) == {Verdict.POSTED_BY_HAND, Verdict.NOT_ASKED}
    assert set(REASON_OF) == set(Verdict) - set(NOT_HELD) - ONLY_COUNTED
    assert set(REASON_OF).isdisjoint(ONLY_COUNTED)


def test_the_report_says_why_what_people_posted_is_not_held():
    seen = Finding(17, Verdict.POSTED_BY_HAND, "AR-1", NOW, "HB-1", "Harbor", None, "USD", None)
    month = Month("harbor", Period(2026, 10), NOW, verdicts=Counter({Verdict.POSTED_BY_HAND: 1}), findings=[seen])
    assert month.ties
    [told] = as_told(month)["findings"]
    assert told["told"].endswith("as agreed, so not held.")
    assert told["do"].startswith("Nothing: the connection leaves its documents for people to post")


def test_every_status_belongs_to_one_part():
    assert set(PART_OF) == set(Status) - {Status.NONE}
    assert set(PART_OF.values()) == set(Part)


amounts = st.decimals("-1000000", "1000000", places=2)
exports_of_a_month = st.lists(st.tuples(st.sampled_from(("USD", "EUR", "")), st.sampled_from(tuple(PART_OF)), amounts))


def grouped(rows):
    """As the database groups them: by currency and status, and beside it each currency as a whole."""
    sums = {}
    for currency, status, amount in rows:
        for key in ((currency, status), (currency, None)):
            sums[key] = sums.get(key, Sum()) + Sum(1, amount)
    return [(currency, status, one) for (currency, status), one in sums.items()]


@given(exports_of_a_month)
def test_the_sums_of_a_month_add_up(rows):
    tally = Tally.of(grouped(rows))
    assert tally.adds_up
    assert sum(account.approved.count for account in tally.accounts) == len(rows)
    assert tally_from_json(tally_to_json(tally)).adds_up


@given(exports_of_a_month.filter(bool), st.data())
def test_a_sum_that_lacks_one_export_does_not_add_up(rows, data):
    missing = data.draw(st.integers(0, len(rows) - 1))
    whole = [row for row in grouped(rows) if row[1] is None]
    parts = [row for row in grouped(rows[:missing] + rows[missing + 1 :]) if row[1] is not None]
    assert not Tally.of(whole + parts).adds_up


def test_a_period_is_a_calendar_month():
    period = Period.parse("2026-12")
    assert (period.first, period.end, str(period.before)) == (date(2026, 12, 1), date(2027, 1, 1), "2026-11")
    assert str(Period.parse("2026-01").before) == "2025-12"
    for text in ("2026-13", "2026-1", "26-01", "2026-01-01", "", "0000-12", "0001-01", "9999-12"):
        with pytest.raises(ValueError, match="is not a month"):
            Period.parse(text)


@pytest.mark.parametrize("text", ["1900-01", "9998-12"])
def test_the_first_and_the_last_month_have_ends(text):
    period = Period.parse(text)
    begins, ends = period.moments(ZoneInfo("Pacific/Kiritimati"))
    assert period.before.first < period.first < period.end
    assert begins.astimezone(UTC) < ends.astimezone(UTC)


def test_the_connections_calendar_says_which_month_it_is():
    new_year = datetime(2027, 1, 1, 3, tzinfo=UTC)
    assert [str(each) for each in usual_periods(new_year, UTC)] == ["2026-12", "2027-01"]
    assert [str(each) for each in usual_periods(new_year, ZoneInfo("America/Denver"))] == ["2026-11", "2026-12"]
