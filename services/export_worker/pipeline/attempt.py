"""One attempt: find, each step that does not stand yet, read back; every answer committed before the next call."""

import random
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from services.export_worker import timekeeping
from services.export_worker.core.capabilities import RECORDING, Step
from services.export_worker.core.document import Totals, document_from_json
from services.export_worker.core.outcomes import (
    AuthExpired,
    Done,
    Failure,
    Found,
    HandedOver,
    LookUpFailure,
    Outcome,
    Reread,
    Unavailable,
)
from services.export_worker.core.settlement import Moment, settle
from services.export_worker.core.standing import standing_of, steps_needed, totals_agree, totals_expected
from services.export_worker.exports import Claim, LeaseLost
from services.export_worker.ledger_writer import LedgerWriter
from services.export_worker.links import Link
from services.export_worker.pipeline.calls import timed
from services.export_worker.pipeline.generations import found_from
from shared.ledger.entries import AttemptClosed, EntryBody, Finding, Standing, StepDone
from shared.ledger.entries import HandedOver as HandedOverEntry
from shared.ledger.state import Attempt, State
from shared.ledger.words import Closing, Reason

CONNECTION_FAILURES = (Unavailable, AuthExpired)

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Ended:
    """How the attempt left the export. `closing` None: handed over, not closed yet.

    `failure` when the connection, not the invoice, is to blame.
    """

    state: State
    closing: Closing | None = None
    failure: Unavailable | AuthExpired | None = None


class AttemptRun:
    """Walks one open attempt to its end, or to the first answer that ends it."""

    def __init__(self, writer: LedgerWriter, link: Link, claim: Claim, state: State) -> None:
        self._writer = writer
        self._link = link
        self._claim = claim
        self._state = state
        self._has_begun = False
        self._document = document_from_json(self._attempt.document)
        self._needed = steps_needed(self._document, link.capabilities)

    async def run(self, found: Sequence[Found] | None) -> Ended:
        """`found` is what a look-up just before showed, where there was one. Raises LeaseLost."""
        if found is None:
            answer = await self._timed("find", self._link.adapter.find(self._attempt.reference))
            if isinstance(answer, LookUpFailure):
                return await self._could_not_look(answer)
            found = answer
        ended = await self._keep(found)
        if ended:
            return ended
        for step in self._link.capabilities.steps:
            if step in self._needed and step.value not in self._attempt.done:
                ended = await self._do(step)
                if ended:
                    return ended
        return await self._read_back()

    async def _keep(self, found: Sequence[Found]) -> Ended | None:
        """What stands there already is not made again."""
        live = [each for each in found if not each.cancelled]
        if len(live) > 1:
            refs = ", ".join(each.number or each.ref for each in live)
            return await self._close(Closing.FOUND_SEVERAL, Reason.FOUND_SEVERAL, refs)
        if live:
            return await self._go_on_from(live[0])
        return await self._check_later_generations() if found else None

    async def _check_later_generations(self) -> Ended | None:
        """All under this reference was cancelled: a ledger from a backup may not know what was sent afresh."""
        answer = await found_from(self._link, self._attempt.reference)
        if isinstance(answer, LookUpFailure):
            return await self._could_not_look(answer)
        later = next((each for each in answer if not each.cancelled), None)
        if later is None:
            return None
        detail = f"{later.number or later.ref} stands under a later reference: the ledger is behind the ERP"
        return await self._close(Closing.FOUND_SEVERAL, Reason.FOUND_SEVERAL, detail)

    async def _go_on_from(self, found: Found) -> Ended | None:
        """A document of ours stands there: keep what stands, mend a draft that is older than the document."""
        capabilities = self._link.capabilities
        final = self._needed <= found.done
        agree = self._agrees(found)
        if not agree and (final or Step.FINISH in found.done):
            return await self._differ(found)
        if not final and (not agree or self._attempt.may_be_older):
            if not capabilities.replaces_drafts:
                return await self._close(Closing.DRAFT_DIFFERS, Reason.DRAFT_DIFFERS, found.ref, found)
            ended = await self._replace(found)
            if ended:
                return ended
        steps = [step.value for step in capabilities.steps if step in found.done]
        new = [StepDone(step=step, ref=found.ref, found=True) for step in steps if step not in self._attempt.done]
        await self._append(*new)
        return None

    async def _replace(self, found: Found) -> Ended | None:
        await self._begin_call()
        outcome = await self._timed("replace", self._link.adapter.replace(found.ref, self._document))
        return None if isinstance(outcome, Done) else await self._settle(outcome)

    async def _do(self, step: Step) -> Ended | None:
        """One write. Before the document becomes final its totals are read, and a due look is honoured."""
        if step is Step.FINISH:
            ended = await self._check_before_finish()
            if ended:
                return ended
        look_due = await self._begin_call()
        if look_due and step is Step.FINISH:
            return await self._close(Closing.INTERRUPTED, Reason.RETRY_LATER, "a look became due before it was final")
        outcome = await self._timed(
            step.value, self._link.adapter.perform(step, self._document, self._attempt.ref, self._accepted())
        )
        match outcome:
            case Done(ref):
                await self._append(StepDone(step=step.value, ref=ref))
                return None
            case HandedOver(ref, confirmed_by, check_at):
                await self._append(HandedOverEntry(ref=ref, confirmed_by=confirmed_by, check_at=check_at))
                return Ended(self._state)
            case _:
                return await self._settle(outcome)

    async def _check_before_finish(self) -> Ended | None:
        read = await self._timed("read", self._link.adapter.read(self._attempt.ref or ""))
        if isinstance(read, LookUpFailure):
            return await self._could_not_look(read)
        if read is None:
            return await self._settle(Reread("the draft is gone"))
        if not self._agrees(read):
            return await self._close(Closing.DRAFT_DIFFERS, Reason.DRAFT_DIFFERS, read.ref, read)
        return None

    async def _read_back(self) -> Ended:
        """The only source of "done"."""
        read = await self._timed("read", self._link.adapter.read(self._attempt.ref or ""))
        if isinstance(read, LookUpFailure):
            return await self._could_not_look(read)
        if read is None or read.cancelled or not self._needed <= read.done:
            return await self._settle(Reread("the document does not stand as it should"))
        if not self._agrees(read):
            return await self._differ(read)
        if read.unlinked:
            detail = f"{read.number or read.ref}: {read.unlinked}"
            return await self._close(Closing.UNLINKED, Reason.CHANGED_IN_ERP, detail, read)
        return await self._end(AttemptClosed(closing=Closing.DONE, standing=self._standing(read)))

    async def _could_not_look(self, failure: LookUpFailure) -> Ended:
        """A look-up changes nothing: whatever it came to is the connection's matter and uses up no retry."""
        retry_at = failure.retry_at if isinstance(failure, Unavailable) else None
        return await self._settle(Unavailable(failure.text, retry_at))

    async def _differ(self, found: Found) -> Ended:
        ours, theirs = self._expected(found).receivable, found.totals.receivable
        return await self._close(
            Closing.TOTALS_DIFFER, Reason.TOTALS_DIFFER, f"ours {ours}, in the ERP {theirs}", found
        )

    async def _settle(self, outcome: Outcome) -> Ended:
        if isinstance(outcome, Done | HandedOver):
            raise TypeError("only an answer that ends the attempt is settled")
        failure: Failure = outcome
        blamed = failure if isinstance(failure, CONNECTION_FAILURES) else None
        return await self._end(settle(failure, self._link.capabilities, await self._moment()), blamed)

    async def _close(self, closing: Closing, reason: Reason, detail: str, found: Found | None = None) -> Ended:
        retry_at = timekeeping.now() if closing is Closing.INTERRUPTED else None
        standing = self._standing(found) if found else self._state.standing
        finding = Finding(reason=reason, detail=detail)
        closed = AttemptClosed(closing=closing, finding=finding, standing=standing, retry_at=retry_at)
        return await self._end(closed)

    async def _end(self, closed: AttemptClosed, blamed: Unavailable | AuthExpired | None = None) -> Ended:
        await self._append(closed)
        return Ended(self._state, closed.closing, blamed)

    async def _begin_call(self) -> bool:
        """Commit that a step starts now. Waiting for the connection's rate counts as the step's own time."""
        asked_at = time.monotonic()
        time_limit = self._link.capabilities.step_over_after
        _, look_due = await self._writer.begin_call(self._claim, time_limit=time_limit)
        self._has_begun = True
        if time.monotonic() - asked_at > RECORDING.total_seconds():
            # This process stood still meanwhile: the lease might end before the call does (law 10).
            raise LeaseLost
        return look_due

    async def _append(self, *bodies: EntryBody) -> None:
        if bodies:
            self._state = await self._writer.append(self._claim, bodies, now=timekeeping.now())

    async def _timed(self, step: str, call: Awaitable[Answer]) -> Answer:
        return await timed(self._link, step, call)

    def _standing(self, found: Found) -> Standing:
        return standing_of(found, self._needed, self._attempt.fingerprint, self._attempt.line_6)

    def _agrees(self, found: Found) -> bool:
        return totals_agree(found.totals, self._expected(found))

    def _expected(self, found: Found) -> Totals:
        return totals_expected(self._document, self._link.capabilities, found.done)

    def _accepted(self) -> frozenset[str]:
        fingerprint = self._attempt.fingerprint
        return frozenset(name for name, content in self._state.accepted.items() if content == fingerprint)

    async def _moment(self) -> Moment:
        """As of now, when the step is over: a step looks before it writes, so its start would be too early."""
        return Moment(
            now=timekeeping.now(),
            last_write_before=await self._writer.database_time() if self._has_begun else None,
            retries=self._state.retries,
            jitter=random.random(),
        )

    @property
    def _attempt(self) -> Attempt:
        if self._state.attempt is None:
            raise TypeError("an attempt is open")
        return self._state.attempt
