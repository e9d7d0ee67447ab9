"""What holds of every decision, whatever the ledger, Procore, the ERP and the connection say."""

from hypothesis import given, settings

from services.export_worker.core.decision import decide
from services.export_worker.core.decisions import Confirm, Defer, Hold, Keep, Send, Skip
from services.export_worker.pipeline.recording import closing, deciding
from shared.ledger.fold import apply
from shared.ledger.words import Reason, Status
from tests.support.builders import (
    opened,
)
from tests.support.cast import NOW
from tests.unit.core.strategies import looked_up


def is_sent_with_authority(view, decision):
    if isinstance(decision, Send):
        assert view.snapshot is not None
        assert view.snapshot.is_approved
        assert view.authority is not None
        assert view.authority.problems == ()


def is_not_sent_twice(view, decision):
    if isinstance(decision, Send):
        assert view.standing is None or not view.standing.is_final


def is_not_sent_while_stopped(view, decision):
    if isinstance(decision, Send):
        assert not view.is_paused
        assert view.terms.mode == "live"
        assert view.circuit_open_until is None or view.circuit_open_until <= view.now


def is_not_sent_unseen(view, decision):
    """Law 3: found, or looked up after any call could still have committed."""
    attempt = view.state.attempt
    if isinstance(decision, Send) and attempt is not None and attempt.unresolved:
        live = [each for each in view.look_up.found if not each.cancelled]
        proven = [at for at in (attempt.absence_proven_at, view.absence_proven_at) if at]
        assert live or (not attempt.handed_over and all(view.look_up.began_at >= at for at in proven))
        assert len(live) <= 1


def is_not_skipped_standing(view, decision):
    assert view.standing is None or not isinstance(decision, Skip)


def is_kept_for_a_reason_told(view, decision):
    """Nothing is kept in a status that people would misread, or that nothing ends."""
    if isinstance(decision, Keep) and decision.row not in (4, 11):
        status, reasons = view.state.status, view.state.reasons
        told_already = {
            6: status is Status.EXPORTED,
            10: status is Status.SKIPPED and Reason.DISMISSED in reasons,
            18: status is Status.FAILED,
            19: status is Status.HELD and Reason.ERP_ASKS in reasons,
        }
        assert told_already[decision.row]


def is_recorded(view, decision):
    """The ledger takes what the corridor would append."""
    state = view.state
    if isinstance(decision, Confirm | Hold | Skip | Defer):
        for body in (*closing(decision, view), *deciding(decision, view)):
            state = apply(state, body, NOW)
    elif isinstance(decision, Send):
        for body in (*closing(None, view), opened(decision.document)):
            state = apply(state, body, NOW)


LAWS = (
    is_sent_with_authority,
    is_not_sent_twice,
    is_not_sent_while_stopped,
    is_not_sent_unseen,
    is_not_skipped_standing,
    is_kept_for_a_reason_told,
    is_recorded,
)


@settings(max_examples=400, deadline=None)
@given(looked_up())
def test_no_decision_raises_or_breaks_a_law(view):
    decision = decide(view)
    for law in LAWS:
        law(view, decision)
