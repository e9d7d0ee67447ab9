"""What comes after an export: due when, given up when, and never for what we did not send."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.export_worker.core.follow_ups import (
    MOST_FAILURES,
    due,
    failed,
    given_up,
    next_due_at,
    origin_of,
    put_off_until,
)
from shared.ledger.entries import FollowUpDone, ReplayAccepted, Standing
from shared.ledger.fold import apply
from shared.ledger.state import EMPTY, State
from shared.ledger.words import Closing, FollowUpKind, Status
from tests.support.builders import a_standing, a_state, closed, opened, received, step_done
from tests.support.cast import NOW

ALL = frozenset(FollowUpKind)
MINUTE = timedelta(minutes=1)


def exported(*bodies) -> State:
    state = a_state(received(), opened(), step_done(), closed(Closing.DONE, standing=a_standing()))
    for body in bodies:
        state = apply(state, body, NOW)
    return state


def test_everything_wanted_is_due_after_an_export():
    assert due(exported(), ALL, NOW) == tuple(FollowUpKind)
    assert due(exported(), {FollowUpKind.WRITE_BACK}, NOW) == (FollowUpKind.WRITE_BACK,)
    assert due(exported(), (), NOW) == ()


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.EXPORTED}))
def test_nothing_is_due_unless_it_is_exported(status):
    assert due(exported().model_copy(update={"status": status}), ALL, NOW) == ()


def test_nothing_is_due_for_what_a_person_exported_by_hand():
    by_hand = Standing(ref="7", is_final=True, by_hand=True)
    assert due(exported().model_copy(update={"standing": by_hand}), ALL, NOW) == ()
    assert due(EMPTY.model_copy(update={"status": Status.EXPORTED, "standing": by_hand}), ALL, NOW) == ()


def test_what_is_done_is_not_due_again():
    state = exported(FollowUpDone(what=FollowUpKind.ATTACHMENT))
    assert due(state, ALL, NOW) == (FollowUpKind.WRITE_BACK,)
    assert next_due_at(state, {FollowUpKind.ATTACHMENT}, NOW) is None


def test_what_failed_waits_and_leaves_the_export_alone():
    body = failed(exported(), FollowUpKind.ATTACHMENT, "no answer", now=NOW, jitter=0.5)
    state = exported(body)
    assert (state.status, state.findings) == (Status.EXPORTED, ())
    assert due(state, {FollowUpKind.ATTACHMENT}, NOW) == ()
    assert next_due_at(state, {FollowUpKind.ATTACHMENT}, None) == body.retry_at > NOW
    assert due(state, {FollowUpKind.ATTACHMENT}, body.retry_at) == (FollowUpKind.ATTACHMENT,)


def test_it_is_given_up_after_so_many_failures():
    state = exported()
    for _ in range(MOST_FAILURES):
        body = failed(state, FollowUpKind.WRITE_BACK, "down", now=NOW, jitter=0)
        state = apply(state, body, NOW)
    assert body.retry_at is None
    assert due(state, {FollowUpKind.WRITE_BACK}, NOW + 1000 * MINUTE) == ()
    assert next_due_at(state, {FollowUpKind.WRITE_BACK}, NOW) is None


def test_a_replay_makes_what_was_given_up_due_again():
    state = exported(given_up(FollowUpKind.WRITE_BACK, "locked"))
    assert state.given_up == (FollowUpKind.WRITE_BACK,)
    again = apply(state, ReplayAccepted(nonce="n", by="7", why="unlocked"), NOW)
    assert (again.status, again.given_up) == (Status.EXPORTED, ())
    assert due(again, ALL, NOW) == tuple(FollowUpKind)


@pytest.mark.parametrize(
    ("minutes", "until"), [(0, MINUTE), (1, MINUTE), (10, 5 * MINUTE), (60, 15 * MINUTE), (9999, 15 * MINUTE)]
)
def test_an_outage_is_asked_about_ever_more_rarely(minutes, until):
    state = exported()
    now = state.since + minutes * MINUTE
    assert put_off_until(state, now + MINUTE, now) == now + until


def test_a_refusal_is_given_up_at_once():
    state = exported(given_up(FollowUpKind.WRITE_BACK, "locked"))
    assert due(state, ALL, NOW + MINUTE) == (FollowUpKind.ATTACHMENT,)


@given(st.integers(0, 100), st.booleans())
def test_a_pause_puts_off_and_never_brings_forward(minutes, has_failed):
    state = exported()
    if has_failed:
        state = apply(state, failed(state, FollowUpKind.ATTACHMENT, "", now=NOW, jitter=0), NOW)
    until = NOW + minutes * MINUTE
    moment = next_due_at(state, {FollowUpKind.ATTACHMENT}, until)
    assert moment is not None
    assert moment >= until


def test_what_is_written_back_names_the_connection():
    standing = Standing(ref="42", number="INV-7", url="https://erp.example/42", is_final=True)
    assert origin_of(standing, "ironside") == {
        "origin_id": "ironside:42",
        "origin_data": '{"number": "INV-7", "url": "https://erp.example/42"}',
    }
