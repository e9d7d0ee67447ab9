"""Every status with every entry, against a table written by hand from the design, not from the code."""

from itertools import product

import pytest

from shared.ledger.entries import (
    AttemptResumed,
    CommandRefused,
    Confirmed,
    EntryBody,
    Finding,
    FollowUpDone,
    FollowUpFailed,
    HandedOver,
    LateAnswer,
    Released,
    ReleaseRequested,
    ReplayAccepted,
    ResolvedByHand,
    TieOutFound,
    WarningAccepted,
)
from shared.ledger.fold import apply
from shared.ledger.state import EMPTY, State
from shared.ledger.transitions import CLOSES_TO, TRANSITIONS, ImpossibleTransition, is_allowed
from shared.ledger.words import Closing, EntryKind, Reason, Status
from tests.support.builders import (
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
from tests.support.cast import ADA, NOW

TABLE = """
entry                from                                          to
received             none                                          waiting
received             waiting                                       waiting
received             skipped                                       skipped
received             held                                          held
received             exporting                                     exporting
received             retrying                                      retrying
received             exported                                      exported
received             failed                                        failed
skipped              waiting,skipped,held,retrying,failed          skipped
deferred             waiting,skipped,held,retrying,failed          waiting
held                 waiting,skipped,held,retrying,failed,exported held
confirmed            waiting,skipped,held,retrying,failed,exported exported
tie_out_found        exported                                      exported
attempt_opened       waiting,skipped,held,retrying,failed          exporting
attempt_resumed      waiting,skipped,held,retrying,failed,exporting exporting
step_done            exporting                                     exporting
handed_over          exporting                                     exporting
closed_done          exporting                                     exported
closed_refused       exporting                                     failed
closed_asks          exporting                                     held
closed_differs       exporting                                     held
closed_blind         exporting                                     held
closed_unavailable   exporting                                     retrying
closed_reread        exporting                                     retrying
closed_unknown       exporting                                     retrying
replayed             waiting,skipped,held,retrying,failed          waiting
replayed_afresh      waiting,skipped,held,retrying,failed,exported waiting
released             waiting,skipped,held,retrying,failed          waiting
warning_accepted     waiting,skipped,held,retrying,failed          waiting
resolved             waiting,skipped,held,retrying,failed,exported exported
dismissed            waiting,skipped,held,retrying,failed,exported skipped
"""
REQUESTED = {("release_requested", status): status for status in ("waiting", "skipped", "held", "retrying", "failed")}
STAYS = ["command_refused", "late_answer", "follow_up_done", "follow_up_failed"]

COMMAND = {"nonce": "n", "by": "7", "why": "because"}
ENTRIES: dict[str, EntryBody] = {
    "received": received(),
    "skipped": skipped(),
    "deferred": deferred(),
    "held": held(Reason.CURRENCY),
    "confirmed": Confirmed(standing=a_standing(), look=a_look()),
    "attempt_opened": opened(attempt=2),
    "attempt_resumed": AttemptResumed(fencing_token=2, worker="test"),
    "step_done": step_done(),
    "handed_over": HandedOver(ref="batch-1", confirmed_by="a person"),
    "closed_done": closed(Closing.DONE, standing=a_standing()),
    "closed_refused": closed(Closing.REFUSED, Reason.PERIOD_CLOSED),
    "closed_asks": closed(Closing.NEEDS_DECISION, Reason.ERP_ASKS, warning="credit"),
    "closed_differs": closed(Closing.TOTALS_DIFFER, Reason.TOTALS_DIFFER),
    "closed_blind": closed(Closing.UNKNOWN_WITHOUT_LOOK_UP, Reason.OUTCOME_UNKNOWN),
    "closed_unavailable": closed(Closing.UNAVAILABLE, Reason.RETRY_LATER),
    "closed_reread": closed(Closing.REREAD, Reason.RETRY_LATER),
    "closed_unknown": closed(Closing.UNKNOWN, Reason.RETRY_LATER),
    "replayed": ReplayAccepted(**COMMAND),
    "replayed_afresh": ReplayAccepted(**COMMAND, afresh=True),
    "release_requested": ReleaseRequested(**COMMAND, user_id=ADA, fingerprint="f"),
    "released": Released(**COMMAND, user_id=ADA, fingerprint="f"),
    "warning_accepted": WarningAccepted(**COMMAND, warning="credit", fingerprint="f"),
    "resolved": ResolvedByHand(**COMMAND, dismissed=False, erp_number="AR-7"),
    "dismissed": ResolvedByHand(**COMMAND, dismissed=True),
    "command_refused": CommandRefused(**COMMAND, command="replay", refusal="no"),
    "tie_out_found": TieOutFound(finding=Finding(reason=Reason.CANCELLED_IN_ERP)),
    "late_answer": LateAnswer(fencing_token=1, answer="late"),
    "follow_up_done": FollowUpDone(what="attachment"),
    "follow_up_failed": FollowUpFailed(what="attachment"),
}
# One export in each status; each has had an attempt, so that no entry fails for want of one.
ATTEMPTED = (opened(), closed(Closing.UNAVAILABLE, Reason.RETRY_LATER))
IN_STATUS: dict[Status, State] = {
    Status.NONE: EMPTY,
    Status.WAITING: a_state(*ATTEMPTED, deferred()),
    Status.SKIPPED: a_state(*ATTEMPTED, skipped()),
    Status.HELD: a_state(*ATTEMPTED, held(Reason.CURRENCY)),
    Status.EXPORTING: a_state(opened()),
    Status.RETRYING: a_state(*ATTEMPTED),
    Status.EXPORTED: a_state(opened(), closed(Closing.DONE, standing=a_standing())),
    Status.FAILED: a_state(opened(), closed(Closing.REFUSED, Reason.PERIOD_CLOSED)),
}


def allowed() -> dict[tuple[str, str], str]:
    """(entry, status before) to status after."""
    known = [status.value for status in Status if status is not Status.NONE]
    stays = {(entry, status): status for entry, status in product(STAYS, known)}
    rows = [line.split() for line in TABLE.strip().splitlines()[1:]]
    return (
        stays | REQUESTED | {(entry, before): after for entry, befores, after in rows for before in befores.split(",")}
    )


def test_each_status_is_reached_by_its_story():
    assert {status: state.status for status, state in IN_STATUS.items()} == {status: status for status in Status}


@pytest.mark.parametrize(("entry", "before"), list(product(ENTRIES, Status)))
def test_every_entry_moves_every_status_as_designed(entry, before):
    expected = allowed().get((entry, before.value))
    if expected is None:
        with pytest.raises(ImpossibleTransition):
            apply(IN_STATUS[before], ENTRIES[entry], NOW)
    else:
        assert apply(IN_STATUS[before], ENTRIES[entry], NOW).status == expected


def test_the_dictionary_knows_every_kind_of_entry():
    assert set(TRANSITIONS) == set(EntryKind)
    assert {body.kind for body in ENTRIES.values()} == set(EntryKind)


def test_the_dictionary_allows_nothing_beyond_the_table():
    """The fold checks: exporting is resolved by hand only once it was handed over, and what is exported is replayed
    as it is only for a follow-up that was given up."""
    kinds = {entry: body.kind for entry, body in ENTRIES.items()}
    by_hand = {(EntryKind.RESOLVED_BY_HAND, "exporting", after) for after in ("exported", "skipped")}
    follow_up = {(EntryKind.REPLAY_ACCEPTED, "exported", "exported")}
    expected = {(kinds[entry], before, after) for (entry, before), after in allowed().items()} | by_hand | follow_up
    said = {
        (kind, before.value, after.value)
        for kind, before, after in product(EntryKind, Status, Status)
        if is_allowed(kind, before, after)
    }
    assert said == expected


CLOSINGS = {
    "exported": {"done"},
    "failed": {"refused"},
    "held": {
        "needs_decision",
        "totals_differ",
        "draft_differs",
        "unlinked",
        "found_several",
        "unknown_without_look_up",
        "retries_exhausted",
        "internal_error",
    },
    "retrying": {"unavailable", "reread", "unknown", "interrupted"},
}


@pytest.mark.parametrize("closing", Closing)
def test_every_closing_leads_where_it_should(closing):
    after = apply(IN_STATUS[Status.EXPORTING], closed(closing, Reason.RETRY_LATER), NOW).status
    assert closing in CLOSINGS[after.value]
    assert CLOSES_TO[closing] is after


def test_what_was_handed_over_is_confirmed_while_exporting():
    handed_over = apply(IN_STATUS[Status.EXPORTING], ENTRIES["handed_over"], NOW)
    assert apply(handed_over, ENTRIES["resolved"], NOW).status is Status.EXPORTED
    assert apply(handed_over, ENTRIES["dismissed"], NOW).status is Status.SKIPPED


def test_a_given_up_follow_up_is_replayed_where_it_stands():
    given_up = apply(IN_STATUS[Status.EXPORTED], ENTRIES["follow_up_failed"], NOW)
    assert apply(given_up, ENTRIES["replayed"], NOW).status is Status.EXPORTED
    assert apply(given_up, ENTRIES["replayed_afresh"], NOW).status is Status.WAITING


def test_without_an_attempt_nothing_is_resumed():
    with pytest.raises(ImpossibleTransition, match="no attempt"):
        apply(a_state(), ENTRIES["attempt_resumed"], NOW)


def test_what_surely_stands_is_never_skipped():
    stands = a_state(opened(), closed(Closing.DONE, standing=a_standing()), held(Reason.CHANGED_AFTER_EXPORT))
    with pytest.raises(ImpossibleTransition, match="stands in the ERP"):
        apply(stands, skipped(), NOW)
