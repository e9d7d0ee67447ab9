"""Looking before deciding: everything that a decision may look at, gathered without writing anything."""

from dataclasses import replace
from datetime import date, datetime

from services.export_worker import timekeeping
from services.export_worker.core.authority import Rights, candidates
from services.export_worker.core.billing import Billing, make_document
from services.export_worker.core.document import Document
from services.export_worker.core.fields import Problem
from services.export_worker.core.invoice import Snapshot
from services.export_worker.core.outcomes import LookUpFailure
from services.export_worker.core.view import Seen, Unreadable, Unseen, View
from services.export_worker.exports import Claim, Export
from services.export_worker.links import NEVER_TROUBLED, Link, link_state
from services.export_worker.pipeline.house import House
from services.export_worker.pipeline.hydration import Before
from shared.approvers import store as approvers
from shared.connections import mapping_store
from shared.connections.mappings import Mappings
from shared.ledger.state import State, surely_stands
from shared.statements import Session, at_once


class ErpSilent(Exception):
    """The ERP had to be asked before anything could be decided, and did not answer."""

    def __init__(self, failure: LookUpFailure) -> None:
        super().__init__(failure.text)
        self.failure = failure


class Viewer:
    """Views exports of one connection (`link` None: of those that no connection serves)."""

    def __init__(self, house: House, link: Link | None) -> None:
        self._house = house
        self._link = link

    async def view(self, export: Export, claim: Claim | None = None) -> View:
        """Everything that a decision may look at, read without writing anything. A dry run ends here.

        Raises ErpSilent where the ERP has to be asked for its open days and does not answer.
        """
        link = self._link
        seen: Seen = Unseen() if link is None else await self._house.hydration.look(export)
        before: Before | None = None
        senders: frozenset[str] | None = None
        open_day: date | None = None
        if link is not None and isinstance(seen, Snapshot) and _is_worth_a_document(seen, export.state, link):
            told = await self._house.hydration.before(export, seen, link.terms)
            before = None if isinstance(told, Unreadable) else told
            senders = await self._senders(export, seen, link)
            open_day = await _first_open_day(seen, link)
            seen = told if isinstance(told, Unreadable) else seen
        seen = await self._dated(export, seen, before)
        now = timekeeping.now()
        async with at_once(self._house.sessions) as session:
            rights = await read_rights(session, self._house, export.key.company_id, export.state, now)
            rights = replace(rights, senders=senders)
            mappings = await mapping_store.load(session, link.connection.name) if link else Mappings()
            shared = await link_state(session, link.connection.name) if link else NEVER_TROUBLED
        document: Document | tuple[Problem, ...] | None = None
        if link is not None and isinstance(seen, Snapshot) and _is_worth_a_document(seen, export.state, link):
            billing = _billing(export, link, seen, mappings, now)
            previous = before.snapshot if before else None
            document = make_document(replace(billing, previous=previous, first_open_day=open_day))
        return View(
            now=now,
            state=export.state,
            seen=seen,
            rights=rights,
            terms=link.terms if link else None,
            capabilities=link.capabilities if link else None,
            lease_until=None if claim else await self._house.writer.lease_until(export.id),
            absence_proven_at=_absence_proven_at(claim, link),
            predecessor=before.predecessor if before else None,
            document=document,
            mappings_version=mappings.version,
            circuit_open_until=shared.circuit.open_until,
            is_paused=shared.is_paused or shared.is_stopped,
        )

    async def _dated(self, export: Export, seen: Seen, before: Before | None) -> Seen:
        """Where Procore shows an invoice without the time of its last change, its lists may tell it."""
        if not isinstance(seen, Snapshot) or seen.updated_at or not _is_worth_a_time(seen, export.state):
            return seen
        told = before.changed_at if before else await self._house.hydration.changed_at(export.key, seen)
        return replace(seen, updated_at=told)

    async def _senders(self, export: Export, seen: Snapshot, link: Link) -> frozenset[str] | None:
        """Who sent the events, asked of Procore itself where the connection wants that (`verify_approver`)."""
        due = seen.g702.current_payment_due if seen.g702 else None
        if due is None or not link.connection.verify_approver.covers(due):
            return None
        return await self._house.hydration.senders(export.key)


async def _first_open_day(seen: Snapshot, link: Link) -> date | None:
    """Asked of the ERP only where the connection dates by it."""
    by_open_day = link.terms.accounting_date == "first_open_day" and link.capabilities.tells_open_days
    if seen.billing_date is None or not by_open_day:
        return None
    answer = await link.adapter.first_open_day(seen.billing_date)
    if isinstance(answer, LookUpFailure):
        raise ErpSilent(answer)
    return answer


async def read_rights(session: Session, house: House, company_id: str, state: State, now: datetime) -> Rights:
    """The records of everybody who may matter, as they stand in this transaction."""
    records = await approvers.current(session, company_id, candidates(state))
    return house.trust.rights(records, now)


def _is_worth_a_document(seen: Snapshot, state: State, link: Link) -> bool:
    others = seen.origin_of_others(link.connection.name)
    return seen.is_approved and not surely_stands(state) and not others


def _is_worth_a_time(seen: Snapshot, state: State) -> bool:
    """A draft that never was more is looked at often, and nothing rests on when it changed."""
    return seen.is_approved or state.approval is not None or state.attempt is not None or state.standing is not None


def _billing(export: Export, link: Link, seen: Snapshot, mappings: Mappings, now: datetime) -> Billing:
    approval = export.state.approval
    return Billing(
        snapshot=seen,
        previous=None,
        project_id=export.key.project_id,
        reference=_reference(export, link),
        terms=link.terms,
        mappings=mappings,
        capabilities=link.capabilities,
        approved_at=approval.seen_at if approval else now,
        now=now,
    )


def _reference(export: Export, link: Link) -> str:
    return export.state.reference(link.terms.reference_key(export.key.payment_application_id))


def _absence_proven_at(claim: Claim | None, link: Link | None) -> datetime | None:
    """When no write of a worker that vanished can still commit: from its last step, else from its lease's end."""
    if claim is None or link is None:
        return None
    if claim.call_started_at is not None:
        return claim.call_started_at + link.capabilities.absence_proven_after_start
    return claim.lease_was_until and claim.lease_was_until + link.capabilities.absence_proven_after
