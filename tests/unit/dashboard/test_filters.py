"""The list's filter as an address: what goes in comes out, and nothing odd breaks a page."""

import base64
from datetime import date
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger_dashboard.presentation.filters import (
    Asked,
    cursor_text,
    in_words,
    postgres_id,
    read_cursor,
    read_query,
)
from shared.ledger.filter import Cursor, Filter, Sort, SortKey
from shared.ledger.words import Reason, Status

WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).filter(str.strip)
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9)
FILTERS = st.builds(
    Filter,
    statuses=st.lists(st.sampled_from(Status), unique=True).map(tuple),
    reason=st.none() | st.sampled_from(Reason),
    company_id=st.none() | WORDS.map(str.strip),
    project_id=st.none() | WORDS.map(str.strip),
    connection=st.none() | WORDS.map(str.strip),
    approver=st.none() | WORDS.map(str.strip),
    search=st.none() | WORDS.map(str.strip),
    amount_from=st.none() | AMOUNTS,
    amount_to=st.none() | AMOUNTS,
    since_from=st.none() | st.dates(),
    since_to=st.none() | st.dates(),
)
SORTS = st.builds(Sort, st.sampled_from(SortKey), st.booleans())


@given(FILTERS, SORTS)
def test_an_address_holds_the_whole_filter(wanted: Filter, sort: Sort) -> None:
    asked = Asked(wanted, sort)
    assert read_query(parse_qsl(asked.query), None) == asked


@given(
    st.lists(st.tuples(st.sampled_from(["status", "reason", "amount_from", "since_to", "sort", "after"]), st.text()))
)
def test_odd_values_become_problems_never_errors(pairs: list[tuple[str, str]]) -> None:
    asked = read_query(pairs, None)
    assert asked.filter.companies is None
    assert all("left out" in problem for problem in asked.problems)


def test_companies_come_from_the_person_alone() -> None:
    asked = read_query([("companies", "4002"), ("company_id", "4002")], frozenset({"4001"}))
    assert asked.filter.companies == frozenset({"4001"})
    assert asked.filter.company_id == "4002"
    assert "4001" not in asked.query


def test_an_odd_value_is_named() -> None:
    asked = read_query([("amount_from", "much"), ("status", "gone"), ("since_from", "yesterday")], None)
    assert asked.filter == Filter()
    assert [problem.partition(":")[0] for problem in asked.problems] == [
        "'gone' is not a status",
        "'much' is not an amount",
        "'yesterday' is not a day such as 2026-11-26",
    ]


def test_amounts_may_carry_their_commas() -> None:
    assert read_query([("amount_to", "12,500.50")], None).filter.amount_to == Decimal("12500.50")


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00")), st.integers(0, 2**63 - 1))
def test_a_cursor_survives_its_address(value: str, number: int) -> None:
    assert read_cursor(cursor_text(Cursor(value, number))) == Cursor(value, number)


@given(st.text())
def test_a_foreign_cursor_is_refused_not_followed(text: str) -> None:
    try:
        cursor = read_cursor(text)
    except (ValueError, TypeError):
        return
    assert 0 <= cursor.id < 2**63


@pytest.mark.parametrize("value", ['["a", 1e999]', '["a", Infinity]', '["a", 1.5]', "[" * 2_000, '"a"', '["a"]', "{}"])
def test_a_cursor_that_nobody_made_is_named(value: str) -> None:
    text = base64.urlsafe_b64encode(value.encode()).decode()
    asked = read_query([("after", text)], None)
    assert asked.after is None
    assert asked.problems == (f"{text[:40]!r} is not a page of this list: it was left out.",)


@pytest.mark.parametrize("name", ["Höfðabakki útgerð " * 11, "港" * 200, "x" * 200])
def test_a_long_name_does_not_lose_the_page(name: str) -> None:
    cursor = Cursor(name, 7)
    assert read_query([("after", cursor_text(cursor))], None).after == cursor


@pytest.mark.parametrize("text", ["1e200000", "-1e999", "1e-20000", "0e-9999", "Infinity", "NaN", "sNaN"])
def test_an_amount_beyond_all_measure_is_none(text: str) -> None:
    asked = read_query([("amount_from", text)], None)
    assert asked.filter == Filter()
    assert asked.problems


@pytest.mark.parametrize("text", ["-1", "9223372036854775808", "", "1.5", "x", "1e3"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"id|int|literal"):
        postgres_id(text)


def test_the_same_heading_turns_the_order_round() -> None:
    asked = Asked(Filter(), Sort(SortKey.AMOUNT, descending=True))
    assert asked.sorted_by(SortKey.AMOUNT) == "sort=amount&order=up"
    assert asked.sorted_by(SortKey.SINCE) == "sort=since"
    assert asked.sorted_by(SortKey.INVOICE_NUMBER) == "sort=invoice_number&order=up"


def test_a_choice_is_told_in_words() -> None:
    wanted = Filter(statuses=(Status.FAILED,), reason=Reason.PERIOD_CLOSED, since_from=date(2026, 11, 23))
    assert in_words(wanted) == "status failed, reason period_closed, since from 2026-11-23"
    assert in_words(Filter(companies=frozenset({"4001"}))) == "everything"
