"""Amounts, times, charts and masks, as people see them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger_dashboard.presentation import formatting as told
from services.ledger_dashboard.presentation.charts import Column, Point, columns, lines
from services.ledger_dashboard.presentation.masking import MASK, masked
from services.ledger_dashboard.presentation.spreadsheets import csv_line
from shared.ledger.words import Reason

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (None, "USD", "–"),
        (Decimal(0), "USD", "0.00 USD"),
        (Decimal("-1234.5"), None, "−1,234.50"),
        (Decimal(71000), "USD", "71,000.00 USD"),
    ],
)
def test_money_is_told_to_the_cent(amount: Decimal | None, currency: str | None, text: str) -> None:
    assert told.money(amount, currency) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=61), "1 h"),
        (timedelta(days=3, hours=23), "3 d"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(length: timedelta, text: str) -> None:
    assert told.age(NOW - length, NOW) == text


@pytest.mark.parametrize(
    ("length", "text"), [(None, "–"), (0.1244, "124 ms"), (1.25, "1.2 s"), (59.9, "59.9 s"), (3700.0, "1 h")]
)
def test_seconds_are_as_exact_as_is_useful(length: float | None, text: str) -> None:
    assert told.seconds(length) == text


def test_times_are_told_in_utc() -> None:
    elsewhere = datetime.fromisoformat("2026-11-26T05:00:09-07:00")
    assert (told.moment(elsewhere), told.second(elsewhere)) == ("2026-11-26 12:00", "2026-11-26 12:00:09")
    assert (told.day(date(2026, 4, 30)), told.day(None), told.moment(None)) == ("2026-04-30", "–", "–")


def test_reasons_and_counts_read_as_words() -> None:
    assert told.reason(Reason.NOT_SUPPORTED_BY_ERP) == "Not supported by ERP"
    assert (told.count(1, "entry", "entries"), told.count(2_000, "export")) == ("1 entry", "2,000 exports")


BARS = st.lists(
    st.builds(
        Column,
        st.text(max_size=8),
        st.lists(st.tuples(st.sampled_from(["exported", "held"]), st.integers(0, 10**6)), max_size=3).map(tuple),
    ),
    max_size=60,
)


@given(BARS, st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Co", "Cn")), max_size=20))
def test_columns_are_well_formed_and_inside(bars: list[Column], title: str) -> None:
    clean = [Column("".join(filter(str.isprintable, bar.label)), bar.parts) for bar in bars]
    svg = ET.fromstring(columns(clean, title))
    assert svg.get("aria-label") == title
    for box in svg.iter("rect"):
        assert 0 <= float(box.get("y", "")) <= 180
        assert float(box.get("height", "")) > 0


def test_a_line_breaks_where_nothing_was_measured() -> None:
    points = [Point("a", (1.0, 2.0)), Point("b", (None, None)), Point("c", (1.0, 2.0))]
    svg = ET.fromstring(lines(points, ("median", "p95"), "Times"))
    assert [path.get("d", "").count("M") for path in svg.iter("path")] == [2, 2]
    assert len(list(svg.iter("circle"))) == 2


def test_an_empty_chart_is_drawn_too() -> None:
    assert ET.fromstring(columns([], "None")).tag == "svg"
    assert ET.fromstring(lines([], ("median",), "None")).tag == "svg"


def test_labels_never_become_markup() -> None:
    drawn = columns([Column("<script>", (("exported", 1),))], '"><script>')
    assert "<script>" not in drawn


@pytest.mark.parametrize(
    ("shown", "hidden"),
    [
        ({"Authorization": "Bearer abc12345"}, {"Authorization": MASK}),
        ({"user": {"email": "ada@example.com", "id": 7}}, {"user": {"email": MASK, "id": 7}}),
        (["write to ada@example.com"], [f"write to {MASK}"]),
        ("Bearer abcdefgh12345 was refused", f"Bearer {MASK} was refused"),
        ('{"api_key": "s3cret", "id": 1}', f'{{"api_key": "{MASK}", "id": 1}}'),
        ({"amount": "12.00", "token": None}, {"amount": "12.00", "token": None}),
        (12, 12),
    ],
)
def test_secrets_and_addresses_are_covered(shown: object, hidden: object) -> None:
    assert masked(shown) == hidden


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2", "@sum", "\tx"])
def test_a_formula_becomes_text(cell: str) -> None:
    assert csv_line([cell]).strip('"\r\n').startswith("'")


def test_numbers_stay_numbers() -> None:
    assert csv_line([Decimal("-12.50"), None, "a, b"]) == '-12.50,,"a, b"\r\n'
