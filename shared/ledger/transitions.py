"""The state machine as one dictionary. The fold obeys it; the tests and the drawing in the docs come from it."""

from collections.abc import Mapping

from shared.ledger.words import Closing, EntryKind, Status

NONE, WAITING, SKIPPED, HELD = Status.NONE, Status.WAITING, Status.SKIPPED, Status.HELD
EXPORTING, RETRYING, EXPORTED, FAILED = Status.EXPORTING, Status.RETRYING, Status.EXPORTED, Status.FAILED

CLOSES_TO: Mapping[Closing, Status] = {
    Closing.DONE: EXPORTED,
    Closing.REFUSED: FAILED,
    Closing.NEEDS_DECISION: HELD,
    Closing.TOTALS_DIFFER: HELD,
    Closing.DRAFT_DIFFERS: HELD,
    Closing.UNLINKED: HELD,
    Closing.FOUND_SEVERAL: HELD,
    Closing.UNKNOWN_WITHOUT_LOOK_UP: HELD,
    Closing.RETRIES_EXHAUSTED: HELD,
    Closing.INTERNAL_ERROR: HELD,
    Closing.UNAVAILABLE: RETRYING,
    Closing.REREAD: RETRYING,
    Closing.UNKNOWN: RETRYING,
    Closing.INTERRUPTED: RETRYING,
}

_OPEN = (WAITING, SKIPPED, HELD, RETRYING, FAILED)
_KNOWN = (*_OPEN, EXPORTING, EXPORTED)
_SAME: Mapping[Status, frozenset[Status]] = {status: frozenset({status}) for status in _KNOWN}


def _from(statuses: tuple[Status, ...], *targets: Status) -> Mapping[Status, frozenset[Status]]:
    return {status: frozenset(targets) for status in statuses}


TRANSITIONS: Mapping[EntryKind, Mapping[Status, frozenset[Status]]] = {
    EntryKind.RECEIVED: {NONE: frozenset({WAITING}), **_SAME},
    EntryKind.SKIPPED: _from(_OPEN, SKIPPED),
    EntryKind.DEFERRED: _from(_OPEN, WAITING),
    EntryKind.HELD: _from((*_OPEN, EXPORTED), HELD),
    EntryKind.CONFIRMED: _from((*_OPEN, EXPORTED), EXPORTED),  # exported: it was doubted, and stands after all
    EntryKind.ATTEMPT_OPENED: _from(_OPEN, EXPORTING),
    EntryKind.ATTEMPT_RESUMED: _from((*_OPEN, EXPORTING), EXPORTING),
    EntryKind.STEP_DONE: _from((EXPORTING,), EXPORTING),
    EntryKind.HANDED_OVER: _from((EXPORTING,), EXPORTING),
    EntryKind.ATTEMPT_CLOSED: _from((EXPORTING,), *set(CLOSES_TO.values())),
    EntryKind.REPLAY_ACCEPTED: {  # exported: afresh, or it stays so and a follow-up that was given up is tried again
        **_from(_OPEN, WAITING),
        EXPORTED: frozenset({WAITING, EXPORTED}),
    },
    EntryKind.RELEASE_REQUESTED: {status: frozenset({status}) for status in _OPEN},
    EntryKind.RELEASED: _from(_OPEN, WAITING),
    EntryKind.WARNING_ACCEPTED: _from(_OPEN, WAITING),
    EntryKind.RESOLVED_BY_HAND: _from(_KNOWN, EXPORTED, SKIPPED),  # exporting: only what was handed over
    EntryKind.COMMAND_REFUSED: _SAME,
    EntryKind.LATE_ANSWER: _SAME,
    EntryKind.TIE_OUT_FOUND: _from((EXPORTED,), EXPORTED),
    EntryKind.FOLLOW_UP_DONE: _SAME,
    EntryKind.FOLLOW_UP_FAILED: _SAME,
}


class ImpossibleTransition(Exception):
    """An entry that this status does not allow: a fault of ours, never of the outside world."""


def is_allowed(kind: EntryKind, before: Status, after: Status) -> bool:
    """Whether `kind` may move an export from `before` to `after`."""
    return after in TRANSITIONS[kind].get(before, frozenset())
