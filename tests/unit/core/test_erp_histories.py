"""Whole histories of one invoice whose ERP fails, forgets, asks, or is changed by people."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.export_worker.core.capabilities import RetainageShape, Step
from services.export_worker.core.decisions import Leave
from services.export_worker.core.outcomes import HandedOver, NeedsDecision, Refusal, Refused
from shared.events.command import Action
from shared.ledger.entries import CommandRefused
from shared.ledger.words import EntryKind, Reason, Status
from tests.support.builders import CAPABILITIES
from tests.support.cast import ADA, DAN, NOW
from tests.unit.core.erp_twin import Dies, Lost
from tests.unit.core.story import EXPORTED, NEW_NUMBER, SETTLED, Story, approved, exported, standing
from tests.unit.core.walker import LEASE


def restored(before):
    """The same invoice and ERP, with a ledger that knows nothing, and a webhook that comes again."""
    story = Story()
    story.invoice, story.erp, story.now = before.invoice, before.erp, before.now
    story.hears(ADA)
    return story


def test_yesterdays_ledger_finds_what_stands():
    before = exported()
    story = restored(before)
    story.walks()
    assert story.told == EXPORTED
    assert standing(story)[0] == 1


def test_yesterdays_ledger_finds_other_totals():
    before = exported()
    summary = before.invoice["g702"] | {"tax_applicable_to_this_payment": "5.00"}
    before.invoice |= {"g702": summary}
    story = restored(before)
    story.walks()
    assert story.told == (Status.HELD, (Reason.TOTALS_DIFFER,))
    story.erp.void()
    story.asks(Action.REPLAY)
    story.walks()
    assert story.told == EXPORTED
    assert standing(story)[0] == 1


@pytest.mark.parametrize("late", [0, 1, 89])
def test_an_answer_that_never_came_is_looked_for(late):
    """Law 3: the document may appear until the ERP can no longer commit."""
    story = approved()
    story.erp.script.append(Lost(timedelta(seconds=late)))
    story.walks()
    assert story.told == (Status.RETRYING, (Reason.RETRY_LATER,))
    story.walks_until_still()
    assert story.told == EXPORTED
    assert standing(story)[0] == 1


SLOW = CAPABILITIES.call_time_limit
LATE = CAPABILITIES.settles_after - timedelta(seconds=1)


@pytest.mark.parametrize("lost", [Lost(LATE, looked=SLOW), Dies(LATE, looked=SLOW)])
def test_a_write_after_slow_looks_is_waited_for(lost):
    """What the step looked at took all of its time: only then the write went out, and it was kept late."""
    story = approved()
    story.erp.script.append(lost)
    story.walks()
    story.walks_until_still()
    assert story.told == EXPORTED
    assert standing(story)[0] == 1


def test_a_call_that_was_lost_is_made_again_once_settled():
    story = approved()
    story.erp.script.append(Dies(late=None))
    story.walks()
    story.passes(LEASE.total_seconds() + 1)
    assert story.walks() == Leave(NOW + timedelta(seconds=5) + CAPABILITIES.absence_proven_after_start, 2)
    story.passes(SETTLED)
    story.walks()
    assert story.told == EXPORTED


def test_changed_while_a_lost_call_was_under_way():
    story = approved()
    story.erp.script.append(Dies())
    story.walks()
    story.edits(DAN, **NEW_NUMBER)
    story.passes(LEASE.total_seconds() + 1)
    story.walks()
    assert story.told == (Status.HELD, (Reason.DRAFT_DIFFERS,))
    story.erp.void()
    story.asks(Action.REPLAY)
    story.passes(SETTLED)
    story.walks()
    assert story.told == EXPORTED
    assert standing(story) == (1, "HB-2026-001-R")


def test_a_draft_of_ours_is_brought_up_to_date():
    story = approved(replaces_drafts=True)
    story.erp.script.append(Dies())
    story.walks()
    story.edits(DAN, **NEW_NUMBER)
    story.passes(LEASE.total_seconds() + 1)
    story.walks()
    assert story.told == EXPORTED
    assert standing(story) == (1, "HB-2026-001-R")


def test_an_older_draft_is_not_taken_for_the_newer_content():
    """The second attempt ended before it could replace the draft of the first."""
    story = approved(replaces_drafts=True)
    story.erp.script.append(Dies())
    story.walks()
    story.edits(DAN, **NEW_NUMBER)
    story.erp.replace = lambda *_: (_ for _ in ()).throw(WorkerStopped)
    story.passes(LEASE.total_seconds() + 1)
    with pytest.raises(WorkerStopped):
        story.walks()
    del story.erp.replace
    story.passes(SETTLED)
    story.walks()
    assert story.told == EXPORTED
    assert standing(story) == (1, "HB-2026-001-R")


class WorkerStopped(Exception):
    pass


def test_an_older_draft_that_a_person_posts_is_not_confirmed():
    """Its totals agree, but nobody approved its number any more."""
    story = approved()
    story.erp.script.append(Lost())
    story.walks()
    story.withdraws()
    story.walks()
    story.edits(ADA, status="approved", **NEW_NUMBER)
    story.passes(SETTLED)
    story.walks()
    assert story.told == (Status.HELD, (Reason.DRAFT_DIFFERS,))
    story.erp.post()
    story.hears()
    story.walks()
    assert story.told == (Status.HELD, (Reason.CHANGED_AFTER_EXPORT,))
    assert story.state.findings[0].detail == "AR-R-1 may hold an older content"


def test_withdrawn_while_a_draft_stands():
    story = approved()
    story.erp.script.extend([Dies()])
    story.walks()
    story.withdraws()
    story.passes(LEASE.total_seconds() + 1)
    story.walks()
    assert story.told == (Status.HELD, (Reason.APPROVAL_WITHDRAWN,))
    story.erp.void()
    story.hears()
    story.passes(SETTLED)
    story.walks()
    assert story.told == (Status.SKIPPED, (Reason.NOT_APPROVED,))


REFUSED = Refused(Refusal.PERIOD_CLOSED, "March is closed")


def test_refused_is_not_sent_again_until_somebody_asks():
    story = approved()
    story.erp.script.append(REFUSED)
    story.walks()
    for _ in range(3):
        story.hears()
        story.walks()
    assert story.told == (Status.FAILED, (Reason.PERIOD_CLOSED,))
    story.asks(Action.REPLAY)
    story.walks()
    assert story.told == EXPORTED


def test_refused_withdrawn_and_approved_again_still_says_why():
    story = approved()
    story.erp.script.append(REFUSED)
    story.walks()
    story.withdraws()
    story.walks()
    story.approves()
    story.walks()
    assert story.told == (Status.HELD, (Reason.PERIOD_CLOSED,))


def test_a_refused_draft_that_a_person_posts_is_exported():
    story = approved()
    perform = story.erp.perform

    def refuse_to_finish(step, *arguments):
        return REFUSED if step is Step.FINISH else perform(step, *arguments)

    story.erp.perform = refuse_to_finish
    story.walks()
    assert story.told == (Status.FAILED, (Reason.PERIOD_CLOSED,))
    story.erp.post()
    story.hears()
    story.walks()
    assert story.told == EXPORTED


def test_an_accepted_warning_is_sent_on():
    story = approved()
    story.erp.script.append(NeedsDecision("credit", "over the limit"))
    story.walks()
    assert story.told == (Status.HELD, (Reason.ERP_ASKS,))
    story.hears()
    story.walks()
    assert story.told == (Status.HELD, (Reason.ERP_ASKS,))
    story.asks(Action.ACCEPT)
    story.walks()
    assert story.told == EXPORTED


def test_a_batch_is_never_handed_over_twice():
    story = approved()
    story.erp.script.append(HandedOver("batch-1", "a person", NOW + timedelta(minutes=1)))
    story.walks()
    for _ in range(5):
        story.hears()
        story.passes(600)
        story.walks()
    assert story.told == (Status.EXPORTING, ())
    assert story.count(EntryKind.HANDED_OVER) == 1
    assert standing(story) == (0, None)
    story.asks(Action.CONFIRM, erp_number="AR-7")
    story.walks()
    assert story.told == EXPORTED


def test_replayed_afresh_after_it_was_voided():
    story = exported()
    assert isinstance(story.asks(Action.REPLAY, afresh=True), CommandRefused)
    story.erp.void()
    story.asks(Action.REPLAY, afresh=True)
    story.walks()
    assert story.told == EXPORTED
    assert story.erp.live()[0].document.reference.endswith(":2")


def test_an_erp_that_is_down_costs_no_retries():
    story = approved()
    story.erp.is_down = True
    for _ in range(20):
        story.walks()
        story.passes(60)
    assert (story.told[0], story.state.retries) == (Status.RETRYING, 0)
    story.erp.is_down = False
    story.walks()
    assert story.told == EXPORTED


def test_several_that_stand_are_held_until_one_is_left():
    story = exported()
    story.erp.papers.append(replace(story.erp.papers[0], ref="R-9", done=set(CAPABILITIES.steps)))
    again = restored(story)
    again.walks()
    assert again.told == (Status.HELD, (Reason.FOUND_SEVERAL,))
    again.withdraws()
    again.walks()
    assert again.told == (Status.HELD, (Reason.FOUND_SEVERAL,))
    again.erp.void()
    again.approves()
    again.walks()
    assert again.told == EXPORTED


BESIDE = {
    "steps": (Step.CREATE, Step.FINISH, Step.RECLASSIFY, Step.SETTLE),
    "retainage_shape": RetainageShape.GROSS_PLUS_RECLASS_ENTRY,
}


@pytest.mark.parametrize("script", [Lost(timedelta(seconds=60)), Dies(late=timedelta(seconds=60))])
def test_retainage_is_moved_once_though_the_entry_comes_late(script):
    """The invoice that stands says nothing about the entry beside it: its absence has to be proven too."""
    story = approved(**BESIDE)
    story.erp.script.extend((None, None, script))
    story.walks()
    story.walks_until_still()
    assert story.told == EXPORTED
    (paper,) = story.erp.live()
    assert len(paper.entries) == 1
