"""The entries of the ledger: one frozen value per kind, stored as JSON and never changed.

Names and e-mail addresses of people never appear here: ids only (design law 8).
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from shared.ledger.text import storable
from shared.ledger.versions import read_stored
from shared.ledger.words import Closing, EntryKind, FollowUpKind, Reason


class Body(BaseModel):
    """What every entry and every part of one has in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def can_be_stored(cls, given: object) -> object:
        """Text from other systems may hold what no database stores: a NUL, half of a surrogate pair."""
        if not isinstance(given, dict):
            return given
        return {name: storable(value) if isinstance(value, str) else value for name, value in given.items()}


class Finding(Body):
    """One reason with its particulars, in words for an accountant."""

    reason: Reason
    detail: str = ""


class Look(Body):
    """What one look at the invoice in Procore saw. `seen` is its status, or 'deleted' or 'unreadable'.

    `updated_at` is Procore's; None where Procore did not say. Amounts are in `currency`. `unexplained_from`: it saw an
    approval or a change of which no event is known, for each that names somebody is older than this; else None.
    """

    seen: str
    looked_at: datetime
    updated_at: datetime | None = None
    fingerprint: str | None = None
    contract_id: str | None = None
    number: int | None = None
    invoice_number: str | None = None
    customer_name: str | None = None
    billing_date: date | None = None
    currency: str | None = None
    amount: Decimal | None = None
    unexplained_from: datetime | None = Field(default=None, exclude_if=lambda value: value is None)


class Authority(Body):
    """By what right: who was taken for the approver, how they were found, and their rights as recorded."""

    users: tuple[str, ...] = ()
    found_by: str
    records: tuple[dict[str, Any], ...] = ()
    problems: tuple[Reason, ...] = ()
    judged_at: datetime


class ErpTotals(Body):
    """Totals of a document in the ERP, as read back."""

    gross: Decimal
    retainage_held: Decimal
    retainage_released: Decimal
    tax: Decimal


class Standing(Body):
    """A document that stands in the ERP for this export."""

    ref: str
    number: str | None = None
    url: str | None = None
    totals: ErpTotals | None = None
    fingerprint: str | None = None
    line_6: Decimal | None = None
    is_final: bool
    by_hand: bool = False


class Received(Body):
    """Something happened to the invoice in Procore, or somebody thinks so."""

    kind: Literal[EntryKind.RECEIVED] = EntryKind.RECEIVED
    event_id: str
    source: Literal["webhook", "delivery_list", "reconciliation"] = "webhook"
    reason: str
    user_id: str | None = None
    occurred_at: datetime | None = None


class Skipped(Body):
    """Nothing to do as the invoice stands. `document` is what a rehearsal would have sent."""

    kind: Literal[EntryKind.SKIPPED] = EntryKind.SKIPPED
    finding: Finding
    look: Look
    authority: Authority | None = None
    document: dict[str, Any] | None = None


class Deferred(Body):
    """Not now; the clock looks again at `until`. `waits_for` is a payment application's id."""

    kind: Literal[EntryKind.DEFERRED] = EntryKind.DEFERRED
    findings: tuple[Finding, ...]
    until: datetime
    look: Look | None = None
    waits_for: str | None = None
    authority: Authority | None = None


class Held(Body):
    """Needs a person: all findings at once, in order."""

    kind: Literal[EntryKind.HELD] = EntryKind.HELD
    findings: tuple[Finding, ...]
    look: Look | None = None
    authority: Authority | None = None


class Confirmed(Body):
    """Stands in the ERP as it should."""

    kind: Literal[EntryKind.CONFIRMED] = EntryKind.CONFIRMED
    standing: Standing
    look: Look


class AttemptOpened(Body):
    """Committed before the first call. Holds the document and both judgements of the approver's rights."""

    kind: Literal[EntryKind.ATTEMPT_OPENED] = EntryKind.ATTEMPT_OPENED
    attempt: int
    reference: str
    document: dict[str, Any]
    content_hash: str
    mappings_version: str
    fingerprint: str
    line_6: Decimal | None = None
    look: Look
    authority_when_seen: Authority
    authority_when_opened: Authority
    fencing_token: int
    worker: str


class AttemptResumed(Body):
    """Another worker, or the same one later, goes on with the open attempt."""

    kind: Literal[EntryKind.ATTEMPT_RESUMED] = EntryKind.ATTEMPT_RESUMED
    fencing_token: int
    worker: str


class StepDone(Body):
    """One step stands in the ERP. `found` tells that it was seen by a look-up rather than made now."""

    kind: Literal[EntryKind.STEP_DONE] = EntryKind.STEP_DONE
    step: str
    ref: str
    found: bool = False


class HandedOver(Body):
    """Out of our hands and unconfirmed."""

    kind: Literal[EntryKind.HANDED_OVER] = EntryKind.HANDED_OVER
    ref: str
    confirmed_by: str
    check_at: datetime | None = None


class AttemptClosed(Body):
    """What the ERP answered, and when to go on. `absence_proven_at` goes with an unknown outcome."""

    kind: Literal[EntryKind.ATTEMPT_CLOSED] = EntryKind.ATTEMPT_CLOSED
    closing: Closing
    finding: Finding | None = None
    standing: Standing | None = None
    retry_at: datetime | None = None
    counts_as_retry: bool = False
    absence_proven_at: datetime | None = None
    warning: str | None = None


class Command(Body):
    """Who asked, why, and the nonce that makes a second identical request another request."""

    nonce: str
    by: str
    why: str


class ReplayAccepted(Command):
    """A person asks for a new decision, or for follow-ups that were given up.

    `afresh` raises the generation, and so the reference.
    """

    kind: Literal[EntryKind.REPLAY_ACCEPTED] = EntryKind.REPLAY_ACCEPTED
    afresh: bool = False


class ReleaseRequested(Command):
    """The first of two accounting approvers who are needed for this content: nothing goes before the second."""

    kind: Literal[EntryKind.RELEASE_REQUESTED] = EntryKind.RELEASE_REQUESTED
    user_id: str
    fingerprint: str


class Released(Command):
    """An accounting approver takes over under their own recorded rights, for this content.

    `with_user_id` is the first one's, where two were needed.
    """

    kind: Literal[EntryKind.RELEASED] = EntryKind.RELEASED
    user_id: str
    fingerprint: str
    with_user_id: str | None = None


class WarningAccepted(Command):
    """A person accepts one warning of the ERP for this content."""

    kind: Literal[EntryKind.WARNING_ACCEPTED] = EntryKind.WARNING_ACCEPTED
    warning: str
    fingerprint: str


class ResolvedByHand(Command):
    """A person states how it ended: in the ERP under that number, or not to be exported."""

    kind: Literal[EntryKind.RESOLVED_BY_HAND] = EntryKind.RESOLVED_BY_HAND
    dismissed: bool
    erp_number: str | None = None
    fingerprint: str | None = None


class CommandRefused(Command):
    """A command that was not followed, and why not."""

    kind: Literal[EntryKind.COMMAND_REFUSED] = EntryKind.COMMAND_REFUSED
    command: str
    refusal: str


class LateAnswer(Body):
    """An answer that came after its lease was lost: recorded, and a look is due."""

    kind: Literal[EntryKind.LATE_ANSWER] = EntryKind.LATE_ANSWER
    fencing_token: int
    answer: str


class TieOutFound(Body):
    """A tie-out saw something else in the ERP than what was exported: a look is due, and asks the ERP itself."""

    kind: Literal[EntryKind.TIE_OUT_FOUND] = EntryKind.TIE_OUT_FOUND
    finding: Finding


class FollowUpDone(Body):
    """Something after the export succeeded: an attachment, the write-back to Procore."""

    kind: Literal[EntryKind.FOLLOW_UP_DONE] = EntryKind.FOLLOW_UP_DONE
    what: FollowUpKind
    detail: str = ""


class FollowUpFailed(Body):
    """Something after the export failed. It never undoes the export. `retry_at` None: it is not tried again."""

    kind: Literal[EntryKind.FOLLOW_UP_FAILED] = EntryKind.FOLLOW_UP_FAILED
    what: FollowUpKind
    detail: str = ""
    retry_at: datetime | None = None


EntryBody = Annotated[
    Received
    | Skipped
    | Deferred
    | Held
    | Confirmed
    | AttemptOpened
    | AttemptResumed
    | StepDone
    | HandedOver
    | AttemptClosed
    | ReplayAccepted
    | ReleaseRequested
    | Released
    | WarningAccepted
    | ResolvedByHand
    | CommandRefused
    | LateAnswer
    | TieOutFound
    | FollowUpDone
    | FollowUpFailed,
    Field(discriminator="kind"),
]

_BODIES: TypeAdapter[EntryBody] = TypeAdapter(EntryBody)


def body_from_json(value: Any) -> EntryBody:
    """The entry's body from its stored JSON object. Raises WrittenByNewer, pydantic.ValidationError."""
    return read_stored(_BODIES, value)


def body_to_json(body: EntryBody) -> dict[str, Any]:
    """The JSON object that is stored and hashed: money and times as text, defaults spelled out."""
    return body.model_dump(mode="json")
