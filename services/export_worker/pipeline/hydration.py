"""Looking at Procore: the invoice as it is now, and the invoice before it in its contract."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import bindparam, select

from services.export_worker.core.decision import is_before
from services.export_worker.core.invoice import Snapshot, read_snapshot
from services.export_worker.core.terms import Terms
from services.export_worker.core.view import Deleted, Predecessor, Seen, Unreadable
from services.export_worker.delivery_list import DeliveryList
from services.export_worker.exports import Export, ExportKey
from shared.ledger.state import State, state_from_json
from shared.ledger.tables import exports
from shared.ledger.words import Reason, Status
from shared.procore.errors import NotAnId, ProcoreForbidden, ProcoreNotFound, ProcoreRefused
from shared.procore.payment_applications import PaymentApplications
from shared.statements import Sessions, Statement, at_once


@dataclass(frozen=True)
class Before:
    """The predecessor as deciding needs it, and as Procore shows it.

    `changed_at` is what the contract's list told meanwhile of the invoice that comes after it.
    """

    predecessor: Predecessor
    snapshot: Snapshot
    changed_at: datetime | None = None


class Hydration:
    """Reads Procore, and writes back to it.

    Where a look raises ProcoreUnavailable or ProcoreUnauthorized, nothing was seen and nothing is decided.
    """

    def __init__(self, payment_applications: PaymentApplications, deliveries: DeliveryList, sessions: Sessions) -> None:
        self._procore = payment_applications
        self._deliveries = deliveries
        self._sessions = sessions

    async def look(self, export: Export) -> Seen:
        """The invoice now."""
        key = export.key
        try:
            raw = await self._procore.show(key.company_id, key.project_id, key.payment_application_id)
        except ProcoreNotFound as error:
            return Deleted() if export.state.is_deleted else Unreadable(f"404: {error}")
        except ProcoreForbidden as error:
            return Unreadable(f"403: {error}")
        except (ProcoreRefused, NotAnId) as error:
            return Unreadable(str(error))
        return read_snapshot(raw)

    async def changed_at(self, key: ExportKey, shown: Snapshot) -> datetime | None:
        """When an invoice changed that was shown without a time, from the list of its contract; None: not told."""
        if shown.contract_id is None:
            return None
        try:
            listed = await self._procore.of_contract(
                key.company_id, key.project_id, shown.contract_id, only=key.payment_application_id
            )
        except (ProcoreNotFound, ProcoreForbidden, ProcoreRefused):
            return None
        return _changed_at(shown, map(read_snapshot, listed))

    async def senders(self, key: ExportKey) -> frozenset[str]:
        """Whom Procore's own delivery list names for this invoice."""
        events = await self._deliveries.events(key.company_id, key.project_id)
        about = (event for event in events if event.resource_id == key.payment_application_id)
        return frozenset(event.user_id for event in about if event.user_id)

    async def write_back(self, key: ExportKey, contract_id: str, origin: Mapping[str, str]) -> None:
        """Tell Procore under which id the invoice stands in the ERP. Raises ProcoreError."""
        await self._procore.update(key.company_id, key.project_id, contract_id, key.payment_application_id, origin)

    async def before(self, export: Export, snapshot: Snapshot, terms: Terms) -> Before | Unreadable | None:
        """The invoice with the next lower number of the same contract; None for the first."""
        if snapshot.number is None or snapshot.contract_id is None or snapshot.number <= 1:
            return None
        try:
            return await self._before(export.key, snapshot, snapshot.contract_id, terms)
        except (ProcoreNotFound, ProcoreForbidden, ProcoreRefused, NotAnId) as error:
            return Unreadable(f"the invoice before it: {error}")

    async def _before(self, key: ExportKey, snapshot: Snapshot, contract_id: str, terms: Terms) -> Before | None:
        rows = await self._procore.of_contract(key.company_id, key.project_id, contract_id)
        listed = [read_snapshot(row) for row in rows]
        earlier = [each for each in listed if each.number is not None and each.number < (snapshot.number or 0)]
        if not earlier:
            return None
        nearest = max(earlier, key=lambda each: each.number or 0)
        raw = await self._procore.show(key.company_id, key.project_id, nearest.payment_application_id)
        shown = read_snapshot(raw)
        return Before(await self._predecessor(key, shown, terms), shown, _changed_at(snapshot, listed))

    async def _predecessor(self, key: ExportKey, shown: Snapshot, terms: Terms) -> Predecessor:
        state = await self._state_of(key, shown.payment_application_id)
        standing = state.standing if state else None
        exported = standing.line_6 if standing else None
        return Predecessor(
            payment_application_id=shown.payment_application_id,
            number=shown.number or 0,
            is_satisfied=is_before(shown.dated, terms.start_from) or (state is not None and _satisfies(state, terms)),
            line_6=_line_6(shown) if exported is None else exported,
        )

    async def _state_of(self, key: ExportKey, payment_application_id: str) -> State | None:
        async with at_once(self._sessions) as session:
            state = await _STATE.value(
                session,
                company_id=key.company_id,
                payment_application_id=payment_application_id,
                connection=key.connection,
            )
        return None if state is None else state_from_json(state)


def _changed_at(shown: Snapshot, listed: Iterable[Snapshot]) -> datetime | None:
    """A row that tells another status or other sums than the invoice is of another moment, and dates nothing."""
    for row in listed:
        is_it = row.payment_application_id == shown.payment_application_id
        if is_it and row.status == shown.status and row.g702 in (None, shown.g702):
            return row.updated_at
    return None


def _satisfies(state: State, terms: Terms) -> bool:
    """Exported, resolved by hand, dismissed, before the start; a rehearsal goes on behind a rehearsed one."""
    if state.status is Status.EXPORTED or state.is_dismissed:
        return True
    if state.status is not Status.SKIPPED:
        return False
    rehearsed = terms.mode == "rehearse" and Reason.REHEARSED in state.reasons
    return rehearsed or Reason.BEFORE_START in state.reasons


def _line_6(shown: Snapshot) -> Decimal | None:
    return shown.g702.total_earned_less_retainage if shown.g702 else None


_STATE = Statement(
    select(exports.c.state).where(
        exports.c.company_id == bindparam("company_id"),
        exports.c.payment_application_id == bindparam("payment_application_id"),
        exports.c.connection == bindparam("connection"),
    )
)
