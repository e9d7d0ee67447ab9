"""The worker of the histories: it walks as the corridor walks, without any I/O.

What is decided and what the ledger says is the real thing; only the carrying out is told again here in short.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.export_worker.core.authority import judge_authority
from services.export_worker.core.billing import make_document
from services.export_worker.core.capabilities import Step
from services.export_worker.core.decision import decide
from services.export_worker.core.decisions import AskErp, Confirm, Decision, Defer, Hold, Keep, Leave, Send, Skip
from services.export_worker.core.document import Document
from services.export_worker.core.invoice import Snapshot, read_snapshot
from services.export_worker.core.outcomes import Done, Found, HandedOver, Outcome, Reread, Unavailable
from services.export_worker.core.settlement import Moment, settle
from services.export_worker.core.standing import (
    all_known,
    id_known,
    standing_of,
    steps_needed,
    totals_agree,
    totals_expected,
)
from services.export_worker.core.view import Deleted, LookUp, Predecessor, Unreadable, View
from services.export_worker.pipeline.corridor import _is_older
from services.export_worker.pipeline.recording import closing, deciding, says_the_same
from shared.ledger.entries import AttemptClosed, AttemptOpened, AttemptResumed, EntryBody, Finding, StepDone
from shared.ledger.entries import HandedOver as HandedOverEntry
from shared.ledger.fold import apply
from shared.ledger.state import EMPTY, Attempt, State, surely_stands
from shared.ledger.words import Closing, Reason, Status
from tests.support.builders import CAPABILITIES, KEY, MAPPINGS, TERMS, a_billing, an_invoice
from tests.support.cast import NOW, RECORDS, rights
from tests.unit.core.erp_twin import Erp, WorkerDied

LEASE = timedelta(seconds=60)


class Walker:
    """One export, the invoice and the ERP that it looks at, and what was written down."""

    def __init__(self, nth: int = 1, **changes: Any) -> None:
        self.now: datetime = NOW
        self.invoice: dict[str, Any] | None = an_invoice(nth, status="draft", updated_at=NOW.isoformat())
        self.previous: Snapshot | None = read_snapshot(an_invoice(nth - 1)) if nth > 1 else None
        self.predecessor: Predecessor | None = None
        self.capabilities = replace(CAPABILITIES, **changes)
        self.terms = TERMS
        self.records = RECORDS
        self.erp = Erp(self.capabilities)
        self.state: State = EMPTY
        self.entries: list[EntryBody] = []
        self.is_paused = False
        self.lease_until: datetime | None = None
        self.call_started_at: datetime | None = None
        self._nonces = 0

    def walks(self) -> Decision | None:
        """One walk: look, decide, carry out. None while a dead worker's lease still runs."""
        if self.lease_until and self.lease_until > self.now:
            return None
        view = self._view()
        decision = decide(view)
        if isinstance(decision, AskErp):
            if self.erp.is_down:
                return decision
            view = replace(view, look_up=LookUp(began_at=self.now, found=self._known(self._attempt.reference)))
            decision = decide(view)
        if _is_older(view):
            return Leave(None, 0)
        self.lease_until = None
        try:
            self._carry_out(decision, view)
        except WorkerDied:
            self.lease_until = self.now + LEASE
        return decision

    def walks_until_still(self, most: int = 40) -> None:
        """Walk, and let time pass as the export asks, until nothing is due by itself."""
        for _ in range(most):
            decision = self.walks()
            if decision is not None and self.state.status not in (Status.WAITING, Status.EXPORTING, Status.RETRYING):
                return
            if isinstance(decision, Leave) and decision.until is None:
                return
            times = (self.lease_until, self.state.due_at, getattr(decision, "until", None))
            due = max((each for each in times if each), default=self.now)
            self.now = max(due, self.now + timedelta(seconds=1))

    def _known(self, reference: str) -> tuple[Found, ...]:
        ref = id_known(self.state)
        return all_known(self.erp.find(reference, self.now), self.erp.read(ref, self.now) if ref else None)

    def _view(self) -> View:
        seen = self._seen()
        worth = isinstance(seen, Snapshot) and seen.is_approved and not surely_stands(self.state)
        return View(
            now=self.now,
            state=self.state,
            seen=seen,
            rights=rights(*self.records, now=self.now),
            terms=self.terms,
            capabilities=self.capabilities,
            absence_proven_at=self._absence_proven_at(),
            predecessor=self.predecessor,
            document=make_document(self._billing(seen)) if worth and isinstance(seen, Snapshot) else None,
            mappings_version=MAPPINGS.version,
            is_paused=self.is_paused,
        )

    def _absence_proven_at(self) -> datetime | None:
        if self.call_started_at is not None:
            return self.call_started_at + self.capabilities.absence_proven_after_start
        return self.lease_until and self.lease_until + self.capabilities.absence_proven_after

    def _seen(self) -> Snapshot | Deleted | Unreadable:
        if self.invoice is not None:
            return read_snapshot(self.invoice)
        return Deleted() if self.state.is_deleted else Unreadable("404")

    def _billing(self, snapshot: Snapshot) -> Any:
        reference = self.state.reference(KEY)
        return a_billing(
            snapshot,
            previous=self.previous,
            reference=reference,
            terms=self.terms,
            capabilities=self.capabilities,
            now=self.now,
        )

    def _carry_out(self, decision: Decision, view: View) -> None:
        match decision:
            case Send(document=document):
                self._send(document, view)
            case Confirm() | Hold() | Skip() | Defer():
                if not says_the_same(decision, self.state):
                    self._append(*closing(decision, view), *deciding(decision, view))
            case Keep() | Leave() | AskErp():
                return

    def _send(self, document: Document, view: View) -> None:
        snapshot, look = view.snapshot, view.look
        assert snapshot is not None
        assert look is not None
        assert view.authority is not None
        authority = judge_authority(self.state, look, rights(*self.records, now=self.now))
        if authority.problems:
            hold = Hold(tuple(Finding(reason=problem) for problem in authority.problems), 14)
            self._append(*closing(hold, view), *deciding(hold, view))
            return
        is_same = self.state.attempt is not None and self.state.attempt.content_hash == document.content_hash
        if self.state.status is Status.EXPORTING and is_same:
            self._append(AttemptResumed(fencing_token=len(self.entries), worker="story"))
        else:
            self._append(*closing(None, view), self._opened(document, snapshot, view, authority))
        self._run(document, view.look_up.found if view.look_up else None)

    def _opened(self, document: Document, snapshot: Snapshot, view: View, authority: Any) -> AttemptOpened:
        return AttemptOpened(
            attempt=self.state.attempts + 1,
            reference=document.reference,
            document=document.model_dump(mode="json"),
            content_hash=document.content_hash,
            mappings_version=view.mappings_version,
            fingerprint=snapshot.fingerprint,
            line_6=snapshot.g702 and snapshot.g702.total_earned_less_retainage,
            look=view.look,
            authority_when_seen=view.authority or authority,
            authority_when_opened=authority,
            fencing_token=len(self.entries),
            worker="story",
        )

    def _run(self, document: Document, found: Iterable[Found] | None) -> None:
        if found is None and self.erp.is_down:
            return self._settles(Unavailable("down"))
        shown = self.erp.find(document.reference, self.now) if found is None else found
        live = [each for each in shown if not each.cancelled]
        if len(live) > 1:
            return self._closes(Closing.FOUND_SEVERAL, Reason.FOUND_SEVERAL)
        if live and not self._goes_on_from(live[0], document):
            return None
        for step in self.capabilities.steps:
            if step in steps_needed(document, self.capabilities) and step.value not in self._attempt.done:
                self.call_started_at = self.now
                outcome = self.erp.perform(step, document, self._attempt.ref, self.now)
                self.now += self.erp.took
                if isinstance(outcome, HandedOver):
                    return self._append(HandedOverEntry(**vars(outcome)))
                if not isinstance(outcome, Done):
                    return self._settles(outcome)
                self._append(StepDone(step=step, ref=outcome.ref))
        return self._reads_back(document)

    def _goes_on_from(self, found: Found, document: Document) -> bool:
        is_final, agree = self._is_final(found), self._agrees(found, document)
        if is_final and not agree:
            self._closes(Closing.TOTALS_DIFFER, Reason.TOTALS_DIFFER, found)
            return False
        if not is_final and (not agree or self._attempt.may_be_older):
            if not self.capabilities.replaces_drafts:
                self._closes(Closing.DRAFT_DIFFERS, Reason.DRAFT_DIFFERS, found)
                return False
            self.erp.replace(found.ref, document)
        for step in self.capabilities.steps:
            if step in found.done and step.value not in self._attempt.done:
                self._append(StepDone(step=step, ref=found.ref, found=True))
        return True

    def _reads_back(self, document: Document) -> None:
        read = self.erp.read(self._attempt.ref or "", self.now)
        if read is None or read.cancelled or not self._is_final(read):
            self._settles(Reread("it does not stand as it should"))
        elif not self._agrees(read, document):
            self._closes(Closing.TOTALS_DIFFER, Reason.TOTALS_DIFFER, read)
        elif read.unlinked:
            self._closes(Closing.UNLINKED, Reason.CHANGED_IN_ERP, read)
        else:
            self._append(AttemptClosed(closing=Closing.DONE, standing=self._standing(read)))

    def _settles(self, outcome: Outcome) -> None:
        last = self.now if self.call_started_at else None
        moment = Moment(now=self.now, last_write_before=last, retries=self.state.retries, jitter=0.5)
        assert not isinstance(outcome, Done | HandedOver)
        self._append(settle(outcome, self.capabilities, moment))

    def _closes(self, how: Closing, reason: Reason, found: Found | None = None) -> None:
        standing = self._standing(found) if found else self.state.standing
        detail = f"{found.number}: {found.unlinked}" if found and found.unlinked else ""
        self._append(AttemptClosed(closing=how, finding=Finding(reason=reason, detail=detail), standing=standing))

    def _agrees(self, found: Found, document: Document) -> bool:
        return totals_agree(found.totals, totals_expected(document, self.capabilities, found.done))

    def _is_final(self, found: Found) -> bool:
        return self._needed() <= found.done

    def _needed(self) -> frozenset[Step]:
        return steps_needed(Document.model_validate(self._attempt.document), self.capabilities)

    def _standing(self, found: Found) -> Any:
        return standing_of(found, self._needed(), self._attempt.fingerprint, self._attempt.line_6)

    @property
    def _attempt(self) -> Attempt:
        assert self.state.attempt is not None
        return self.state.attempt

    def _append(self, *bodies: EntryBody) -> None:
        for body in bodies:
            self.state = apply(self.state, body, self.now)
            self.entries.append(body)
