"""The fold and its JSON: the same entries always make the same state, wherever one stops and goes on."""

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.ledger.chain import entry_hash, genesis
from shared.ledger.entries import (
    body_from_json,
    body_to_json,
)
from shared.ledger.fold import apply, fold
from shared.ledger.state import EMPTY, State
from tests.support.builders import (
    SECOND,
)
from tests.support.cast import NOW
from tests.unit.core.strategies import bodies, folded, histories

patient = settings(max_examples=60, deadline=None)


@patient
@given(bodies)
def test_every_entry_survives_its_json(body):
    assert body_from_json(body_to_json(body)) == body


@patient
@given(bodies)
def test_every_entry_can_be_hashed(body):
    first = genesis(1, "4907", "5001")
    assert len(entry_hash(first, seq=1, kind=body.kind, at=NOW, body=body_to_json(body))) == 32


@patient
@given(histories())
def test_the_state_survives_its_json(history):
    state = folded(history)
    assert State.model_validate(state.model_dump(mode="json")) == state


@patient
@given(histories())
def test_the_same_entries_fold_into_the_same_state(history):
    assert folded(history) == folded(history)
    assert folded(history).version == len(history)


@patient
@given(histories(), st.integers(0, 12))
def test_a_fold_may_stop_and_go_on(history, at):
    timed = [(body, NOW + number * SECOND) for number, body in enumerate(history)]
    assert fold(timed[at:], fold(timed[:at])) == fold(timed)


@patient
@given(histories())
def test_a_fold_goes_on_from_its_stored_row(history):
    state = EMPTY
    for number, body in enumerate(history):
        stored = State.model_validate_json(state.model_dump_json())
        state = apply(stored, body_from_json(body_to_json(body)), NOW + number * SECOND)
    assert state == folded(history)
