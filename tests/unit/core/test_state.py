"""The fold: what each entry leaves behind. The statuses alone are in test_transitions."""

from dataclasses import replace
from datetime import timedelta

from shared.ledger.entries import (
    AttemptResumed,
    Confirmed,
    HandedOver,
    LateAnswer,
    Released,
    ReplayAccepted,
    ResolvedByHand,
    WarningAccepted,
)
from shared.ledger.fold import apply
from shared.ledger.words import Closing, Reason, Status
from tests.support.builders import (
    SECOND,
    TERMS,
    a_document,
    a_look,
    a_standing,
    a_state,
    closed,
    deferred,
    held,
    opened,
    received,
    skipped,
    step_done,
)
from tests.support.cast import ADA, BEN, CLEO, NOW

WHO = {"nonce": "n", "by": "7", "why": "because"}
UNREADABLE = a_look(seen="unreadable", fingerprint=None)


def test_since_tells_when_the_status_changed():
    waiting = a_state()
    assert waiting.since == NOW
    assert apply(waiting, received(BEN), NOW + SECOND).since == NOW
    assert apply(waiting, held(Reason.CURRENCY), NOW + SECOND).since == NOW + SECOND


def test_the_reference_names_the_generation():
    state = a_state(held(Reason.CURRENCY), ReplayAccepted(**WHO, afresh=True))
    assert (a_state().reference("a:b:c"), state.reference("a:b:c")) == ("a:b:c:1", "a:b:c:2")


def test_reasons_keep_the_order_of_the_findings():
    state = a_state(held(Reason.CURRENCY, Reason.TOO_LONG))
    assert state.reasons == (Reason.CURRENCY, Reason.TOO_LONG)


def test_events_keep_one_line_for_each_person():
    state = a_state(received(ADA), received(BEN), received(ADA, at=NOW + SECOND), received(ADA, occurred_at=None))
    assert {event.user_id: event.occurred_at for event in state.events} == {ADA: NOW + SECOND, BEN: NOW}


def test_a_delete_event_is_remembered():
    assert not a_state().is_deleted
    assert a_state(received(reason="delete"), received()).is_deleted


def test_an_approval_names_everybody_since_the_draft():
    state = a_state(
        received(CLEO), skipped(), received(BEN), received(ADA), received(None), held(Reason.CURRENCY, look=a_look())
    )
    assert state.approval is not None
    assert state.approval.users == (BEN, ADA)
    assert state.events == ()


def test_a_withdrawn_approval_starts_anew():
    release = Released(**WHO, user_id=ADA, fingerprint="f")
    state = a_state(held(Reason.APPROVER_LACKS_PRIVILEGE, look=a_look()), release, received(BEN), skipped())
    assert (state.approval, state.release, state.events) == (None, None, ())


def test_an_approval_once_seen_stays_with_its_people():
    first = a_state(held(Reason.CURRENCY, look=a_look()), received(BEN, at=NOW + 9 * SECOND))
    again = apply(first, held(Reason.CURRENCY, look=a_look(at=NOW + 10 * SECOND)), NOW)
    assert again.approval == first.approval


def test_a_late_event_still_tells_of_the_approver():
    look = a_look(at=NOW + 5 * SECOND)
    late = received(BEN, at=NOW + 4 * SECOND)
    state = a_state(held(Reason.APPROVER_UNKNOWN, look=look), late, held(Reason.CURRENCY, look=look))
    assert state.approval is not None
    assert state.approval.users == (ADA, BEN)


def test_an_event_older_than_the_draft_tells_of_nobody():
    draft = skipped(look=a_look(at=NOW, seen="draft"))
    late = received(BEN, at=NOW - 2 * SECOND)
    look = a_look(at=NOW + 5 * SECOND)
    state = a_state(draft, received(ADA), held(Reason.CURRENCY, look=look), late, held(Reason.CURRENCY, look=look))
    assert state.approval is not None
    assert state.approval.users == (ADA,)


def test_each_change_after_an_approval_names_its_people():
    seen = held(Reason.CURRENCY, look=a_look())
    once = held(Reason.CURRENCY, look=a_look(fingerprint="b"))
    twice = held(Reason.CURRENCY, look=a_look(fingerprint="c"))
    state = a_state(seen, received(BEN, at=NOW + 9 * SECOND), once, twice)
    assert state.approval is not None
    assert state.approval.changes == ((BEN,), ())
    assert state.approval.latest_content == "c"


def test_while_its_event_is_awaited_an_approval_stays_open():
    state = a_state(deferred(Reason.AWAITING_EVENT, look=a_look()))
    assert (state.approval, state.awaiting_event_since, len(state.events)) == (None, NOW, 1)
    later = apply(state, deferred(Reason.AWAITING_EVENT, look=a_look(at=NOW + SECOND)), NOW)
    assert later.awaiting_event_since == NOW
    assert apply(later, held(Reason.CURRENCY, look=a_look()), NOW).awaiting_event_since is None


def test_unreadable_looks_are_counted_until_one_is_readable():
    twice = a_state(*(deferred(Reason.INVOICE_UNREADABLE, look=UNREADABLE),) * 2)
    assert twice.unreadable_looks == 2
    assert twice.look is None
    assert apply(twice, held(Reason.CURRENCY, look=a_look()), NOW).unreadable_looks == 0
    assert apply(twice, ReplayAccepted(**WHO), NOW).unreadable_looks == 0


def test_a_hold_without_a_look_keeps_the_last_one():
    state = a_state(held(Reason.CURRENCY, look=a_look()), held(Reason.INTERNAL_ERROR))
    assert state.look == a_look()


def test_a_late_answer_makes_a_look_due():
    state = a_state(held(Reason.CURRENCY, look=a_look()))
    assert not state.news
    assert apply(state, LateAnswer(fencing_token=1, answer="?"), NOW).news


def test_a_step_leaves_a_draft_standing():
    state = a_state(opened(), step_done(), step_done())
    assert state.attempt is not None
    assert (state.attempt.done, state.attempt.ref) == (("create",), "R-1")
    assert state.standing is not None
    assert not state.standing.is_final


def test_retries_count_until_it_is_done():
    again = closed(Closing.UNKNOWN, Reason.RETRY_LATER, counts_as_retry=True)
    down = closed(Closing.UNAVAILABLE, Reason.RETRY_LATER)
    retried = a_state(opened(), again, opened(attempt=2), again, opened(attempt=3), down)
    assert (retried.retries, retried.attempts) == (2, 3)
    assert apply(retried, ReplayAccepted(**WHO), NOW).retries == 0
    assert apply(retried, Confirmed(standing=a_standing(), look=a_look()), NOW).retries == 0
    done = apply(apply(retried, opened(attempt=4), NOW), closed(Closing.DONE, standing=a_standing()), NOW)
    assert done.retries == 0


def is_unresolved(*entries):
    attempt = a_state(opened(), *entries).attempt
    assert attempt is not None
    return attempt.unresolved


def test_an_outcome_is_open_until_somebody_saw_it():
    assert is_unresolved()
    for closing in ("unknown", "unknown_without_look_up", "found_several", "internal_error", "retries_exhausted"):
        assert is_unresolved(closed(Closing(closing)))


def test_an_outcome_is_settled_when_nothing_stands():
    for closing in ("refused", "needs_decision", "unavailable", "reread", "interrupted"):
        assert not is_unresolved(closed(Closing(closing)))
    assert not is_unresolved(step_done(), closed(Closing.DONE, standing=a_standing()))


def test_whatever_stands_is_looked_up_again():
    for closing in set(Closing) - {Closing.DONE}:
        assert is_unresolved(step_done(), closed(closing))
        assert is_unresolved(HandedOver(ref="b", confirmed_by="a person"), closed(closing))
        assert is_unresolved(closed(closing, standing=a_standing()))


def test_a_draft_is_not_forgotten_by_the_next_attempt():
    refused = (opened(), step_done(), closed(Closing.REFUSED, Reason.PERIOD_CLOSED))
    down = a_state(*refused, opened(attempt=2), closed(Closing.UNAVAILABLE, Reason.RETRY_LATER))
    assert down.standing is not None
    assert down.attempt is not None
    assert down.attempt.unresolved


def test_what_a_draft_may_hold_is_known():
    older, newer = a_document(), a_document(terms=replace(TERMS, lines="summary"))
    unknown = a_state(opened(older), closed(Closing.UNKNOWN), opened(newer, attempt=2), closed(Closing.UNKNOWN))
    assert unknown.attempt is not None
    assert unknown.attempt.contents == (older.content_hash, newer.content_hash)
    made = apply(apply(unknown, opened(newer, attempt=3), NOW), step_done(), NOW)
    assert made.attempt is not None
    assert made.attempt.contents == (newer.content_hash,)
    absent = a_state(opened(older), closed(Closing.UNAVAILABLE), opened(newer, attempt=2))
    assert absent.attempt is not None
    assert absent.attempt.contents == (newer.content_hash,)


def test_a_resumed_attempt_may_stand_again():
    resumed = AttemptResumed(fencing_token=2, worker="test")
    state = a_state(opened(), closed(Closing.REFUSED, Reason.TOO_LONG, absence_proven_at=NOW), resumed)
    assert state.attempt is not None
    assert (state.attempt.is_open, state.attempt.unresolved, state.attempt.fencing_token) == (True, True, 2)
    assert (state.attempt.absence_proven_at, state.attempt.refusal) == (None, None)


def test_a_refusal_is_kept_until_a_replay():
    state = a_state(opened(), closed(Closing.REFUSED, Reason.TOO_LONG), skipped(), deferred())
    assert state.attempt is not None
    assert state.attempt.refusal is not None
    assert state.attempt.refusal.reason is Reason.TOO_LONG
    replayed = apply(state, ReplayAccepted(**WHO), NOW)
    assert replayed.attempt is not None
    assert replayed.attempt.refusal is None


def test_a_warning_waits_for_an_answer():
    asked = a_state(opened(fingerprint="f"), closed(Closing.NEEDS_DECISION, Reason.ERP_ASKS, warning="credit"))
    assert (asked.warning, asked.warning_fingerprint) == ("credit", "f")
    accepted = apply(asked, WarningAccepted(**WHO, warning="credit", fingerprint="f"), NOW)
    assert (accepted.warning, accepted.accepted) == (None, {"credit": "f"})
    assert apply(asked, opened(attempt=2), NOW).warning is None
    assert apply(asked, ReplayAccepted(**WHO), NOW).warning is None


def test_a_replay_afresh_forgets_the_old_document():
    done = (opened(), step_done(), closed(Closing.DONE, standing=a_standing()))
    state = a_state(*done, ReplayAccepted(**WHO, afresh=True))
    assert (state.generation, state.standing, state.attempt, state.news) == (2, None, None, True)


def test_a_resolution_keeps_the_number_and_todays_content():
    number = ResolvedByHand(**WHO, dismissed=False, erp_number="AR-7")
    state = a_state(held(Reason.CURRENCY, look=a_look()), number)
    assert state.standing is not None
    assert (state.standing.number, state.standing.by_hand, state.standing.is_final) == ("AR-7", True, True)
    assert state.standing.fingerprint == a_look().fingerprint
    assert a_state(number.model_copy(update={"fingerprint": "f"})).standing.fingerprint == "f"
    assert a_state(number).standing.fingerprint is None


def test_a_resolution_closes_an_unresolved_attempt():
    unknown = (opened(), step_done(), closed(Closing.UNKNOWN_WITHOUT_LOOK_UP, Reason.OUTCOME_UNKNOWN))
    state = a_state(*unknown, ResolvedByHand(**WHO, dismissed=True))
    assert state.attempt is not None
    assert (state.attempt.unresolved, state.standing, state.is_dismissed) == (False, None, True)
    assert state.reasons == (Reason.DISMISSED,)
    assert not apply(state, ReplayAccepted(**WHO), NOW).is_dismissed


def test_a_retry_is_due_when_its_closing_says():
    due = NOW + timedelta(minutes=2)
    state = a_state(opened(), closed(Closing.UNAVAILABLE, Reason.RETRY_LATER, retry_at=due))
    assert (state.status, state.due_at) == (Status.RETRYING, due)
    assert apply(state, ReplayAccepted(**WHO), NOW).due_at is None


def test_a_voided_document_may_be_skipped_after_a_look_up():
    differs = closed(Closing.TOTALS_DIFFER, Reason.TOTALS_DIFFER, standing=a_standing())
    state = a_state(opened(), step_done(), differs, skipped())
    assert (state.status, state.standing) == (Status.SKIPPED, None)
