"""Whole histories of a receivable that stands without our reference: no look-up by it shows it, its id does."""

from shared.events.command import Action
from shared.ledger.entries import CommandRefused, Finding, TieOutFound
from shared.ledger.words import Reason, Status
from tests.support.cast import DAN
from tests.unit.core.erp_twin import Lost, Renumbered
from tests.unit.core.story import EXPORTED, NEW_NUMBER, SETTLED, approved, exported, standing

HELD = (Status.HELD, (Reason.CHANGED_IN_ERP,))


def renumbered():
    """One that the ERP wrote under a number of its own."""
    story = approved()
    story.erp.script.append(Renumbered())
    story.walks()
    return story


def test_one_without_our_reference_is_held_when_read_back():
    story = renumbered()
    assert story.told == HELD
    assert "AR-R-1" in story.state.findings[0].detail
    assert "a number of the ERP's own" in story.state.findings[0].detail


def test_one_without_our_reference_is_never_made_again():
    story = renumbered()
    story.edits(DAN, **NEW_NUMBER)
    for _ in range(3):
        story.walks()
        story.passes(SETTLED)
        story.asks(Action.REPLAY)
    story.walks()
    assert story.told == HELD
    assert standing(story)[0] == 1


def test_one_that_gets_our_reference_back_is_confirmed():
    story = renumbered()
    story.erp.link()
    story.asks(Action.REPLAY)
    story.walks()
    assert story.told == EXPORTED
    assert standing(story)[0] == 1


def test_one_that_was_voided_makes_room_for_another():
    story = renumbered()
    story.erp.void()
    story.asks(Action.REPLAY)
    story.passes(SETTLED)
    story.walks()
    assert story.told == EXPORTED
    assert standing(story)[0] == 1


def test_one_that_lost_our_reference_on_the_way_is_not_made_again():
    """Posting got no answer, and before anybody looked a person had taken the reference away."""
    story = approved()
    story.erp.script.extend((None, Lost()))
    story.walks()
    story.erp.unlink()
    story.passes(SETTLED)
    story.walks()
    assert story.told == HELD
    assert standing(story)[0] == 1


def test_one_that_lost_our_reference_since_is_not_sent_afresh():
    story = exported()
    story.erp.unlink()
    story._append(TieOutFound(finding=Finding(reason=Reason.CHANGED_IN_ERP)))
    story.passes(SETTLED)
    story.walks()
    assert story.told == HELD
    assert isinstance(story.asks(Action.REPLAY, afresh=True), CommandRefused)
    story.erp.void()
    story.asks(Action.REPLAY, afresh=True)
    story.walks()
    assert story.told == EXPORTED
    assert standing(story)[0] == 1


def test_a_second_one_beside_it_is_found_twice():
    story = renumbered()
    story.erp._write(story.capabilities.steps[0], story.erp.papers[0].document, None, story.now)
    story.asks(Action.REPLAY)
    story.walks()
    assert story.told == (Status.HELD, (Reason.FOUND_SEVERAL,))
