"""What an answer of the ERP makes of the export, and when to go on. Pure; jitter comes in as a number."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from services.export_worker.core.capabilities import Capabilities
from services.export_worker.core.outcomes import (
    AuthExpired,
    Failure,
    NeedsDecision,
    Refused,
    Reread,
    Unavailable,
    Unknown,
)
from shared.ledger.entries import AttemptClosed, Finding
from shared.ledger.words import Closing, Reason

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=15)
MOST_RETRIES = 10
CIRCUIT_OPENS_AFTER = 3


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When the answer came, and what the back-off needs. `jitter` is drawn from [0, 1).

    `last_write_before`: no write of this attempt was sent later; None while none was begun. It comes from the
    database's clock, as the beginnings of look-ups do.
    """

    now: datetime
    last_write_before: datetime | None
    retries: int
    jitter: float


def settle(failure: Failure, capabilities: Capabilities, moment: Moment) -> AttemptClosed:
    """The entry that closes the attempt. What belongs to the connection never counts as a retry.

    Whatever the answer is, it tells from when on an absence counts: an earlier write's may still be on its way.
    """
    last = moment.last_write_before
    proven_at = last and last + capabilities.absence_proven_after
    return _closed(failure, capabilities, moment).model_copy(update={"absence_proven_at": proven_at})


def _closed(failure: Failure, capabilities: Capabilities, moment: Moment) -> AttemptClosed:
    match failure:
        case Refused():
            return AttemptClosed(closing=Closing.REFUSED, finding=_finding(Reason(failure.refusal.value), failure))
        case NeedsDecision():
            finding = Finding(reason=Reason.ERP_ASKS, detail=failure.text)
            return AttemptClosed(closing=Closing.NEEDS_DECISION, finding=finding, warning=failure.name)
        case Unavailable():
            retry_at = moment.now + back_off(0, moment.jitter)
            return _again(Closing.UNAVAILABLE, failure.text, max(retry_at, failure.retry_at or retry_at))
        case AuthExpired():
            return _again(Closing.UNAVAILABLE, failure.text, moment.now + back_off(3, moment.jitter))
        case Reread():
            return _limited(Closing.REREAD, failure.text, moment)
        case Unknown():
            return _unknown(failure, capabilities, moment)
        case _:
            assert_never(failure)


def back_off(retries: int, jitter: float) -> timedelta:
    """Exponential from 2 s to 15 min, with half of it left to chance so that a crowd does not return at once."""
    ceiling: timedelta = min(FIRST_WAIT * (1 << min(retries, 20)), LONGEST_WAIT)
    return ceiling * (0.5 + jitter / 2)


@dataclass(frozen=True)
class Circuit:
    """One connection's breaker: failures in a row, and until when nothing is sent."""

    failures: int = 0
    open_until: datetime | None = None


def circuit_after_failure(circuit: Circuit, *, now: datetime, retry_at: datetime | None, jitter: float) -> Circuit:
    """One more failure of the connection. It opens after three in a row, or at once when the ERP names a time.

    An ERP that names a time already over ("retry after 0 s") is not asked in a circle: the later one counts.
    """
    failures = circuit.failures + 1
    if failures < CIRCUIT_OPENS_AFTER:
        return Circuit(failures, retry_at if retry_at and retry_at > now else None)
    own = now + back_off(failures - CIRCUIT_OPENS_AFTER, jitter)
    return Circuit(failures, max(own, retry_at or own))


def _unknown(failure: Unknown, capabilities: Capabilities, moment: Moment) -> AttemptClosed:
    if not capabilities.can_look_up:
        finding = Finding(reason=Reason.OUTCOME_UNKNOWN, detail=failure.text)
        return AttemptClosed(closing=Closing.UNKNOWN_WITHOUT_LOOK_UP, finding=finding)
    return _limited(Closing.UNKNOWN, failure.text, moment)


def _limited(closing: Closing, text: str, moment: Moment) -> AttemptClosed:
    if moment.retries >= MOST_RETRIES:
        finding = Finding(reason=Reason.RETRIES_EXHAUSTED, detail=text)
        return AttemptClosed(closing=Closing.RETRIES_EXHAUSTED, finding=finding)
    closed = _again(closing, text, moment.now + back_off(moment.retries, moment.jitter))
    return closed.model_copy(update={"counts_as_retry": True})


def _again(closing: Closing, text: str, retry_at: datetime) -> AttemptClosed:
    finding = Finding(reason=Reason.RETRY_LATER, detail=text)
    return AttemptClosed(closing=closing, finding=finding, retry_at=retry_at)


def _finding(reason: Reason, refused: Refused) -> Finding:
    where = f" (field {refused.field})" if refused.field else ""
    return Finding(reason=reason, detail=f"{refused.text}{where}")
