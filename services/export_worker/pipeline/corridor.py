"""The corridor: one walk looks, decides and carries out. Webhook, clock and person all end here.

Law 10: a walk appends only if nobody appended since it read the export; else it walks again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.export_worker import timekeeping
from services.export_worker.core.authority import judge_authority
from services.export_worker.core.decision import decide
from services.export_worker.core.decisions import AskErp, Confirm, Decision, Defer, Hold, Keep, Leave, Send, Skip
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Found, LookUpFailure
from services.export_worker.core.view import LookUp, View
from services.export_worker.exports import Claim, Export, VersionChanged
from services.export_worker.links import Link
from services.export_worker.pipeline.attempt import AttemptRun
from services.export_worker.pipeline.calls import look_up
from services.export_worker.pipeline.follow_up import FollowUps
from services.export_worker.pipeline.generations import also_by_id
from services.export_worker.pipeline.house import House
from services.export_worker.pipeline.obedience import Obedience
from services.export_worker.pipeline.recording import closing, deciding, says_the_same
from services.export_worker.pipeline.showing import keep_sheet
from services.export_worker.pipeline.viewing import ErpSilent, Viewer, read_rights
from shared.ledger.entries import (
    AttemptOpened,
    AttemptResumed,
    EntryBody,
    Finding,
)
from shared.ledger.state import EMPTY, State
from shared.ledger.words import Closing, Status
from shared.statements import Session

MOST_WALKS = 5
OLD_SNAPSHOT_WAIT = timedelta(seconds=1)
OPEN_ATTEMPT_WAIT = timedelta(minutes=1)
PAUSED_WAIT = timedelta(minutes=10)


@dataclass(frozen=True)
class Passage:
    """How a walk ended: the decision, the export's state, when it is due again, and how it closed an attempt."""

    decision: Decision
    state: State
    due_at: datetime | None
    closing: Closing | None = None


class Corridor:
    """Walks exports of one connection (`link` None: of those that no connection serves)."""

    def __init__(self, house: House, link: Link | None) -> None:
        self._house = house
        self._link = link
        self._name = link.connection.name if link else ""
        self._viewer = Viewer(house, link)
        self._follow_ups = FollowUps(house, link) if link else None
        self._obedience = Obedience(house.sessions, house.writer, link)

    async def advance(self, claim: Claim) -> Passage:
        """One walk, repeated while others append. Raises ProcoreUnavailable, ProcoreUnauthorized, LeaseLost."""
        for _ in range(MOST_WALKS):
            try:
                export = await self._obedience.obey(claim, await self._house.writer.load(claim.export_id))
            except VersionChanged:
                continue
            try:
                view = await self._viewer.view(export, claim)
            except ErpSilent as silent:
                until = await self._house.blame(self._name, silent.failure)
                return Passage(Leave(until, 0), export.state, until)
            if not _is_older(view):
                await keep_sheet(self._house.sessions, export, view)
            decision = decide(view)
            if isinstance(decision, AskErp):
                asked = await self._ask(view)
                if isinstance(asked, datetime):
                    return Passage(decision, export.state, asked)
                view = replace(view, look_up=asked)
                decision = decide(view)
            try:
                passage = await self._carry_out(decision, view, claim)
            except VersionChanged:
                continue
            return await self._followed_up(passage, view, claim, export)
        return Passage(Leave(None, 0), EMPTY, timekeeping.now())

    async def _followed_up(self, passage: Passage, view: View, claim: Claim, export: Export) -> Passage:
        """What comes after an export, while its ERP answers; nothing before all else about it is settled."""
        state, is_settled = passage.state, passage.due_at is None and not passage.state.is_doubted
        if self._follow_ups is None or view.snapshot is None or state.status is not Status.EXPORTED or not is_settled:
            return passage
        not_before = view.now + PAUSED_WAIT if view.is_paused else view.circuit_open_until
        if not_before and not_before > view.now:
            return replace(passage, due_at=self._follow_ups.next_due_at(state, not_before))
        state, put_off_until = await self._follow_ups.run(claim, export, state, view.snapshot)
        return replace(passage, state=state, due_at=self._follow_ups.next_due_at(state, put_off_until))

    async def _ask(self, view: View) -> LookUp | datetime:
        """What stands in the ERP under the attempt's reference, or is known by its id; or when to ask again."""
        link, attempt = self._link, view.state.attempt
        if link is None or attempt is None:
            raise TypeError("only an attempt on a connection is looked up")
        if view.circuit_open_until and view.circuit_open_until > view.now:
            return view.circuit_open_until
        began_at = await self._house.writer.database_time()  # the clock that a call's start is kept by
        answer = await also_by_id(link, await look_up(link, attempt.reference), view.state)
        if isinstance(answer, LookUpFailure):
            return await self._house.blame(self._name, answer)
        await self._house.book.answered(self._name, began_at)
        return LookUp(began_at=began_at, found=answer)

    async def _carry_out(self, decision: Decision, view: View, claim: Claim) -> Passage:
        if _is_older(view):
            return Passage(Leave(None, 0), view.state, view.now + OLD_SNAPSHOT_WAIT)
        match decision:
            case Leave(until=until):
                return Passage(decision, view.state, until)
            case Keep() | AskErp():
                is_open = view.state.status is Status.EXPORTING
                return Passage(decision, view.state, view.now + OPEN_ATTEMPT_WAIT if is_open else None)
            case Send(document=document):
                return await self._send(decision, document, view, claim)
            case _:
                return await self._record(decision, view, claim)

    async def _record(self, decision: Confirm | Hold | Skip | Defer, view: View, claim: Claim) -> Passage:
        """Append the decision, unless the ledger says just that already and nothing new came in."""
        state, closed = view.state, closing(decision, view)
        if not says_the_same(decision, state):
            bodies = [*closed, *deciding(decision, view)]
            state = await self._house.writer.append(claim, bodies, now=view.now, expected_version=state.version)
        due_at = decision.until if isinstance(decision, Defer) else None
        return Passage(decision, state, due_at, closed[0].closing if closed else None)

    async def _send(self, decision: Send, document: Document, view: View, claim: Claim) -> Passage:
        link = self._link
        if link is None:
            raise TypeError("nothing is sent without a connection")
        opening = _Opening(self._house, link, document, view, claim)
        state = await self._house.writer.append(
            claim, opening.bodies, now=view.now, expected_version=view.state.version
        )
        if state.status is not Status.EXPORTING:  # the rights changed between the decision and its transaction
            return Passage(decision, state, None)
        found: tuple[Found, ...] | None = view.look_up.found if view.look_up else None
        run = AttemptRun(self._house.writer, link, claim, state)
        ended = await run.run(found)
        if ended.failure:
            retry_at = getattr(ended.failure, "retry_at", None)
            await self._house.book.failed(
                link.connection.name, ended.failure.text, now=timekeeping.now(), retry_at=retry_at
            )
        else:
            await self._house.book.succeeded(link.connection.name, timekeeping.now())
        return Passage(decision, ended.state, ended.state.due_at, ended.closing)


class _Opening:
    """The entries that open an attempt, with the rights judged again in the same transaction (law 4)."""

    def __init__(self, house: House, link: Link, document: Document, view: View, claim: Claim) -> None:
        self._house = house
        self._link = link
        self._document = document
        self._view = view
        self._claim = claim

    async def bodies(self, session: Session) -> Sequence[EntryBody]:
        view, snapshot, look, seen_as = self._view, self._view.snapshot, self._view.look, self._view.authority
        if snapshot is None or look is None or seen_as is None:
            raise TypeError("only an approved invoice is sent")
        company_id = self._link.terms.company_id
        rights = await read_rights(session, self._house, company_id, view.state, timekeeping.now())
        rights = replace(rights, senders=view.rights.senders)
        authority = judge_authority(view.state, look, rights)
        if authority.problems:
            hold = Hold(tuple(Finding(reason=problem) for problem in authority.problems), 14)
            return [*closing(hold, view), *deciding(hold, view)]
        if view.state.status is Status.EXPORTING and self._is_same_document():
            return [AttemptResumed(fencing_token=self._claim.fencing_token, worker=self._house.writer.worker)]
        opened = AttemptOpened(
            attempt=view.state.attempts + 1,
            reference=self._document.reference,
            document=self._document.model_dump(mode="json"),
            content_hash=self._document.content_hash,
            mappings_version=view.mappings_version,
            fingerprint=snapshot.fingerprint,
            line_6=snapshot.g702.total_earned_less_retainage if snapshot.g702 else None,
            look=look,
            authority_when_seen=seen_as,
            authority_when_opened=authority,
            fencing_token=self._claim.fencing_token,
            worker=self._house.writer.worker,
        )
        return [*closing(None, view), opened]

    def _is_same_document(self) -> bool:
        attempt = self._view.state.attempt
        return attempt is not None and attempt.content_hash == self._document.content_hash


def _is_older(view: View) -> bool:
    """A snapshot older than the last one decides nothing (law 10)."""
    last, snapshot = view.state.look, view.snapshot
    if last is None or snapshot is None or last.updated_at is None or snapshot.updated_at is None:
        return False
    return snapshot.updated_at < last.updated_at
