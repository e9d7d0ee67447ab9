"""What a project's list shows beside the ledger: reconciliation's rule, without Procore."""

from dataclasses import replace

import pytest

from services.export_worker.core.comparison import compare
from shared.events.notifications import Notification
from shared.ledger.fold import apply
from shared.ledger.words import Reason
from tests.support.builders import SECOND, a_look, a_snapshot, a_state, held, received, skipped
from tests.support.cast import ADA, BEN, NOW

SHOWN = a_snapshot()
INVOICE = SHOWN.payment_application_id
UNKNOWN = held(Reason.APPROVER_UNKNOWN, look=a_look(unexplained_from=NOW))
WAITING = a_state(received(at=NOW - SECOND), UNKNOWN)


def an_event(by: str | None = ADA, *, at=NOW, reason="update", invoice=INVOICE) -> Notification:
    return Notification(
        event_id=f"{by}-{at.timestamp()}",
        payload_version="v4.0",
        source_application_id=None,
        reason=reason,
        resource_name="Payment Applications",
        resource_id=invoice,
        company_id="415",
        project_id="6021",
        user_id=by,
        occurred_at=at,
        body="{}",
    )


def compared(state, *listed, shown=SHOWN, before=NOW + SECOND):
    """What the ledger hears: by whom and of what, for the one invoice."""
    known = {} if state is None else {INVOICE: state}
    heard = compare({INVOICE: shown} if shown else {}, known, before).received(listed)
    assert set(heard) <= {INVOICE}
    return [(body.source, body.reason, body.user_id) for body in heard.get(INVOICE, ())]


def test_what_the_ledger_saw_as_it_is_shown_is_not_told_again():
    assert compared(a_state(held(Reason.CURRENCY, look=a_look())), an_event()) == []


def test_a_young_change_is_left_to_its_webhook():
    assert compared(None, an_event(), before=NOW - SECOND) == []
    assert compared(WAITING, an_event(), before=NOW - SECOND) == []


def test_an_untold_approval_is_told_by_the_list_or_by_nobody():
    assert compared(None, an_event(), an_event(BEN, invoice="1")) == [("delivery_list", "update", ADA)]
    assert compared(None, an_event(invoice="1")) == [("reconciliation", "found", None)]
    assert compared(None, shown=replace(SHOWN, status="draft")) == []


def test_an_approver_who_is_not_known_is_told_by_a_list_that_names_somebody():
    assert compared(WAITING, an_event(BEN)) == [("delivery_list", "update", BEN)]


@pytest.mark.parametrize("event", [an_event(at=NOW - SECOND), an_event(None), an_event(BEN, invoice="1")])
def test_what_explains_no_approval_is_not_told_each_time(event):
    assert compared(WAITING, event) == []


def test_whoever_is_known_already_is_not_asked_for():
    assert compared(apply(apply(WAITING, received(BEN), NOW), UNKNOWN, NOW), an_event(BEN)) == []


def test_only_a_delete_event_proves_a_deletion():
    exported = a_state(held(Reason.CURRENCY, look=a_look()))
    assert compared(exported, an_event(), shown=None) == [("reconciliation", "missing", None)]
    assert compared(exported, an_event(), an_event(BEN, reason="delete"), shown=None) == [
        ("delivery_list", "delete", BEN)
    ]
    assert compared(a_state(skipped()), shown=None) == []
