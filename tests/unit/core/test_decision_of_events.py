"""Row 14, before anybody's rights: is there an event that tells of what the look saw?"""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.export_worker.core.decision import decide
from services.export_worker.core.decisions import Defer, Hold, Send
from services.export_worker.core.view import View
from shared.ledger.entries import Received
from shared.ledger.fold import apply
from shared.ledger.words import Reason
from tests.support.builders import SECOND, a_look, a_snapshot, a_state, a_view, deferred, received
from tests.support.cast import ADA, BEN, NOW, SERVICE, rights
from tests.unit.core.decision_cases import OTHER, PAUSED, told

MOMENT = timedelta(milliseconds=1)
EARLIER, LEAD = NOW - timedelta(minutes=1), timedelta(milliseconds=50)
UNDATED = a_snapshot(updated_at=None)
AWAITED = (Defer, 14, Reason.AWAITING_EVENT)
SENT = (Send, 22)


def first_look(*events: Received, lead: timedelta = timedelta(0), **changes: object) -> View:
    """The first that sees it approved, after these events."""
    snapshot = a_snapshot(**changes)
    return a_view(snapshot, state=a_state(*events), rights=replace(rights(), event_lead=lead))


def after_the_wait(*events: Received, seen=None) -> View:
    """Two seconds after a look that these events did not explain."""
    waited = deferred(Reason.AWAITING_EVENT, look=a_look(at=NOW - 2 * SECOND))
    return a_view(seen, state=a_state(*events, waited))


CASES = {
    "it is there": (first_look(received()), SENT),
    "it is there, and told in whole seconds": (
        first_look(received(), updated_at=(NOW + timedelta(milliseconds=400)).isoformat()),
        SENT,
    ),
    "it is on its way": (first_look(received(at=EARLIER)), AWAITED),
    "another came a second before": (first_look(received(at=NOW - SECOND)), AWAITED),
    "another came a moment before": (first_look(received(at=NOW - MOMENT)), AWAITED),
    "it is dated a little earlier": (first_look(received(at=NOW - LEAD), lead=LEAD), SENT),
    "another is dated earlier than that": (first_look(received(at=NOW - LEAD - MOMENT), lead=LEAD), AWAITED),
    "it has no time": (first_look(received(occurred_at=None)), AWAITED),
    "it names nobody": (first_look(received(None)), AWAITED),
    "it names our own user": (first_look(received(SERVICE)), (Hold, 14, Reason.APPROVER_UNKNOWN)),
    "it did not come": (after_the_wait(received(at=EARLIER)), (Hold, 14, Reason.APPROVER_UNKNOWN)),
    "it did not come, and who is known may not": (
        after_the_wait(received(BEN, at=EARLIER)),
        (Hold, 14, Reason.APPROVER_UNKNOWN, Reason.APPROVER_LACKS_PRIVILEGE),
    ),
    "it came, and names nobody": (after_the_wait(received(None)), (Hold, 14, Reason.APPROVER_UNKNOWN)),
    "no time to compare": (a_view(UNDATED), AWAITED),
    "no time to compare, waited once": (after_the_wait(received(), seen=UNDATED), SENT),
    "approved before, other content": (a_view(OTHER, state=apply(PAUSED, received(at=EARLIER), NOW)), AWAITED),
    "approved before, other content, it is there": (a_view(OTHER, state=apply(PAUSED, received(), NOW)), SENT),
}


@pytest.mark.parametrize("name", CASES)
def test_what_the_events_tell_decides(name):
    view, expected = CASES[name]
    assert told(decide(view)) == expected


def test_a_hold_says_whom_the_events_name_and_from_when_nobody():
    hold = decide(after_the_wait(received(at=EARLIER)))
    assert hold.findings[0].detail == (
        f"Procore user {ADA}, but no event of {NOW:%Y-%m-%d %H:%M:%S} UTC or later names anybody"
    )
