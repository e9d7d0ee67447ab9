"""Everything that a decision may look at."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from services.export_worker.core.authority import Rights, judge_authority
from services.export_worker.core.capabilities import Capabilities
from services.export_worker.core.document import Document, document_from_json
from services.export_worker.core.fields import Problem
from services.export_worker.core.invoice import Snapshot
from services.export_worker.core.outcomes import Found
from services.export_worker.core.standing import standing_of, steps_needed
from services.export_worker.core.terms import Terms
from shared.ledger.approval import covers, is_explained
from shared.ledger.entries import Authority, Look, Standing
from shared.ledger.state import State

UNCERTAIN = ""  # the fingerprint of a document of which nobody knows which attempt it is from


@dataclass(frozen=True)
class Unreadable:
    """Procore would not show the invoice: 403, 404 without a delete event, or a refusal. `detail` says which."""

    detail: str


@dataclass(frozen=True)
class Deleted:
    """A delete event, and Procore shows nothing any more."""


@dataclass(frozen=True)
class Unseen:
    """Nobody looked: no connection serves the company, and its data are none of our business."""


Seen = Snapshot | Unreadable | Deleted | Unseen


@dataclass(frozen=True, kw_only=True)
class LookUp:
    """What the ERP showed when asked at `began_at`: under our reference, and what was made before by its id."""

    began_at: datetime
    found: tuple[Found, ...]

    @property
    def live(self) -> tuple[Found, ...]:
        """Without those that were cancelled: they do not count as ours any more."""
        return tuple(found for found in self.found if not found.cancelled)

    @property
    def linked(self) -> tuple[Found, ...]:
        """Those of them that carry our reference."""
        return tuple(found for found in self.live if not found.unlinked)


@dataclass(frozen=True, kw_only=True)
class Predecessor:
    """The invoice of the same contract with the next lower number. `line_6` as exported, else as shown."""

    payment_application_id: str
    number: int
    is_satisfied: bool
    line_6: Decimal | None


@dataclass(frozen=True, kw_only=True)
class View:
    """Everything that a decision may look at. `document` is None where it was not worth making one."""

    now: datetime
    state: State
    seen: Seen
    rights: Rights
    terms: Terms | None = None
    capabilities: Capabilities | None = None
    lease_until: datetime | None = None
    absence_proven_at: datetime | None = None
    look_up: LookUp | None = None
    predecessor: Predecessor | None = None
    document: Document | tuple[Problem, ...] | None = None
    mappings_version: str = ""
    circuit_open_until: datetime | None = None
    is_paused: bool = False

    @property
    def snapshot(self) -> Snapshot | None:
        """The invoice, where Procore shows it."""
        return self.seen if isinstance(self.seen, Snapshot) else None

    @cached_property
    def authority(self) -> Authority | None:
        """The authority for the invoice as it is now; None unless it is approved."""
        look = self.look
        if self.snapshot is None or not self.snapshot.is_approved or look is None:
            return None
        return judge_authority(self.state, look, self.rights)

    @cached_property
    def look(self) -> Look | None:
        """The look as the ledger keeps it; of a deleted invoice all that the last one saw: people should know which."""
        match self.seen:
            case Unseen():
                return None
            case Deleted():
                gone = {"seen": "deleted", "looked_at": self.now, "unexplained_from": None}
                last = self.state.look
                return last.model_copy(update=gone) if last else Look.model_validate(gone)
            case Unreadable():
                return Look(seen="unreadable", looked_at=self.now)
            case Snapshot() as snapshot:
                return look_at(snapshot, self.now).model_copy(update={"unexplained_from": self._unexplained_from})

    @property
    def _unexplained_from(self) -> datetime | None:
        snapshot, state = self.snapshot, self.state
        if snapshot is None or not snapshot.is_approved or snapshot.updated_at is None:
            return None
        since = snapshot.updated_at - self.rights.event_lead
        return None if covers(state, snapshot.fingerprint) or is_explained(state.events, since) else since

    @property
    def standing(self) -> Standing | None:
        """What stands in the ERP: as just looked up, else as the ledger knows."""
        if self.look_up is None:
            return self.state.standing
        if not self.look_up.live or self.capabilities is None:
            return None
        attempt = self.state.attempt
        if attempt is None:
            return standing_of(self.look_up.live[0], self.capabilities.steps, None, None)
        fingerprint = UNCERTAIN if attempt.may_be_older else attempt.fingerprint
        needed = steps_needed(document_from_json(attempt.document), self.capabilities)
        return standing_of(self.look_up.live[0], needed, fingerprint, attempt.line_6)


def look_at(snapshot: Snapshot, now: datetime) -> Look:
    """The look at an invoice that Procore showed. Amount: line 8 plus tax, in the invoice's currency."""
    g702 = snapshot.g702
    return Look(
        seen=snapshot.status,
        looked_at=now,
        updated_at=snapshot.updated_at,
        fingerprint=snapshot.fingerprint,
        contract_id=snapshot.contract_id,
        number=snapshot.number,
        invoice_number=snapshot.invoice_number,
        customer_name=snapshot.customer_name,
        billing_date=snapshot.billing_date,
        currency=snapshot.currency,
        amount=g702 and g702.current_payment_due + g702.tax_applicable_to_this_payment,
    )
