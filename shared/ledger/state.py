"""What an export is after its entries: the value that `shared.ledger.fold` computes. Pure."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import Field, TypeAdapter

from shared.ledger.entries import Authority, Body, Finding, HandedOver, Look, Standing
from shared.ledger.versions import read_stored
from shared.ledger.words import FollowUpKind, Reason, Status


class SeenEvent(Body):
    """Somebody whose events came since the last look that saw the invoice unapproved: a candidate approver."""

    user_id: str | None
    occurred_at: datetime | None


class Approval(Body):
    """One approval: who may have given it, what they approved, and who may have made each change since.

    `unexplained_from`: somebody else may have given it, for no event is known that is of this time or later.
    """

    seen_at: datetime
    fingerprint: str | None
    users: tuple[str, ...]
    latest_content: str | None
    changes: tuple[tuple[str, ...], ...] = ()
    unexplained_from: datetime | None = Field(default=None, exclude_if=lambda value: value is None)


class ReleaseRequest(Body):
    """The first of two releases, bound to the content."""

    by: str
    user_id: str
    fingerprint: str


class Release(Body):
    """An accounting approver's take-over, bound to the content; `with_user_id` was the first where it took two."""

    user_id: str
    fingerprint: str
    with_user_id: str | None = None

    @property
    def users(self) -> tuple[str, ...]:
        """Everybody whose rights it rests on."""
        return (self.user_id,) if self.with_user_id is None else (self.with_user_id, self.user_id)


class Attempt(Body):
    """The last attempt. `unresolved`: what stands of it in the ERP may differ from what the ledger says.

    `contents` are the hashes of all documents that a draft under this reference may still hold.
    """

    number: int
    reference: str
    document: dict[str, Any]
    content_hash: str
    mappings_version: str
    fingerprint: str
    line_6: Decimal | None
    opened_at: datetime
    fencing_token: int
    is_open: bool = True
    ref: str | None = None
    done: tuple[str, ...] = ()
    unresolved: bool = True
    absence_proven_at: datetime | None = None
    handed_over: HandedOver | None = None
    refusal: Finding | None = None
    contents: tuple[str, ...] = ()

    @property
    def may_be_older(self) -> bool:
        """Whether what stands may hold the document of an attempt before this one."""
        return self.contents != (self.content_hash,)


class FollowUp(Body):
    """One thing that comes after the export."""

    is_done: bool = False
    failures: int = 0
    retry_at: datetime | None = None

    @property
    def is_given_up(self) -> bool:
        """Whether it failed and is not tried again by itself."""
        return not self.is_done and self.failures > 0 and self.retry_at is None


class State(Body):
    """An export after its last entry. `version` counts the entries.

    `is_doubted`: a tie-out saw something else in the ERP, and no look-up has agreed with the ledger since.
    """

    status: Status = Status.NONE
    version: int = 0
    since: datetime | None = None
    generation: int = 1
    findings: tuple[Finding, ...] = ()
    due_at: datetime | None = None
    waits_for: str | None = None
    look: Look | None = None
    unreadable_looks: int = 0
    is_deleted: bool = False
    events: tuple[SeenEvent, ...] = ()
    news: bool = False
    unapproved_at: datetime | None = None
    awaiting_event_since: datetime | None = None
    approval: Approval | None = None
    authority: Authority | None = None
    release_request: ReleaseRequest | None = None
    release: Release | None = None
    attempt: Attempt | None = None
    attempts: int = 0
    retries: int = 0
    standing: Standing | None = None
    warning: str | None = None
    warning_fingerprint: str | None = None
    accepted: Mapping[str, str] = Field(default_factory=dict)
    dismissed_fingerprint: str | None = None
    is_dismissed: bool = False
    is_doubted: bool = False
    follow_ups: Mapping[FollowUpKind, FollowUp] = Field(default_factory=dict)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The ordered reasons for standing where it stands, each once."""
        return tuple(dict.fromkeys(finding.reason for finding in self.findings))

    @property
    def given_up(self) -> tuple[FollowUpKind, ...]:
        """What follows our export only after a replay: each of them failed, and is not tried again by itself."""
        if self.status is not Status.EXPORTED or self.standing is None or self.standing.by_hand:
            return ()
        return tuple(kind for kind in FollowUpKind if self.follow_ups.get(kind, FollowUp()).is_given_up)

    def reference(self, key: str) -> str:
        """The reference in the ERP; `key` is connection:company:payment application."""
        return f"{key}:{self.generation}"


EMPTY = State()
_STATES: TypeAdapter[State] = TypeAdapter(State)


def state_from_json(value: Any) -> State:
    """The state that a row of `exports` holds. Raises WrittenByNewer, pydantic.ValidationError."""
    return read_stored(_STATES, value)


def surely_stands(state: State) -> bool:
    """Final in the ERP, as far as the ledger knows; while an attempt is unresolved only a look-up can tell."""
    is_unsure = state.attempt is not None and state.attempt.unresolved
    return state.standing is not None and state.standing.is_final and not is_unsure
