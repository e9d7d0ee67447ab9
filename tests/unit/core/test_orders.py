"""What people may ask of an export: every action, role and status."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.export_worker.core.orders import Circumstances, judge_command
from shared.events.command import Action, Command, OperatorRole
from shared.ledger.entries import (
    CommandRefused,
    Finding,
    FollowUpDone,
    FollowUpFailed,
    HandedOver,
    Released,
    ReplayAccepted,
    ResolvedByHand,
    WarningAccepted,
)
from shared.ledger.fold import apply
from shared.ledger.words import Closing, Reason, Status
from tests.support.builders import (
    a_found,
    a_look,
    a_snapshot,
    a_standing,
    a_state,
    closed,
    deferred,
    held,
    opened,
    skipped,
)
from tests.support.cast import ADA, COMPANY, NOW, PROJECT
from tests.unit.core.strategies import founds, people, states

ROLES = (OperatorRole.OPERATOR, OperatorRole.ACCOUNTING_APPROVER, OperatorRole.ADMIN)
NUMBER = a_snapshot().invoice_number
ASKED = (opened(), closed(Closing.NEEDS_DECISION, Reason.ERP_ASKS, warning="credit"))
DOWN = (*ASKED, opened(attempt=2), closed(Closing.UNAVAILABLE, Reason.RETRY_LATER))
DONE = (opened(), closed(Closing.DONE, standing=a_standing()))
STATES = {
    Status.WAITING: a_state(*DOWN, deferred(look=a_look())),
    Status.SKIPPED: a_state(skipped()),
    Status.HELD: a_state(*ASKED),
    Status.EXPORTING: a_state(opened()),
    Status.RETRYING: a_state(*DOWN),
    Status.EXPORTED: a_state(*DONE),
    Status.FAILED: a_state(opened(), closed(Closing.REFUSED, Reason.TOO_LONG)),
}
GIVEN_UP = apply(STATES[Status.EXPORTED], FollowUpFailed(what="attachment", detail="no rights"), NOW)
HANDED_OVER = a_state(opened(), HandedOver(ref="batch-1", confirmed_by="a person"))


def a_command(action, **changes):
    usual = {
        "nonce": "01J",
        "action": action,
        "export_id": 1,
        "company_id": COMPANY,
        "project_id": PROJECT,
        "by": "account-7",
        "role": OperatorRole.ACCOUNTING_APPROVER,
        "why": "because",
        "at": NOW,
        "user_id": ADA,
        "erp_number": "AR-7" if action in (Action.RESOLVE, Action.CONFIRM) else None,
        "invoice_number": NUMBER,
    }
    return Command(**usual | changes)


def answer(action, state, standing_before=(), changed_by=(), **changes):
    circumstances = Circumstances(state=state, standing_before=standing_before, changed_by=changed_by)
    return judge_command(a_command(action, **changes), circumstances)


def refusal(*arguments, **changes):
    body = answer(*arguments, **changes)
    assert isinstance(body, CommandRefused), body
    return body.refusal


FOLLOWED = {
    Action.REPLAY: "waiting skipped held retrying failed",
    Action.RELEASE: "waiting skipped held retrying failed",
    Action.ACCEPT: "held",
    Action.CONFIRM: "",
    Action.RESOLVE: "waiting skipped held retrying failed exported",
}


@pytest.mark.parametrize(("action", "role", "status"), list(product(Action, ROLES, STATES)))
def test_every_action_of_every_role_in_every_status(action, role, status):
    may = action is not Action.RELEASE or role is OperatorRole.ACCOUNTING_APPROVER
    body = answer(action, STATES[status], role=role)
    assert isinstance(body, CommandRefused) != (may and status in FOLLOWED[action].split())


def test_only_an_accounting_approver_releases():
    assert refusal(Action.RELEASE, STATES[Status.HELD], role=OperatorRole.ADMIN) == "the role admin may not release"


@pytest.mark.parametrize("action", Action)
def test_a_command_without_a_reason_is_refused(action):
    assert refusal(action, STATES[Status.HELD], why="  ") == "a reason is needed"


def test_a_refusal_names_who_asked_and_what():
    body = answer(Action.REPLAY, STATES[Status.EXPORTING])
    assert body == CommandRefused(
        nonce="01J", by="account-7", why="because", command="replay", refusal="it is being exported just now"
    )


def test_a_replay_asks_for_a_new_decision():
    body = answer(Action.REPLAY, STATES[Status.FAILED])
    assert body == ReplayAccepted(nonce="01J", by="account-7", why="because")


def test_an_exported_invoice_is_not_simply_replayed():
    assert refusal(Action.REPLAY, STATES[Status.EXPORTED]) == "it is exported already"


def test_a_replay_repeats_what_was_given_up_after_an_export():
    done = apply(GIVEN_UP, FollowUpDone(what="write_back"), NOW)
    body = answer(Action.REPLAY, done)
    assert isinstance(body, ReplayAccepted)
    after = apply(done, body, NOW)
    assert after.follow_ups == {"write_back": done.follow_ups["write_back"]}
    assert after == done.model_copy(update={"version": after.version, "follow_ups": after.follow_ups})
    assert refusal(Action.REPLAY, after) == "it is exported already"


def test_what_is_tried_again_by_itself_needs_no_replay():
    waits = apply(STATES[Status.EXPORTED], FollowUpFailed(what="attachment", retry_at=NOW), NOW)
    assert refusal(Action.REPLAY, waits) == "it is exported already"


def test_nothing_follows_what_a_person_exported_by_hand():
    by_hand = apply(GIVEN_UP, answer(Action.RESOLVE, GIVEN_UP), NOW)
    assert refusal(Action.REPLAY, by_hand) == "it is exported already"


def test_a_replay_of_what_is_held_also_repeats_what_was_given_up():
    seen_again = apply(GIVEN_UP, held(Reason.APPROVAL_WITHDRAWN), NOW)
    after = apply(seen_again, answer(Action.REPLAY, seen_again), NOW)
    assert (after.status, after.follow_ups) == (Status.WAITING, {})


def test_a_replay_afresh_needs_the_number_and_a_free_reference():
    state = STATES[Status.EXPORTED]
    assert answer(Action.REPLAY, state, afresh=True).afresh
    assert "typed" in refusal(Action.REPLAY, state, afresh=True, invoice_number="HB-2")
    assert "typed" in refusal(Action.REPLAY, a_state(), afresh=True, invoice_number=None)
    assert "cannot be asked" in refusal(Action.REPLAY, state, None, afresh=True)
    assert refusal(Action.REPLAY, state, (a_found(),), afresh=True).startswith("AR-1 still stands")
    assert refusal(Action.REPLAY, state, (a_found(number=None),), afresh=True).startswith("R-1 still stands")
    assert answer(Action.REPLAY, state, (a_found(cancelled=True),), afresh=True).afresh


def test_nothing_starts_afresh_while_the_old_may_still_arrive():
    """Law 3: an absent document counts only once the call can no longer commit."""
    unknown = a_state(opened(), closed(Closing.UNKNOWN, Reason.RETRY_LATER))
    assert "not known yet" in refusal(Action.REPLAY, unknown, afresh=True)


def test_a_release_is_bound_to_the_content_and_the_releaser():
    body = answer(Action.RELEASE, a_state(held(Reason.APPROVER_UNKNOWN, look=a_look())))
    assert isinstance(body, Released)
    assert (body.user_id, body.fingerprint) == (ADA, a_snapshot().fingerprint)


def test_a_release_needs_a_person_and_a_content():
    state = STATES[Status.HELD]
    assert "user id is missing" in refusal(Action.RELEASE, state, user_id=None)
    assert "content" in refusal(Action.RELEASE, a_state())
    assert "content" in refusal(Action.RELEASE, a_state(skipped(look=a_look(seen="deleted", fingerprint=None))))
    assert refusal(Action.RELEASE, STATES[Status.EXPORTED]) == "it is exported already"


@pytest.mark.parametrize("changer", ["account-7", ADA])
def test_nobody_releases_under_a_record_of_their_own_making(changer):
    assert "changed themselves" in refusal(Action.RELEASE, STATES[Status.HELD], changed_by={changer})
    assert isinstance(answer(Action.RELEASE, STATES[Status.HELD], changed_by={"somebody"}), Released)


def test_a_warning_is_accepted_for_the_content_it_was_about():
    asked = a_state(opened(fingerprint="f"), ASKED[1])
    body = answer(Action.ACCEPT, asked, warning="credit")
    assert isinstance(body, WarningAccepted)
    assert (body.warning, body.fingerprint) == ("credit", "f")
    assert refusal(Action.ACCEPT, asked, warning="duplicate") == "the ERP has not asked that"


def test_a_warning_of_an_older_attempt_is_not_accepted_later():
    assert refusal(Action.ACCEPT, STATES[Status.RETRYING]) == "the ERP has not asked that"
    stale = STATES[Status.EXPORTED].model_copy(update={"warning": "credit"})
    assert refusal(Action.ACCEPT, stale) == "it is exported already"


def test_what_was_handed_over_is_confirmed_by_its_number():
    body = answer(Action.CONFIRM, HANDED_OVER, dismissed=True)
    assert isinstance(body, ResolvedByHand)
    assert (body.dismissed, body.erp_number) == (False, "AR-7")
    assert "missing" in refusal(Action.CONFIRM, HANDED_OVER, erp_number=None)
    confirmed = apply(HANDED_OVER, body, NOW)
    assert "nothing was handed over" in refusal(Action.CONFIRM, confirmed)


def test_what_was_handed_over_may_be_dismissed():
    body = answer(Action.RESOLVE, HANDED_OVER, dismissed=True, erp_number=None)
    assert apply(HANDED_OVER, body, NOW).status is Status.SKIPPED


def test_nothing_is_resolved_while_it_is_being_exported():
    assert refusal(Action.RESOLVE, STATES[Status.EXPORTING]) == "it is being exported just now"


def test_a_resolution_says_one_thing():
    state = STATES[Status.HELD]
    assert "either" in refusal(Action.RESOLVE, state, erp_number=None)
    assert "either" in refusal(Action.RESOLVE, state, dismissed=True)
    assert answer(Action.RESOLVE, state, dismissed=True, erp_number=None).dismissed
    assert answer(Action.RESOLVE, state).erp_number == "AR-7"


def test_a_resolution_keeps_the_content_that_was_seen():
    assert answer(Action.RESOLVE, STATES[Status.HELD]).fingerprint == a_snapshot().fingerprint
    assert answer(Action.RESOLVE, a_state()).fingerprint is None


commands = st.builds(
    a_command,
    st.sampled_from(Action),
    role=st.sampled_from(ROLES),
    why=st.sampled_from(("because", "")),
    afresh=st.booleans(),
    invoice_number=st.sampled_from((NUMBER, None)),
    user_id=people,
    warning=st.sampled_from((None, "credit", "other")),
    dismissed=st.booleans(),
    erp_number=st.sampled_from(("AR-7", None)),
)


@settings(max_examples=200, deadline=None)
@given(commands, states, st.none() | founds)
def test_every_command_leaves_an_entry_that_the_ledger_takes(command, state, standing):
    body = judge_command(command, Circumstances(state=state, standing_before=standing))
    after = apply(state, body, NOW)
    assert after.version == state.version + 1
    if isinstance(body, CommandRefused):
        assert after == state.model_copy(update={"version": after.version})


@pytest.mark.parametrize("action", [Action.RELEASE, Action.RESOLVE])
def test_an_order_for_content_that_changed_since_is_refused(action):
    state = STATES[Status.HELD]
    order = a_command(action, fingerprint="another")
    refused = judge_command(order, Circumstances(state=state))
    assert isinstance(refused, CommandRefused)
    assert "look again" in refused.refusal
    seen = order.model_copy(update={"fingerprint": state.look.fingerprint})
    assert not isinstance(judge_command(seen, Circumstances(state=state)), CommandRefused)


def test_text_that_no_database_stores_is_mended_in_an_entry():
    finding = Finding(reason=Reason.TOO_LONG, detail="a\x00b\ud800 Zürich")
    assert finding.detail == "ab? Zürich"
