"""What each answer of an ERP makes of the export, and when it goes on."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.export_worker.core.outcomes import (
    AuthExpired,
    NeedsDecision,
    Refusal,
    Refused,
    Reread,
    Unavailable,
    Unknown,
)
from services.export_worker.core.settlement import (
    CIRCUIT_OPENS_AFTER,
    FIRST_WAIT,
    LONGEST_WAIT,
    MOST_RETRIES,
    Circuit,
    Moment,
    back_off,
    circuit_after_failure,
    settle,
)
from shared.ledger.fold import apply
from shared.ledger.words import Closing, Reason, Status
from tests.support.builders import CAPABILITIES, SECOND, a_state, opened
from tests.support.cast import NOW

MINUTE = timedelta(minutes=1)
BLIND = replace(CAPABILITIES, can_look_up=False)
MOMENT = Moment(now=NOW, last_write_before=NOW - 5 * SECOND, retries=0, jitter=0.5)
EXPORTING = a_state(opened())

# the answer; closing, reason, status, whether it counts as a retry
OUTCOMES = [
    (Refused(Refusal.PERIOD_CLOSED, "closed"), Closing.REFUSED, Reason.PERIOD_CLOSED, Status.FAILED, False),
    (NeedsDecision("credit", "over limit"), Closing.NEEDS_DECISION, Reason.ERP_ASKS, Status.HELD, False),
    (Unavailable("503"), Closing.UNAVAILABLE, Reason.RETRY_LATER, Status.RETRYING, False),
    (AuthExpired("401"), Closing.UNAVAILABLE, Reason.RETRY_LATER, Status.RETRYING, False),
    (Reread("stale"), Closing.REREAD, Reason.RETRY_LATER, Status.RETRYING, True),
    (Unknown("timeout"), Closing.UNKNOWN, Reason.RETRY_LATER, Status.RETRYING, True),
]


@pytest.mark.parametrize(("answer", "closing", "reason", "status", "counts"), OUTCOMES)
def test_every_answer_has_one_effect(answer, closing, reason, status, counts):
    entry = settle(answer, CAPABILITIES, MOMENT)
    assert (entry.closing, entry.finding.reason, entry.counts_as_retry) == (closing, reason, counts)
    assert answer.text in entry.finding.detail
    state = apply(EXPORTING, entry, NOW)
    assert (state.status, state.retries) == (status, int(counts))
    assert (state.due_at is not None) == (status is Status.RETRYING)


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_is_a_reason_with_a_next_step(refusal):
    entry = settle(Refused(refusal, "no", field="customer"), CAPABILITIES, MOMENT)
    assert entry.finding.reason == refusal.value
    assert entry.finding.detail == "no (field customer)"
    assert settle(Refused(refusal, "no"), CAPABILITIES, MOMENT).finding.detail == "no"


def test_a_warning_is_named_for_its_answer():
    assert settle(NeedsDecision("credit", "over limit"), CAPABILITIES, MOMENT).warning == "credit"


@pytest.mark.parametrize("answer", [Unknown("timeout"), Unavailable("503"), Refused(Refusal.CURRENCY, "no")])
def test_every_answer_tells_when_absence_counts(answer):
    """Also one that certainly did nothing: a step before it may have left something on its way."""
    entry = settle(answer, replace(CAPABILITIES, look_up_staleness=MINUTE), MOMENT)
    assert entry.absence_proven_at == MOMENT.last_write_before + CAPABILITIES.settles_after + MINUTE


def test_before_the_first_write_nothing_has_to_settle():
    assert settle(Unavailable("503"), CAPABILITIES, replace(MOMENT, last_write_before=None)).absence_proven_at is None


def test_without_a_look_up_an_unknown_outcome_is_held():
    entry = settle(Unknown("timeout"), BLIND, MOMENT)
    assert (entry.closing, entry.retry_at) == (Closing.UNKNOWN_WITHOUT_LOOK_UP, None)
    assert entry.finding.reason is Reason.OUTCOME_UNKNOWN


@pytest.mark.parametrize("answer", [Reread("stale"), Unknown("timeout")])
def test_retries_come_to_an_end(answer):
    last, over = (settle(answer, CAPABILITIES, replace(MOMENT, retries=n)) for n in (MOST_RETRIES - 1, MOST_RETRIES))
    assert last.counts_as_retry
    assert (over.closing, over.finding.reason) == (Closing.RETRIES_EXHAUSTED, Reason.RETRIES_EXHAUSTED)
    assert (over.counts_as_retry, over.retry_at) == (False, None)


def test_the_connections_troubles_never_come_to_an_end():
    for answer in (Unavailable("503"), AuthExpired("401")):
        entry = settle(answer, CAPABILITIES, replace(MOMENT, retries=99))
        assert (entry.closing, entry.counts_as_retry) == (Closing.UNAVAILABLE, False)


def test_the_erp_may_name_when_to_come_back():
    assert settle(Unavailable("503", NOW + MINUTE), CAPABILITIES, MOMENT).retry_at == NOW + MINUTE


@pytest.mark.parametrize("named", [NOW, NOW - MINUTE])
def test_an_erp_that_says_now_is_not_asked_in_a_circle(named):
    entry = settle(Unavailable("503", named), CAPABILITIES, MOMENT)
    assert entry.retry_at == NOW + back_off(0, MOMENT.jitter)


def test_an_expired_log_in_waits_longer():
    assert settle(AuthExpired("401"), CAPABILITIES, MOMENT).retry_at == NOW + back_off(3, MOMENT.jitter)


@given(st.integers(0, 10**6), st.floats(0, 1, exclude_max=True))
def test_a_back_off_keeps_within_its_bounds(retries, jitter):
    ceiling = min(FIRST_WAIT * 2 ** min(retries, 20), LONGEST_WAIT)
    assert ceiling / 2 <= back_off(retries, jitter) <= ceiling


@given(st.integers(0, 50), st.floats(0, 1, exclude_max=True))
def test_a_back_off_never_shrinks(retries, jitter):
    assert back_off(retries, jitter) <= back_off(retries + 1, jitter)


def failed(times, **named):
    circuit = Circuit()
    for _ in range(times):
        circuit = circuit_after_failure(circuit, now=NOW, retry_at=named.get("retry_at"), jitter=0)
    return circuit


def test_a_circuit_opens_after_three_failures_in_a_row():
    assert [failed(times).open_until for times in range(CIRCUIT_OPENS_AFTER)] == [None] * CIRCUIT_OPENS_AFTER
    assert failed(CIRCUIT_OPENS_AFTER) == Circuit(CIRCUIT_OPENS_AFTER, NOW + SECOND)
    assert failed(CIRCUIT_OPENS_AFTER + 1).open_until == NOW + 2 * SECOND


def test_a_circuit_opens_at_once_when_a_time_is_named():
    assert failed(1, retry_at=NOW + MINUTE) == Circuit(1, NOW + MINUTE)
    assert failed(9, retry_at=NOW + 60 * MINUTE).open_until == NOW + 60 * MINUTE


def test_a_time_that_is_over_opens_no_door():
    assert failed(1, retry_at=NOW).open_until is None
    assert failed(9, retry_at=NOW).open_until > NOW


@given(st.integers(0, 10**4), st.none() | st.timedeltas(-MINUTE, MINUTE), st.floats(0, 1, exclude_max=True))
def test_a_circuit_never_opens_into_the_past(failures, named, jitter):
    before = Circuit(failures)
    after = circuit_after_failure(before, now=NOW, retry_at=None if named is None else NOW + named, jitter=jitter)
    assert after.failures == failures + 1
    assert after.open_until is None or after.open_until > NOW
    assert failures + 1 < CIRCUIT_OPENS_AFTER or after.open_until is not None
