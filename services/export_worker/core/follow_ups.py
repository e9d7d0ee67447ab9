"""What comes after an export: which of it is due, and when the rest is. Pure."""

import json
from collections.abc import Collection
from datetime import datetime

from services.export_worker.core.settlement import LONGEST_WAIT, back_off
from shared.ledger.entries import FollowUpFailed, Standing
from shared.ledger.state import FollowUp, State, surely_stands
from shared.ledger.words import FollowUpKind, Status

MOST_FAILURES = 10


def due(state: State, wanted: Collection[FollowUpKind], now: datetime) -> tuple[FollowUpKind, ...]:
    """What is to be tried now; nothing unless what we sent stands in the ERP."""
    return tuple(kind for kind in open_ones(state, wanted) if (state_of(state, kind).retry_at or now) <= now)


def next_due_at(state: State, wanted: Collection[FollowUpKind], not_before: datetime | None) -> datetime | None:
    """When the next of them is to be tried; None when all are done or given up. `not_before` None: at once."""
    moments = [state_of(state, kind).retry_at or not_before for kind in open_ones(state, wanted)]
    soonest = min(filter(None, moments), default=None)
    return max(filter(None, (soonest, not_before)), default=None) if moments else None


def failed(state: State, kind: FollowUpKind, text: str, *, now: datetime, jitter: float) -> FollowUpFailed:
    """The entry of one more failure of its own; after ten it is given up until a replay."""
    failures = state_of(state, kind).failures
    retry_at = now + back_off(failures, jitter) if failures + 1 < MOST_FAILURES else None
    return FollowUpFailed(what=kind, detail=text, retry_at=retry_at)


def put_off_until(state: State, not_before: datetime, now: datetime) -> datetime:
    """When to try again what nobody answered to: the longer it is since the export, the later. No try is used up."""
    since_export = now - (state.since or now)
    return max(not_before, now + min(since_export / 2, LONGEST_WAIT))


def given_up(kind: FollowUpKind, text: str) -> FollowUpFailed:
    """The entry of a refusal: the same again would be refused again."""
    return FollowUpFailed(what=kind, detail=text)


def origin_of(standing: Standing, connection: str) -> dict[str, str]:
    """What is written back into Procore. The id is unique in the company as long as connection names are."""
    told = {"number": standing.number, "url": standing.url}
    said = {name: value for name, value in told.items() if value}
    return {"origin_id": f"{connection}:{standing.ref}", "origin_data": json.dumps(said, sort_keys=True)}


def open_ones(state: State, wanted: Collection[FollowUpKind]) -> tuple[FollowUpKind, ...]:
    """Neither done nor given up, of an export that we made and that stands."""
    ours = state.status is Status.EXPORTED and surely_stands(state) and state.attempt is not None
    if not ours or (state.standing and state.standing.by_hand):
        return ()
    return tuple(kind for kind in FollowUpKind if kind in wanted and is_open(state_of(state, kind)))


def is_open(follow_up: FollowUp) -> bool:
    """Not done, and never tried or to be tried again."""
    return not follow_up.is_done and not follow_up.is_given_up


def state_of(state: State, kind: FollowUpKind) -> FollowUp:
    """As the ledger has it; untouched when it has nothing."""
    return state.follow_ups.get(kind, FollowUp())
