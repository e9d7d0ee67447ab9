"""RateBudget: what Procore's headers allow, by tables and by properties."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.procore.rate_budget import HOUR, SPIKE_WINDOW, RateBudget, retry_after

NOW = datetime(2026, 5, 4, 13, 20, tzinfo=UTC)
SECOND = timedelta(seconds=1)

spreads = st.floats(0, 1, exclude_max=True)
odd_numbers = st.sampled_from(["", "-1", "1e9", "nan", "inf", "null", " ", "9" * 400, "²", "0x10"])


def headers_of(*, limit: int, remaining: int, ahead: float) -> dict[str, str]:
    return {
        "X-Rate-Limit-Limit": str(limit),
        "X-Rate-Limit-Remaining": str(remaining),
        "X-Rate-Limit-Reset": str(int(NOW.timestamp() + ahead)),
    }


def told(
    budget: RateBudget,
    headers: Mapping[str, str],
    *,
    status: int | None = 200,
    spread: float = 0.0,
    share: float = 1.0,
) -> RateBudget:
    budget.take(NOW, share=share)
    budget.learn(NOW, status, headers, spread=spread)
    return budget


def test_an_unknown_budget_lets_every_call_go():
    assert RateBudget().may_call(NOW) is None


@pytest.mark.parametrize(
    ("ahead", "window"), [(1, "spike"), (10, "spike"), (12, "spike"), (13, "hourly"), (3600, "hourly")]
)
def test_the_window_is_told_by_its_end(ahead: int, window: str):
    budget = told(RateBudget(), headers_of(limit=25, remaining=3, ahead=ahead))
    seen = getattr(budget, window)
    assert (seen.limit, seen.remaining, seen.reset) == (25, 3, NOW + ahead * SECOND)
    assert (budget.limit, budget.remaining, budget.reset) == (25, 3, NOW + ahead * SECOND)


def test_the_last_seconds_of_an_hour_stay_hourly():
    budget = told(RateBudget(), headers_of(limit=600, remaining=40, ahead=1800))
    told(budget, headers_of(limit=600, remaining=0, ahead=8))
    assert budget.spike is None
    assert budget.hourly is not None
    assert budget.hourly.remaining == 0


@pytest.mark.parametrize("ahead", [0, -5, 3700, 86_400])
def test_a_reset_of_neither_window_is_ignored(ahead: int):
    budget = told(RateBudget(), headers_of(limit=25, remaining=0, ahead=ahead))
    assert budget.may_call(NOW) is None


def test_a_used_up_window_waits_until_its_end():
    budget = told(RateBudget(), headers_of(limit=600, remaining=0, ahead=1200))
    assert budget.may_call(NOW) == NOW + 1200 * SECOND


def test_the_later_of_two_used_up_windows_counts():
    budget = told(RateBudget(), headers_of(limit=600, remaining=0, ahead=1200))
    told(budget, headers_of(limit=25, remaining=0, ahead=8))
    assert budget.may_call(NOW) == NOW + 1200 * SECOND


def test_procores_own_clock_decides_how_far_reset_is():
    procores_now = NOW + timedelta(minutes=7)
    headers = headers_of(limit=25, remaining=0, ahead=7 * 60 + 9)
    budget = told(RateBudget(), headers | {"Date": format_datetime(procores_now, usegmt=True)})
    assert budget.may_call(NOW) == NOW + 9 * SECOND


def test_calls_under_way_count_against_the_window():
    budget = told(RateBudget(), headers_of(limit=25, remaining=2, ahead=10))
    budget.take(NOW)
    assert budget.may_call(NOW) is None
    budget.take(NOW)
    assert budget.may_call(NOW) == NOW + 10 * SECOND


def test_a_lost_call_is_believed_to_be_counted():
    budget = told(RateBudget(), headers_of(limit=25, remaining=1, ahead=10))
    budget.take(NOW)
    budget.learn(NOW, None, {}, spread=0)
    assert budget.may_call(NOW) == NOW + 10 * SECOND


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30),
        (headers_of(limit=25, remaining=0, ahead=7), 7),
        ({"Retry-After": "30"} | headers_of(limit=25, remaining=0, ahead=7), 30),
        ({"Retry-After": "3"} | headers_of(limit=600, remaining=0, ahead=900), 900),
        ({"retry-after": "3", "x-rate-limit-reset": "soon"}, 3),
        ({}, 10),
        ({"Retry-After": "0.0001"}, 1),
        ({"Retry-After": "99999"}, 3600),
    ],
)
def test_a_429_waits_for_the_later_of_two_headers(headers: dict[str, str], seconds: int):
    budget = told(RateBudget(), headers, status=429)
    assert budget.may_call(NOW) == NOW + seconds * SECOND


def test_a_503_waits_only_when_told_to():
    assert told(RateBudget(), {}, status=503).may_call(NOW) is None
    assert told(RateBudget(), {"Retry-After": "45"}, status=503).may_call(NOW) == NOW + 45 * SECOND


def test_retry_after_reads_seconds_and_dates():
    in_a_minute = format_datetime(NOW + 60 * SECOND, usegmt=True)
    assert retry_after(NOW, {"Retry-After": "60"}) == NOW + 60 * SECOND
    assert retry_after(NOW, {"retry-after": in_a_minute}) == NOW + 60 * SECOND
    assert retry_after(NOW, {"Retry-After": format_datetime(NOW - SECOND)}) is None
    assert retry_after(NOW, {"Retry-After": "soon"}) is None


def test_background_calls_stop_at_their_share():
    budget = told(RateBudget(), headers_of(limit=600, remaining=400, ahead=1800))
    assert background_calls(budget) == 100
    assert budget.may_call(NOW, share=0.25) == NOW + 1800 * SECOND
    assert budget.may_call(NOW) is None


def test_background_calls_yield_to_those_of_events():
    budget = told(RateBudget(), headers_of(limit=600, remaining=400, ahead=1800))
    for _ in range(200):
        told(budget, {})
    assert background_calls(budget) == 50


def test_an_unreported_hour_is_estimated_for_background_calls():
    budget = RateBudget(assumed_hourly_limit=600)
    assert background_calls(budget) == 150
    wait = budget.may_call(NOW, share=0.25)
    assert wait == NOW + HOUR
    assert budget.may_call(wait, share=0.25) is None


def test_the_estimate_remembers_the_last_hourly_limit():
    budget = told(RateBudget(assumed_hourly_limit=600), headers_of(limit=3600, remaining=100, ahead=60))
    later = NOW + 61 * SECOND
    calls = 0
    while budget.may_call(later, share=0.25) is None:
        calls += 1
        budget.take(later, share=0.25)
        budget.learn(later, 200, {}, spread=0)
    assert calls == 900


def test_one_background_call_an_hour_is_always_allowed():
    budget = told(RateBudget(), headers_of(limit=4, remaining=1, ahead=1800))
    assert background_calls(budget) == 1


@given(
    remaining=st.integers(-3, 3),
    ahead=st.floats(1, 3600),
    status=st.sampled_from([200, 404, 429, 503, None]),
    wait=st.one_of(st.none(), st.integers(0, 7200)),
    spread=spreads,
    share=st.sampled_from([0.25, 1.0]),
)
def test_whoever_waits_as_told_may_call(
    *, remaining: int, ahead: float, status: int | None, wait: int | None, spread: float, share: float
):
    headers = headers_of(limit=25, remaining=remaining, ahead=ahead)
    if wait is not None:
        headers["Retry-After"] = str(wait)
    budget = told(RateBudget(), headers, status=status, spread=spread, share=share)
    until = budget.may_call(NOW, share=share)
    if until is not None:
        assert NOW < until <= NOW + HOUR * 1.2
        assert budget.may_call(until, share=share) is None


@given(spread=spreads, ahead=st.integers(1, 3600), wait=st.integers(1, 3600))
def test_jitter_only_ever_lengthens_a_wait(spread: float, ahead: int, wait: int):
    headers = headers_of(limit=25, remaining=0, ahead=ahead) | {"Retry-After": str(wait)}
    until = told(RateBudget(), headers, status=429, spread=spread).may_call(NOW)
    least = NOW + max(ahead, wait) * SECOND
    assert until is not None
    assert least <= until <= least + max(SECOND, (least - NOW) / 10)


@given(
    name=st.sampled_from(["X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset"]),
    value=odd_numbers,
)
def test_odd_headers_of_success_stop_nobody(name: str, value: str):
    headers = headers_of(limit=25, remaining=0, ahead=9) | {name: value}
    assert told(RateBudget(), headers).may_call(NOW) is None


@given(value=st.one_of(odd_numbers, st.text(max_size=30)))
def test_any_retry_after_leaves_a_bounded_wait(value: str):
    until = told(RateBudget(), {"Retry-After": value}, status=429).may_call(NOW)
    assert until is not None
    assert NOW + SECOND <= until <= NOW + HOUR


@given(
    answers=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10), spreads), min_size=1, max_size=30),
    share=st.floats(0.01, 1),
)
def test_no_call_leaves_an_exhausted_window(answers: list[tuple[int, int, float]], share: float):
    budget, now = RateBudget(), NOW
    for remaining, ahead, spread in answers:
        wait = budget.may_call(now, share=share)
        if wait is not None:
            assert wait > now
            now = wait
        window = budget.spike
        assert window is None or window.remaining > 0 or now >= window.over_at
        budget.take(now, share=share)
        unix = int(now.timestamp()) + ahead
        headers = {"X-Rate-Limit-Limit": "30", "X-Rate-Limit-Remaining": str(remaining)}
        budget.learn(now, 200, headers | {"X-Rate-Limit-Reset": str(unix)}, spread=spread)
    assert budget.spike is None or budget.spike.reset - now <= SPIKE_WINDOW


def background_calls(budget: RateBudget) -> int:
    """How many calls with a quarter's share go before the budget says no; each answer without headers."""
    calls = 0
    while budget.may_call(NOW, share=0.25) is None:
        told(budget, {}, share=0.25)
        calls += 1
    return calls
