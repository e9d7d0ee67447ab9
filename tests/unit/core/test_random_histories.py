"""Anything may happen in any order, and still no invoice is exported twice, lost, or exported without the right."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.export_worker.core.capabilities import RetainageShape, Step
from services.export_worker.core.outcomes import (
    AuthExpired,
    NeedsDecision,
    Refusal,
    Refused,
    Reread,
    Unavailable,
    Unknown,
)
from services.export_worker.core.standing import id_known
from shared.events.command import Action
from shared.ledger.entries import AttemptOpened
from shared.ledger.state import State
from shared.ledger.words import Status
from tests.support.builders import CAPABILITIES
from tests.support.cast import ADA, BEN, DAN, NOW, SERVICE
from tests.unit.core.erp_twin import Dies, Lost, Renumbered
from tests.unit.core.story import approved

LATEST = CAPABILITIES.settles_after.total_seconds() - 1
lateness = st.integers(0, int(LATEST)).map(lambda seconds: timedelta(seconds=seconds))
# What a step looks at before it writes may take as long as the whole step.
looks = st.sampled_from((timedelta(0), CAPABILITIES.call_time_limit / 2, CAPABILITIES.call_time_limit))
scripted = st.one_of(
    st.sampled_from(
        (
            Refused(Refusal.PERIOD_CLOSED, "closed"),
            NeedsDecision("credit", "over the limit"),
            Unavailable("503"),
            AuthExpired("401"),
            Unknown("nothing came of it"),
            Reread("stale"),
            Dies(late=None),
            Renumbered(),
        )
    ),
    st.builds(Lost, lateness, looks),
    st.builds(Dies, lateness, looks),
    st.none(),  # this one goes well
)
waits = st.sampled_from((0, 3, 3, 61, 100, 1000))
numbers = st.sampled_from(("HB-2026-001", "HB-2026-001", "HB-2"))
actions = st.sampled_from((Action.REPLAY, Action.REPLAY, Action.RELEASE, Action.ACCEPT))
people = st.sampled_from((ADA, ADA, DAN, DAN, BEN, SERVICE, None))


NET_LINE = {}
BESIDE = {
    "steps": (Step.CREATE, Step.FINISH, Step.RECLASSIFY, Step.SETTLE),
    "retainage_shape": RetainageShape.GROSS_PLUS_RECLASS_ENTRY,
}


class AnyHistory(RuleBasedStateMachine):
    """One invoice, with people, an ERP and a worker that do what they like. The worker is at it all the time."""

    @initialize(
        shape=st.sampled_from((NET_LINE, BESIDE)),
        replaces_drafts=st.booleans(),
        can_look_up=st.sampled_from((True, True, True, False)),
    )
    def begins(self, shape, replaces_drafts, can_look_up):
        self.story = approved(replaces_drafts=replaces_drafts, can_look_up=can_look_up, **shape)
        self.was_voided = False

    @rule(scripts=st.lists(scripted, min_size=1, max_size=4), seconds=waits)
    def the_erp_fails(self, scripts, seconds):
        self.story.erp.script.extend(scripts)
        self.goes_on(seconds)

    @rule(is_down=st.booleans(), is_paused=st.booleans(), seconds=waits)
    def something_goes_and_comes(self, is_down, is_paused, seconds):
        self.story.erp.is_down, self.story.is_paused = is_down, is_paused
        self.goes_on(seconds)

    @rule(seconds=waits)
    def time_passes(self, seconds):
        self.goes_on(seconds)

    @precondition(lambda self: self.story.invoice is not None)
    @rule(by=people, status=st.sampled_from(("approved", "approved", "draft")), number=numbers, seconds=waits)
    def somebody_edits(self, by, status, number, seconds):
        self.story.edits(by, status=status, invoice_number=number)
        self.goes_on(seconds)

    @precondition(lambda self: self.story.invoice is not None)
    @rule(by=people, number=numbers)
    def somebody_approves_anew(self, by, number):
        self.story.withdraws(by)
        self.goes_on(1)
        self.story.edits(ADA, status="approved", invoice_number=number)
        self.goes_on(1)

    @precondition(lambda self: self.story.state.attempts > 1)
    @rule(seconds=waits)
    def it_is_deleted(self, seconds):
        self.story.deletes()
        self.goes_on(seconds)

    @precondition(lambda self: self.seen())
    @rule(seconds=waits)
    def a_person_voids_what_they_see(self, seconds):
        for paper in self.seen():
            paper.cancelled = self.was_voided = True
        self.goes_on(seconds)

    @precondition(lambda self: self.seen())
    @rule(seconds=waits)
    def a_person_posts_what_they_see(self, seconds):
        for paper in self.seen():
            paper.done.add(Step.FINISH)
        self.goes_on(seconds)

    @precondition(lambda self: self.known())
    @rule(is_linked=st.booleans(), seconds=waits)
    def a_person_takes_the_reference_away_or_puts_it_back(self, is_linked, seconds):
        for paper in self.known():
            paper.is_linked = is_linked
        self.goes_on(seconds)

    @precondition(lambda self: self.story.state.look is not None)
    @rule(action=actions, afresh=st.booleans(), user=st.sampled_from((ADA, DAN, BEN, SERVICE)), seconds=waits)
    def somebody_asks(self, action, afresh, user, seconds):
        self.story.asks(action, afresh=afresh, user_id=user)
        self.goes_on(seconds)

    def goes_on(self, seconds):
        """The worker walks, time passes, a webhook comes again, the worker walks."""
        self.story.walks()
        self.story.passes(seconds)
        self.story.hears(ADA, at=NOW)
        self.story.walks()

    def seen(self):
        """What people see in the ERP."""
        return [paper for paper in self.story.erp.live() if paper.visible_at <= self.story.now]

    def known(self):
        """Of those, what the ledger knows by its id: only that is ever found without its reference."""
        return [paper for paper in self.seen() if paper.ref == id_known(self.story.state)]

    @invariant()
    def nothing_stands_twice(self):
        """Law 1, counting also what the ERP has not shown to anybody yet."""
        assert len(self.story.erp.live()) <= 1
        assert all(len(paper.entries) <= 1 for paper in self.story.erp.papers)

    @invariant()
    def exported_means_that_it_stands(self):
        if self.story.state.status is Status.EXPORTED and not self.was_voided:
            (paper,) = self.story.erp.live()
            assert set(self.story.capabilities.steps) <= paper.done_at(self.story.now)
            assert self.story.state.attempt is not None
            assert paper.document.content_hash == self.story.state.attempt.content_hash

    @invariant()
    def nothing_is_skipped_while_it_may_stand(self):
        assert not self.seen() or self.story.state.status is not Status.SKIPPED

    @invariant()
    def every_attempt_had_its_right(self):
        for body in self.story.entries:
            if isinstance(body, AttemptOpened):
                assert body.authority_when_opened.problems == ()
                assert set(body.authority_when_opened.users) <= {ADA, DAN}
                assert body.authority_when_opened.users

    @invariant()
    def the_ledger_tells_the_same_again(self):
        assert State.model_validate_json(self.story.state.model_dump_json()) == self.story.state
        assert self.story.state.version == len(self.story.entries)


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
