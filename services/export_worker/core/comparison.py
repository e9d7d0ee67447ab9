"""What Procore's list of a project shows beside what the ledger knows: what the webhooks did not tell. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.export_worker.core.invoice import Snapshot
from services.export_worker.core.view import look_at
from shared.events.notifications import Notification
from shared.ledger.approval import is_explained
from shared.ledger.entries import Look, Received
from shared.ledger.state import State
from shared.ledger.words import Status

SHOWN_IN_LISTS = ("seen", "number", "invoice_number", "customer_name", "billing_date", "currency", "amount")


@dataclass(frozen=True, kw_only=True)
class Differences:
    """By payment application: what changed untold, what is gone, and from when on an approver is not known."""

    changed: Mapping[str, Snapshot]
    gone: Mapping[str, State]
    unexplained: Mapping[str, datetime]

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone or self.unexplained)

    def received(self, listed: Sequence[Notification]) -> dict[str, tuple[Received, ...]]:
        """What the ledger has to hear of them. `listed`: all that Procore's own list of deliveries holds.

        That list tells who did it, even where the delivery itself was discarded.
        """
        about: dict[str, list[Notification]] = {}
        for event in listed:
            about.setdefault(event.resource_id, []).append(event)
        explained = [
            invoice for invoice, since in self.unexplained.items() if is_explained(about.get(invoice, []), since)
        ]
        return {
            **{invoice: _delivered(about[invoice]) for invoice in explained},
            **{invoice: _delivered(about.get(invoice, [])) or (_found(one),) for invoice, one in self.changed.items()},
            **{invoice: _end(about.get(invoice, []), invoice, state) for invoice, state in self.gone.items()},
        }


def compare(shown: Mapping[str, Snapshot], known: Mapping[str, State], settled_before: datetime) -> Differences:
    """Both by payment application; what changed since `settled_before` is left to its webhook."""
    return Differences(
        changed={
            invoice: snapshot
            for invoice, snapshot in shown.items()
            if _is_missed(snapshot, known.get(invoice), settled_before)
        },
        gone={invoice: state for invoice, state in known.items() if invoice not in shown and _should_be_shown(state)},
        unexplained={
            invoice: state.approval.unexplained_from
            for invoice, state in known.items()
            if state.status is Status.HELD and state.approval and state.approval.unexplained_from
            if invoice in shown and state.approval.seen_at <= settled_before
        },
    )


def _is_missed(snapshot: Snapshot, known: State | None, settled_before: datetime) -> bool:
    """Changed since our last look, and long enough ago that its webhook should have come."""
    changed_at = snapshot.updated_at
    if changed_at is not None and changed_at > settled_before:
        return False
    look = known.look if known else None
    if look is None:
        return snapshot.is_approved and (known is None or not known.news)
    if changed_at is not None and look.updated_at is not None:
        return changed_at > look.updated_at
    return _tells_otherwise(snapshot, look)


def _tells_otherwise(snapshot: Snapshot, look: Look) -> bool:
    """Without two times to compare: whether the list shows something else than the look saw."""
    shown = look_at(snapshot, look.looked_at)
    told = {name: getattr(shown, name) for name in SHOWN_IN_LISTS}
    return any(value not in (None, getattr(look, name)) for name, value in told.items())


def _should_be_shown(state: State) -> bool:
    return not state.is_deleted and state.unreadable_looks == 0 and state.status is not Status.SKIPPED


def _delivered(events: Sequence[Notification]) -> tuple[Received, ...]:
    return tuple(
        Received(
            event_id=event.event_id,
            source="delivery_list",
            reason=event.reason,
            user_id=event.user_id,
            occurred_at=event.occurred_at,
        )
        for event in events
    )


def _found(snapshot: Snapshot) -> Received:
    """What nothing explains."""
    changed_at = snapshot.updated_at
    when = changed_at.isoformat() if changed_at else snapshot.status
    return Received(
        event_id=f"reconciliation:{snapshot.payment_application_id}:{when}",
        source="reconciliation",
        reason="found",
        occurred_at=changed_at,
    )


def _end(events: Sequence[Notification], invoice: str, state: State) -> tuple[Received, ...]:
    """Only a delete event proves a deletion: a list that lacks the invoice may lack it for want of rights."""
    deletions = [event for event in events if event.reason == "delete"]
    missing = Received(
        event_id=f"reconciliation:{invoice}:gone:{state.version}", source="reconciliation", reason="missing"
    )
    return _delivered(deletions[:1]) or (missing,)
