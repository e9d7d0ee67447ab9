"""Nothing goes out by the right of somebody who did not approve it, however late an invoice's webhooks come."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.ledger.entries import AttemptOpened
from shared.ledger.words import Reason, Status
from tests.support.cast import ADA, BEN, DAN, NOW
from tests.unit.core.story import Story

TOUCH, CHANGE, APPROVE = "touch", "change", "approve"


@dataclass(frozen=True)
class Acts:
    """Somebody does something to the invoice in Procore, `after` so much time."""

    who: str
    what: str
    after: timedelta


@dataclass(frozen=True)
class Arrive:
    """The next webhooks arrive, in the order in which it happened."""

    count: int


@dataclass(frozen=True)
class Walks:
    """The worker walks, `after` so much time."""

    after: timedelta


class Road(Story):
    """An invoice whose webhooks wait on the road. `answerable`: who approved what it shows now, or changed it since."""

    def __init__(self) -> None:
        super().__init__()
        self.now += timedelta(microseconds=7)
        self.waiting: list[tuple[str, datetime]] = []
        self.answerable: set[str] = set()
        self.contents = 0

    def happens(self, step: Acts | Arrive | Walks) -> None:
        match step:
            case Acts(who=who, what=what, after=after):
                self.now += after
                self._done(who, what)
                self.waiting.append((who, self.now))
            case Arrive(count=count):
                arrived, self.waiting = self.waiting[:count], self.waiting[count:]
                for who, at in arrived:
                    self.hears(who, at=at)
            case Walks(after=after):
                self.now += after
                if self.entries:
                    self.walks()

    def _done(self, who: str, what: str) -> None:
        assert self.invoice is not None
        changes: dict[str, Any] = {"updated_at": self.now.isoformat()}
        if what == CHANGE:
            self.contents += 1
            changes["invoice_number"] = f"HB-{self.contents}"
        if what == APPROVE and self.invoice["status"] != "approved":
            changes["status"] = "approved"
            self.answerable = {who}
        elif what == CHANGE and self.invoice["status"] == "approved":
            self.answerable.add(who)
        self.invoice = self.invoice | changes


gaps = st.integers(1, 3000).map(lambda milliseconds: timedelta(milliseconds=milliseconds))
acts = st.builds(Acts, st.sampled_from((ADA, BEN, DAN)), st.sampled_from((TOUCH, CHANGE, APPROVE)), gaps)
steps = st.one_of(acts, st.builds(Arrive, st.integers(1, 3)), st.builds(Walks, gaps))


@settings(deadline=None, max_examples=500)
@given(st.lists(steps, max_size=25))
def test_whoever_approved_or_changed_it_is_among_those_by_whose_right_it_is_sent(steps):
    road = Road()
    for step in steps:
        told = len(road.entries)
        road.happens(step)
        for body in road.entries[told:]:
            if isinstance(body, AttemptOpened):
                assert road.answerable <= set(body.authority_when_opened.users)


def a_draft_by_ada_approved_by(who: str) -> Road:
    """Approved a moment after it was drafted; the draft's webhook came, the approval's is on the road."""
    road = Road()
    for step in (Acts(ADA, CHANGE, gap(0)), Acts(who, APPROVE, gap(60)), Arrive(1), Walks(gap(20))):
        road.happens(step)
    assert road.told == (Status.WAITING, (Reason.AWAITING_EVENT,))
    road.happens(Walks(gap(2000)))
    assert road.told == (Status.HELD, (Reason.APPROVER_UNKNOWN,))
    return road


def gap(milliseconds: int) -> timedelta:
    return timedelta(milliseconds=milliseconds)


def test_the_drafter_is_not_taken_for_the_approver():
    road = a_draft_by_ada_approved_by(BEN)
    assert road.state.findings[0].detail == (
        f"Procore user {ADA}, but no event of {NOW:%Y-%m-%d %H:%M:%S} UTC or later names anybody"
    )
    road.happens(Arrive(1))
    road.happens(Walks(gap(20)))
    assert road.told == (Status.HELD, (Reason.APPROVER_AMBIGUOUS, Reason.APPROVER_LACKS_PRIVILEGE))


def test_an_approval_whose_webhook_comes_late_is_exported_then():
    road = a_draft_by_ada_approved_by(DAN)
    road.happens(Arrive(1))
    road.happens(Walks(gap(20)))
    assert road.told[0] is Status.EXPORTED


def test_what_its_drafter_does_after_the_approval_was_seen_explains_nothing():
    road = a_draft_by_ada_approved_by(BEN)
    road.happens(Acts(ADA, TOUCH, gap(5000)))
    road.waiting = road.waiting[-1:]
    road.happens(Arrive(1))
    road.happens(Walks(gap(20)))
    road.happens(Walks(gap(3000)))
    assert road.told == (Status.HELD, (Reason.APPROVER_UNKNOWN,))


def test_the_editor_is_not_taken_for_whoever_changed_an_approved_content():
    road = Road()
    road.is_paused = True
    for step in (Acts(ADA, APPROVE, gap(0)), Arrive(1), Walks(gap(20))):
        road.happens(step)
    road.is_paused = False
    for step in (Acts(DAN, TOUCH, gap(60)), Acts(BEN, CHANGE, gap(60)), Arrive(1), Walks(gap(20)), Walks(gap(2000))):
        road.happens(step)
    assert road.told == (Status.HELD, (Reason.CHANGED_AFTER_APPROVAL,))
