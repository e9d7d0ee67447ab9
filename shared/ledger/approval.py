"""One approval from look to look: who may have given it, and whether an event tells of it. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from shared.ledger.entries import Look
from shared.ledger.state import Approval, SeenEvent, State

CLOCK_TOLERANCE = timedelta(seconds=1)  # Procore's times are whole seconds


class Attributed(Protocol):
    """What an event tells of who did something, and when: as seen, or as Procore's list of deliveries shows it."""

    @property
    def user_id(self) -> str | None: ...

    @property
    def occurred_at(self) -> datetime | None: ...


def approved(state: State, look: Look) -> Approval:
    """The approval after a look that saw the invoice approved: begun by it, or followed."""
    users = _users(state.events)
    if state.approval is None:
        return Approval(
            seen_at=look.looked_at,
            fingerprint=look.fingerprint,
            users=users,
            latest_content=look.fingerprint,
            unexplained_from=look.unexplained_from,
        )
    approval = _with_late_events(state.approval, state)
    if look.fingerprint == approval.latest_content:
        return approval
    changers = () if look.unexplained_from else users
    return approval.model_copy(
        update={"latest_content": look.fingerprint, "changes": (*approval.changes, changers)},
    )


def covers(state: State, fingerprint: str | None) -> bool:
    """Whether this content was seen approved already."""
    return state.approval is not None and state.approval.latest_content == fingerprint


def is_explained(events: Iterable[Attributed], since: datetime) -> bool:
    """Whether an event of `since` or later names somebody; what is told in whole seconds may be of any part of one."""
    return any(event.user_id and event.occurred_at and _is_of(event.occurred_at, since) for event in events)


def _is_of(at: datetime, since: datetime) -> bool:
    return at >= (since if at.microsecond else since.replace(microsecond=0))


def _with_late_events(approval: Approval, state: State) -> Approval:
    """Those whose events came late, but tell of a time before the approval was seen, may have given it too."""
    drafted_at = state.unapproved_at
    late = [
        event
        for event in state.events
        if event.occurred_at and event.occurred_at <= approval.seen_at
        if drafted_at is None or event.occurred_at + CLOCK_TOLERANCE > drafted_at
    ]
    users = tuple(dict.fromkeys((*approval.users, *_users(late))))
    since = approval.unexplained_from
    still = None if since is None or is_explained(late, since) else since
    return approval.model_copy(update={"users": users, "unexplained_from": still})


def _users(events: Iterable[SeenEvent]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(event.user_id for event in events if event.user_id))
