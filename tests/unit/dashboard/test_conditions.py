"""What is worth an alert, and when somebody is told."""

from datetime import UTC, datetime, timedelta

import pytest

from services.ledger_dashboard.alerts.conditions import (
    Condition,
    Facts,
    Held,
    State,
    Telling,
    conditions,
    moved_on,
    news,
)
from shared.ledger.words import Reason, Status

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
QUIET = timedelta(hours=1)
CLOSED = Condition("failed:period_closed:acme", "3 exports failed.", "/exports", 3)


def found(facts: Facts) -> dict[str, Condition]:
    return {condition.key: condition for condition in conditions(facts, much_lag=1_000)}


def test_nothing_is_wrong_when_all_is_well() -> None:
    assert found(Facts(lag=1_000)) == {}


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        (Facts(open_circuits=["acme"]), "circuit:acme"),
        (Facts(stopped=["acme"]), "stopped:acme"),
        (Facts(lag=1_001), "lag"),
        (Facts(parked=1), "parked"),
        (Facts(dead_letters=1), "dead_letters"),
        (Facts(refused=1), "refused"),
        (Facts(missed={"acme": 2}), "missed:acme"),
        (Facts(workers=0), "no_worker"),
        (Facts(receivers=0), "no_receiver"),
        (Facts(held=[Held("", Status.HELD, None, 1)]), "held:no_reason:"),
    ],
)
def test_each_trouble_has_its_own_key(facts: Facts, key: str) -> None:
    assert list(found(facts)) == [key]
    assert found(facts)[key].sentence.endswith(".")
    assert found(facts)[key].path.startswith("/")


def test_a_hold_says_what_to_do_and_where() -> None:
    (condition,) = found(Facts(held=[Held("acme", Status.FAILED, Reason.PERIOD_CLOSED, 3)])).values()
    assert condition.sentence.startswith("3 exports failed on acme: period closed. The accounting period is closed")
    assert condition.path == "/exports?status=failed&reason=period_closed&connection=acme"


def test_one_is_told_as_one() -> None:
    one = Facts(lag=1, parked=1, dead_letters=1, refused=1, missed={"acme": 1}, held=[Held("", Status.HELD, None, 1)])
    told = " ".join(condition.sentence for condition in conditions(one, much_lag=0))
    assert all(f"1 {noun}" in told for noun in ("record", "webhook", "invoice", "export is held"))
    assert not any(f"1 {noun}s" in told for noun in ("record", "webhook", "invoice", "export"))


def test_a_condition_keeps_its_beginning_while_it_lasts() -> None:
    begun = moved_on([], [CLOSED], NOW)
    later = moved_on(begun, [Condition(CLOSED.key, "9 exports failed.", CLOSED.path, 9)], NOW + MINUTE)
    assert [(state.since, state.count, state.ended_at) for state in later] == [(NOW, 9, None)]


def test_what_comes_back_at_once_never_ended() -> None:
    ended = moved_on(moved_on([], [CLOSED], NOW), [], NOW + MINUTE)
    back = moved_on(ended, [CLOSED], NOW + 2 * MINUTE)
    late = moved_on(ended, [CLOSED], NOW + 10 * MINUTE)
    assert ended[0].ended_at == NOW + MINUTE
    assert (back[0].since, back[0].ended_at) == (NOW, None)
    assert late[0].since == NOW + 10 * MINUTE


def told(state: State, at: datetime, *, over: datetime | None = None) -> dict[str, Telling]:
    return {state.key: Telling(state.key, state.since, at, state.count, over)}


def test_something_new_is_told_after_a_minute() -> None:
    (state,) = moved_on([], [CLOSED], NOW)
    assert news([state], {}, NOW + MINUTE / 2, quiet=QUIET) == []
    assert [one.state for one in news([state], {}, NOW + MINUTE, quiet=QUIET)] == [state]


def test_what_begins_within_a_minute_comes_together() -> None:
    (first,) = moved_on([], [CLOSED], NOW)
    (second,) = moved_on([], [Condition("lag", "much", "/health", 5_000)], NOW + MINUTE / 2)
    assert news([first, second], {}, NOW + MINUTE / 2, quiet=QUIET) == []
    assert [one.state for one in news([first, second], {}, NOW + MINUTE, quiet=QUIET)] == [first, second]
    assert news([first, second], told(first, NOW), NOW + MINUTE, quiet=QUIET) == []
    ended = State(first.key, first.sentence, first.path, 3, first.since, NOW - QUIET)
    assert [one.is_over for one in news([ended, second], told(first, NOW), NOW + MINUTE, quiet=QUIET)] == [True]


def test_a_month_end_sends_one_message_not_hundreds() -> None:
    states = moved_on([], [CLOSED], NOW)
    known: dict[str, Telling] = {}
    sent = 0
    for second in range(0, 3_600, 15):
        now = NOW + timedelta(seconds=second)
        growing = Condition(CLOSED.key, "many", CLOSED.path, 3 + second // 10)
        states = moved_on(states, [growing], now)
        if due := news(states, known, now, quiet=QUIET):
            sent += 1
            known |= told(due[0].state, now)
    assert sent == 1


def test_what_grew_is_told_again_after_the_quiet_time() -> None:
    (state,) = moved_on([], [CLOSED], NOW)
    known = told(state, NOW + MINUTE)
    grown = State(state.key, "9 exports failed.", state.path, 9, state.since)
    assert news([grown], known, NOW + QUIET, quiet=QUIET) == []
    assert news([grown], known, NOW + QUIET + MINUTE, quiet=QUIET) != []
    assert news([state], known, NOW + 10 * QUIET, quiet=QUIET) == []


def test_an_end_is_told_once_to_those_who_knew() -> None:
    (state,) = moved_on([], [CLOSED], NOW)
    (ended,) = moved_on([state], [], NOW + 5 * MINUTE)
    known = told(state, NOW + MINUTE)
    assert news([ended], known, NOW + 6 * MINUTE, quiet=QUIET) == []
    (over,) = news([ended], known, NOW + 7 * MINUTE, quiet=QUIET)
    assert over.is_over
    assert news([ended], told(state, NOW, over=NOW), NOW + QUIET, quiet=QUIET) == []
    assert news([ended], {}, NOW + QUIET, quiet=QUIET) == []
