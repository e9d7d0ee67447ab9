"""The fold: from entries to the state. The stored current row is nothing but this. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, assert_never

from shared.ledger.approval import approved
from shared.ledger.entries import (
    AttemptClosed,
    AttemptOpened,
    AttemptResumed,
    CommandRefused,
    Confirmed,
    Deferred,
    EntryBody,
    Finding,
    FollowUpDone,
    FollowUpFailed,
    HandedOver,
    Held,
    LateAnswer,
    Look,
    Received,
    Released,
    ReleaseRequested,
    ReplayAccepted,
    ResolvedByHand,
    Skipped,
    Standing,
    StepDone,
    TieOutFound,
    WarningAccepted,
)
from shared.ledger.state import (
    EMPTY,
    Attempt,
    FollowUp,
    Release,
    ReleaseRequest,
    SeenEvent,
    State,
    surely_stands,
)
from shared.ledger.transitions import CLOSES_TO, ImpossibleTransition, is_allowed
from shared.ledger.words import Closing, Reason, Status

APPROVED = "approved"
LEAVES_OUTCOME_OPEN = frozenset(
    {
        Closing.UNKNOWN,
        Closing.UNKNOWN_WITHOUT_LOOK_UP,
        Closing.FOUND_SEVERAL,
        Closing.INTERNAL_ERROR,
        Closing.RETRIES_EXHAUSTED,
    }
)


def fold(entries: Iterable[tuple[EntryBody, datetime]], start: State = EMPTY) -> State:
    """The state after `entries` (body and time, in order). Raises ImpossibleTransition."""
    state = start
    for body, at in entries:
        state = apply(state, body, at)
    return state


def apply(state: State, body: EntryBody, at: datetime) -> State:
    """The state after one more entry. Raises ImpossibleTransition where the status does not allow it."""
    changes = _changes(state, body, at)
    status = changes.get("status", state.status)
    if not is_allowed(body.kind, state.status, status):
        raise ImpossibleTransition(f"{body.kind} cannot take an export from {state.status} to {status}")
    if status is not state.status:
        changes.setdefault("since", at)
    return state.model_copy(update={**changes, "version": state.version + 1})


def _changes(state: State, body: EntryBody, at: datetime) -> dict[str, Any]:  # noqa: C901, PLR0911, PLR0912 - one arm per kind
    match body:
        case Received():
            return _received(state, body)
        case Skipped() | Deferred() | Held() | Confirmed():
            return _decided(state, body)
        case AttemptOpened():
            return _opened(state, body, at)
        case AttemptResumed():
            return _resumed(state, body)
        case StepDone():
            return _step_done(state, body)
        case HandedOver():
            return {"attempt": _attempt(state, handed_over=body), "due_at": body.check_at}
        case AttemptClosed():
            return _closed(state, body)
        case ReplayAccepted():
            return _replayed(state, body)
        case ReleaseRequested():
            asked = ReleaseRequest(by=body.by, user_id=body.user_id, fingerprint=body.fingerprint)
            return {"release_request": asked}
        case Released():
            released = Release(user_id=body.user_id, fingerprint=body.fingerprint, with_user_id=body.with_user_id)
            return _walk_again(release=released, release_request=None)
        case WarningAccepted():
            accepted = {**state.accepted, body.warning: body.fingerprint}
            return _walk_again(accepted=accepted, warning=None, warning_fingerprint=None)
        case ResolvedByHand():
            return _resolved(state, body)
        case LateAnswer():
            return {"news": True}
        case TieOutFound():
            return {"news": True, "is_doubted": True}
        case FollowUpDone() | FollowUpFailed():
            return _followed_up(state, body)
        case CommandRefused():
            return {}
        case _:
            assert_never(body)


def _received(state: State, body: Received) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "news": True,
        "is_deleted": state.is_deleted or body.reason == "delete",
        "events": _with_event(state.events, body),
    }
    if state.status is Status.NONE:
        changes["status"] = Status.WAITING
    return changes


def _with_event(events: tuple[SeenEvent, ...], body: Received) -> tuple[SeenEvent, ...]:
    """One for each person, with the latest time: an invoice that is edited often must not grow without bound."""
    times = [event.occurred_at for event in events if event.user_id == body.user_id]
    known = [time for time in (*times, body.occurred_at) if time is not None]
    others = tuple(event for event in events if event.user_id != body.user_id)
    return (*others, SeenEvent(user_id=body.user_id, occurred_at=max(known, default=None)))


def _decided(state: State, body: Skipped | Deferred | Held | Confirmed) -> dict[str, Any]:
    changes = _decided_on(state, body)
    changes |= {"news": False, "due_at": None, "waits_for": None, "awaiting_event_since": None}
    match body:
        case Skipped():
            if surely_stands(state):
                raise ImpossibleTransition("skipped although it stands in the ERP")
            changes |= {"status": Status.SKIPPED, "findings": (body.finding,), "authority": body.authority}
            changes |= {"standing": None}
        case Deferred():
            changes |= {
                "status": Status.WAITING,
                "findings": body.findings,
                "due_at": body.until,
                "waits_for": body.waits_for,
                "authority": body.authority,
            }
            if body.findings[0].reason is Reason.AWAITING_EVENT:
                changes |= {"awaiting_event_since": state.awaiting_event_since or (body.look and body.look.looked_at)}
        case Held():
            changes |= {"status": Status.HELD, "findings": body.findings, "authority": body.authority}
        case Confirmed():
            changes |= {
                "status": Status.EXPORTED,
                "findings": (),
                "standing": body.standing,
                "attempt": _resolved_attempt(state),
                "retries": 0,
                "is_doubted": False,
            }
        case _:
            assert_never(body)
    return changes


def _decided_on(state: State, body: Skipped | Deferred | Held | Confirmed) -> dict[str, Any]:
    """The look behind a decision. While the explaining event is awaited, the approval stays open."""
    if body.look is None:
        return {}
    if isinstance(body, Deferred) and body.findings[0].reason is Reason.AWAITING_EVENT:
        return {"look": body.look, "unreadable_looks": 0}
    return _looked(state, body.look)


def _looked(state: State, look: Look) -> dict[str, Any]:
    """What a look changes: it counts unreadable ones, and opens, keeps or ends an approval."""
    if look.seen == "unreadable":
        return {"unreadable_looks": state.unreadable_looks + 1}
    changes: dict[str, Any] = {"look": look, "unreadable_looks": 0}
    if look.seen != APPROVED:
        ended = {"approval": None, "release": None, "release_request": None}
        return changes | ended | {"events": (), "unapproved_at": look.looked_at}
    if state.release_request and state.release_request.fingerprint != look.fingerprint:
        changes |= {"release_request": None}
    return changes | {"approval": approved(state, look), "events": ()}


def _opened(state: State, body: AttemptOpened, at: datetime) -> dict[str, Any]:
    attempt = Attempt(
        number=body.attempt,
        reference=body.reference,
        document=body.document,
        content_hash=body.content_hash,
        mappings_version=body.mappings_version,
        fingerprint=body.fingerprint,
        line_6=body.line_6,
        opened_at=at,
        fencing_token=body.fencing_token,
        contents=tuple(dict.fromkeys((*_contents_left(state), body.content_hash))),
    )
    changes = _looked(state, body.look)
    draft = state.standing if state.standing and not state.standing.is_final else None
    return changes | {
        "standing": draft,
        "follow_ups": {},
        "warning": None,
        "warning_fingerprint": None,
        "is_dismissed": False,
        "dismissed_fingerprint": None,
        "status": Status.EXPORTING,
        "findings": (),
        "news": False,
        "due_at": None,
        "waits_for": None,
        "awaiting_event_since": None,
        "authority": body.authority_when_opened,
        "attempt": attempt,
        "attempts": body.attempt,
    }


def _contents_left(state: State) -> tuple[str, ...]:
    return state.attempt.contents if state.attempt and state.attempt.unresolved else ()


def _resumed(state: State, body: AttemptResumed) -> dict[str, Any]:
    attempt = _attempt(
        state,
        fencing_token=body.fencing_token,
        is_open=True,
        unresolved=True,
        absence_proven_at=None,
        handed_over=None,
        refusal=None,
    )
    return {
        "status": Status.EXPORTING,
        "attempt": attempt,
        "findings": (),
        "due_at": None,
        "is_dismissed": False,
        "dismissed_fingerprint": None,
    }


def _step_done(state: State, body: StepDone) -> dict[str, Any]:
    attempt = _attempt(state)
    done = tuple(dict.fromkeys((*attempt.done, body.step)))
    standing = Standing(ref=body.ref, fingerprint=attempt.fingerprint, is_final=False)
    contents = (attempt.content_hash,)
    return {"attempt": _attempt(state, ref=body.ref, done=done, contents=contents), "standing": standing}


def _closed(state: State, body: AttemptClosed) -> dict[str, Any]:
    is_news = body.standing is not None or body.closing is Closing.INTERRUPTED
    standing = body.standing if is_news else state.standing
    changes: dict[str, Any] = {
        "status": CLOSES_TO[body.closing],
        "standing": standing,
        "findings": (body.finding,) if body.finding else (),
        "due_at": body.retry_at,
        "retries": 0 if body.closing is Closing.DONE else state.retries + body.counts_as_retry,
        "attempt": _attempt(
            state,
            is_open=False,
            unresolved=_is_unresolved(_attempt(state), body.closing, standing),
            absence_proven_at=body.absence_proven_at,
            refusal=body.finding if body.closing is Closing.REFUSED else None,
        ),
    }
    if body.closing is Closing.NEEDS_DECISION:
        changes |= {"warning": body.warning, "warning_fingerprint": _attempt(state).fingerprint}
    return changes


def _is_unresolved(attempt: Attempt, closing: Closing, standing: Standing | None) -> bool:
    """Also once anything stands: people mend it in the ERP, and a look-up that is behind may not show it."""
    if closing is Closing.DONE:
        return False
    return closing in LEAVES_OUTCOME_OPEN or bool(attempt.done or attempt.handed_over or standing)


def _replayed(state: State, body: ReplayAccepted) -> dict[str, Any]:
    follow_ups = {kind: each for kind, each in state.follow_ups.items() if not each.is_given_up}
    if not body.afresh and state.status is Status.EXPORTED:
        if not state.given_up:
            raise ImpossibleTransition("what is exported is replayed only afresh, or for a follow-up that was given up")
        return {"follow_ups": follow_ups}
    attempt = state.attempt and state.attempt.model_copy(update={"refusal": None})
    changes = _walk_again(attempt=attempt, retries=0, warning=None, warning_fingerprint=None, unreadable_looks=0)
    changes |= {"is_dismissed": False, "dismissed_fingerprint": None, "follow_ups": follow_ups}
    if body.afresh:
        changes |= {"generation": state.generation + 1, "standing": None, "attempt": None, "is_doubted": False}
    return changes


def _resolved(state: State, body: ResolvedByHand) -> dict[str, Any]:
    if state.status is Status.EXPORTING and _attempt(state).handed_over is None:
        raise ImpossibleTransition("only what was handed over is resolved while it is being exported")
    fingerprint = body.fingerprint or (state.look.fingerprint if state.look else None)
    changes: dict[str, Any] = {
        "news": False,
        "due_at": None,
        "waits_for": None,
        "warning": None,
        "attempt": _resolved_attempt(state),
        "standing": None,
        "is_doubted": False,
        "is_dismissed": body.dismissed,
        "dismissed_fingerprint": fingerprint if body.dismissed else None,
    }
    if body.dismissed:
        dismissed = Finding(reason=Reason.DISMISSED, detail=body.why)
        return changes | {"status": Status.SKIPPED, "findings": (dismissed,)}
    number = body.erp_number or ""
    standing = Standing(ref=number, number=number, fingerprint=fingerprint, is_final=True, by_hand=True)
    return changes | {"status": Status.EXPORTED, "findings": (), "standing": standing}


def _followed_up(state: State, body: FollowUpDone | FollowUpFailed) -> dict[str, Any]:
    before = state.follow_ups.get(body.what, FollowUp())
    if isinstance(body, FollowUpDone):
        after = FollowUp(is_done=True, failures=before.failures)
    else:
        after = FollowUp(failures=before.failures + 1, retry_at=body.retry_at)
    return {"follow_ups": {**state.follow_ups, body.what: after}}


def _walk_again(**changes: Any) -> dict[str, Any]:
    return {
        "status": Status.WAITING,
        "findings": (),
        "due_at": None,
        "waits_for": None,
        "news": True,
    } | changes


def _attempt(state: State, **changes: Any) -> Attempt:
    if state.attempt is None:
        raise ImpossibleTransition("there is no attempt")
    return state.attempt.model_copy(update=changes)


def _resolved_attempt(state: State) -> Attempt | None:
    return state.attempt and state.attempt.model_copy(update={"is_open": False, "unresolved": False})
