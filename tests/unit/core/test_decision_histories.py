"""Whole histories of one invoice in Procore, told over the fold and the decision alone."""

from dataclasses import replace
from datetime import timedelta

from services.export_worker.core.decisions import Leave
from services.export_worker.core.outcomes import Unavailable
from shared.events.command import Action
from shared.ledger.entries import CommandRefused
from shared.ledger.words import EntryKind, Reason, Status
from tests.support.builders import a_predecessor
from tests.support.cast import ADA, BEN, DAN, NOW, RECORD_OF_ADA, SERVICE
from tests.unit.core.erp_twin import Dies
from tests.unit.core.story import EXPORTED, NEW_NUMBER, SETTLED, Story, approved, exported, standing
from tests.unit.core.walker import LEASE


def test_revised_and_approved_again_before_the_export():
    story = approved()
    story.withdraws()
    story.walks()
    assert story.told == (Status.SKIPPED, (Reason.NOT_APPROVED,))
    story.edits(BEN, **NEW_NUMBER)
    story.walks()
    story.passes(5)
    story.approves()
    story.walks()
    assert story.told == EXPORTED
    assert standing(story) == (1, "HB-2026-001-R")


def test_withdrawn_and_approved_again_as_it_was():
    story = exported()
    story.withdraws()
    story.walks()
    assert story.told == (Status.HELD, (Reason.APPROVAL_WITHDRAWN,))
    story.approves(BEN)
    story.walks()
    assert story.told == EXPORTED
    assert standing(story) == (1, "HB-2026-001")


def test_withdrawn_and_approved_again_with_other_content():
    story = exported()
    story.withdraws()
    story.walks()
    story.edits(ADA, **NEW_NUMBER)
    story.approves()
    story.walks()
    assert story.told == (Status.HELD, (Reason.CHANGED_AFTER_EXPORT,))
    assert standing(story) == (1, "HB-2026-001")
    story.asks(Action.RESOLVE, erp_number="AR-7")
    story.walks()
    assert story.told == EXPORTED


def test_of_two_webhooks_one_export():
    story = approved()
    story.hears(ADA)
    story.walks()
    for _ in range(3):
        story.hears(ADA)
        story.walks()
    assert story.told == EXPORTED
    assert story.count(EntryKind.ATTEMPT_OPENED) == 1


def test_webhooks_while_exporting_change_nothing():
    story = approved()
    story.erp.script.append(Dies())
    story.walks()
    story.passes(1)
    story.hears(ADA)
    story.hears(BEN)
    assert story.walks() is None
    story.passes(LEASE.total_seconds() + 1)
    story.walks()
    assert story.told == EXPORTED
    assert story.count(EntryKind.ATTEMPT_RESUMED) == 1
    assert standing(story)[0] == 1


def test_a_replay_while_exporting_is_refused():
    story = approved()
    story.erp.script.append(Dies())
    story.walks()
    assert isinstance(story.asks(Action.REPLAY), CommandRefused)
    assert story.told == (Status.EXPORTING, ())


def test_our_own_write_back_is_no_news():
    story = exported()
    story.edits(SERVICE, origin_id="AR-R-1", origin_data="{}")
    story.walks()
    assert story.told == EXPORTED


def test_another_integrations_link_is_news_before_the_export():
    story = approved()
    story.edits(SERVICE, origin_id="SAGE-7")
    story.walks()
    assert story.told == (Status.HELD, (Reason.ALREADY_LINKED,))
    assert standing(story) == (0, None)


def test_a_successor_waits_until_its_predecessor_is_done():
    story = approved(2)
    story.predecessor = a_predecessor(is_satisfied=False)
    story.walks()
    assert story.told == (Status.WAITING, (Reason.OUT_OF_ORDER,))
    assert (story.state.waits_for, story.state.retries) == ("7700123", 0)
    story.predecessor = a_predecessor()
    story.walks()
    assert story.told == EXPORTED
    assert story.state.waits_for is None


def test_a_predecessor_exported_otherwise_is_told():
    story = approved(2)
    story.predecessor = a_predecessor(line_6=a_predecessor().line_6 + 1)
    story.walks()
    assert story.told == (Status.HELD, (Reason.PREVIOUS_CERTIFICATES_DIFFER,))


def test_before_the_start_nothing_is_sent():
    story = approved()
    story.terms = replace(story.terms, start_from=NOW.date())
    story.walks()
    assert story.told == (Status.SKIPPED, (Reason.BEFORE_START,))


def test_deleted_before_the_export():
    story = approved()
    story.deletes()
    story.walks()
    assert story.told == (Status.SKIPPED, (Reason.INVOICE_DELETED,))


def test_deleted_after_the_export():
    story = exported()
    story.deletes()
    story.walks()
    assert story.told == (Status.HELD, (Reason.DELETED_AFTER_EXPORT,))
    story.erp.void()
    story.asks(Action.RESOLVE, dismissed=True)
    story.walks()
    assert story.told[0] is Status.SKIPPED


def test_gone_without_a_delete_event():
    story = approved()
    story.invoice = None
    for _ in range(3):
        story.walks()
        story.passes(30)
    assert story.told == (Status.HELD, (Reason.INVOICE_UNREADABLE,))


def test_dismissed_withdrawn_and_approved_again():
    story = approved()
    story.edits(BEN, status="approved", **NEW_NUMBER)
    story.walks()
    story.asks(Action.RESOLVE, dismissed=True)
    assert story.told == (Status.SKIPPED, (Reason.DISMISSED,))
    story.withdraws()
    story.walks()
    story.approves()
    story.walks()
    assert story.told == (Status.SKIPPED, (Reason.DISMISSED,))
    story.asks(Action.REPLAY)
    story.walks()
    assert story.told == EXPORTED


def test_released_while_a_retry_is_due():
    story = approved()
    story.erp.script.append(Unavailable("503", NOW + timedelta(hours=1)))
    story.walks()
    assert isinstance(story.walks(), Leave)
    story.asks(Action.RELEASE)
    story.walks()
    assert story.told == EXPORTED
    assert story.state.authority.users == (DAN,)


def test_the_record_turns_stale_between_two_judgements():
    story = approved()
    view_of = story._view

    def meanwhile():
        view = view_of()
        story.records = (replace(RECORD_OF_ADA, recorded_at=NOW - timedelta(days=99)),)
        return view

    story._view = meanwhile
    story.walks()
    assert story.told == (Status.HELD, (Reason.APPROVER_RECORD_STALE,))
    assert standing(story) == (0, None)


def test_paused_while_exporting():
    story = approved()
    story.erp.script.append(Dies(late=None))
    story.walks()
    story.is_paused = True
    story.passes(SETTLED)
    story.walks()
    assert story.told == (Status.WAITING, (Reason.PAUSED,))
    story.is_paused = False
    story.passes(SETTLED)
    story.walks()
    assert story.told == EXPORTED
    assert standing(story)[0] == 1


def test_an_older_snapshot_decides_nothing():
    story = exported()
    newer = story.invoice
    story.invoice = newer | {"status": "draft", "updated_at": NOW.isoformat()}
    story.walks()
    assert story.told == EXPORTED
    story.invoice = newer | {"status": "draft", "updated_at": story.now.isoformat()}
    story.walks()
    assert story.told == (Status.HELD, (Reason.APPROVAL_WITHDRAWN,))


def test_a_webhook_that_comes_late_still_names_the_approver():
    story = Story()
    story.invoice |= {"status": "approved", "updated_at": story.now.isoformat()}
    story.hears(None)
    story.walks()
    story.passes(3)
    story.walks()
    assert story.told == (Status.HELD, (Reason.APPROVER_UNKNOWN,))
    story.hears(ADA, at=NOW)
    story.walks()
    assert story.told == EXPORTED


def test_the_explaining_webhook_is_waited_for():
    story = Story()
    story.invoice |= {"status": "approved", "updated_at": story.now.isoformat()}
    story.hears(BEN, at=NOW - timedelta(minutes=1))
    story.walks()
    assert story.told == (Status.WAITING, (Reason.AWAITING_EVENT,))
    story.passes(1)
    story.hears(ADA)
    story.walks()
    assert story.told == (Status.HELD, (Reason.APPROVER_AMBIGUOUS, Reason.APPROVER_LACKS_PRIVILEGE))


def test_an_approval_without_a_time_waits_once():
    story = Story()
    story.invoice |= {"status": "approved", "updated_at": None}
    story.hears(ADA)
    story.walks()
    assert story.told == (Status.WAITING, (Reason.AWAITING_EVENT,))
    story.passes(1)
    story.hears(BEN)
    story.walks()
    assert story.told == (Status.WAITING, (Reason.AWAITING_EVENT,))
    story.passes(1)
    story.walks()
    assert story.told == (Status.HELD, (Reason.APPROVER_AMBIGUOUS, Reason.APPROVER_LACKS_PRIVILEGE))
    story.asks(Action.REPLAY)
    story.walks()
    assert story.told == (Status.HELD, (Reason.APPROVER_AMBIGUOUS, Reason.APPROVER_LACKS_PRIVILEGE))


def test_the_explaining_webhook_of_a_later_change_is_waited_for():
    story = Story()
    story.is_paused = True
    story.approves()
    story.walks()
    story.passes(60)
    story.is_paused = False
    story.hears(ADA)
    story.passes(60)
    story.invoice |= NEW_NUMBER | {"updated_at": story.now.isoformat()}
    story.walks()
    assert story.told == (Status.WAITING, (Reason.AWAITING_EVENT,))
    story.hears(BEN)
    story.walks()
    assert story.told == (Status.HELD, (Reason.CHANGED_AFTER_APPROVAL,))
