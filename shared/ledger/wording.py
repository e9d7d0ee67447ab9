"""How an export reads: one sentence, its reasons, its time line. For pages and the command line alike. Pure."""

from collections.abc import Iterator
from typing import Any

from shared.ledger.entries import (
    AttemptClosed,
    AttemptOpened,
    Command,
    CommandRefused,
    Deferred,
    EntryBody,
    Finding,
    FollowUpDone,
    FollowUpFailed,
    HandedOver,
    Held,
    Received,
    Released,
    ReleaseRequested,
    ResolvedByHand,
    Skipped,
    StepDone,
    TieOutFound,
    WarningAccepted,
)
from shared.ledger.shown import EntryRow, ExportRow
from shared.ledger.state import State
from shared.ledger.words import NEXT_STEP, Status

STANDS: dict[Status, str] = {
    Status.NONE: "is new",
    Status.WAITING: "waits and goes on by itself",
    Status.SKIPPED: "is skipped",
    Status.HELD: "is held and needs a person",
    Status.EXPORTING: "is being exported",
    Status.RETRYING: "was tried and is tried again by itself",
    Status.EXPORTED: "is exported",
    Status.FAILED: "failed: the ERP said no",
}
REPLAY_FOLLOW_UP = "Mend its cause, then replay: only this is tried again, and nothing is sent a second time."


def sentence(export: ExportRow) -> str:
    """What it is and where it stands."""
    erp = f" as {export.erp_number or export.erp_ref}" if export.status is Status.EXPORTED and export.erp_ref else ""
    return (
        f"Export {export.id}: {invoice(export)} {STANDS[export.status]}{erp}, since {export.since:%Y-%m-%d %H:%M} UTC."
    )


def invoice(export: ExportRow) -> str:
    """The invoice as an accountant knows it, as far as anybody has looked."""
    name = f"invoice {export.invoice_number}" if export.invoice_number else f"invoice {export.payment_application_id}"
    owner = f" to {export.customer_name}" if export.customer_name else ""
    amount = f" over {export.amount:,.2f} {export.currency or ''}".rstrip() if export.amount is not None else ""
    return name + owner + amount


def reasons(state: State) -> Iterator[str]:
    """Each reason with its particulars and what to do next."""
    for finding in state.findings:
        yield f"{told(finding)} -> {NEXT_STEP[finding.reason]}"


def told(finding: Finding) -> str:
    """The reason with its particulars."""
    return f"{finding.reason.value}: {finding.detail}" if finding.detail else finding.reason.value


def evidence(state: State) -> Iterator[str]:
    """Who counts as the approver, and by what right."""
    authority = state.authority
    if authority is None:
        return
    who = ", ".join(authority.users) or "nobody"
    verdict = ", ".join(authority.problems) or "may export"
    judged = f"judged {authority.judged_at:%Y-%m-%d %H:%M} UTC"
    yield f"Procore user {who}, found by {authority.found_by}, {judged}: {verdict}"
    for record in authority.records:
        yield "record: " + ", ".join(f"{name} {value}" for name, value in record.items() if value is not None)
    if state.release:
        yield f"released by Procore user {' and '.join(state.release.users)}"


def awaited(state: State) -> Iterator[str]:
    """The second person, where a release takes two."""
    if state.release_request:
        yield (
            f"Procore user {state.release_request.user_id} released it; for this amount another accounting approver"
            " has to release it too."
        )


def follow_ups(state: State) -> Iterator[str]:
    """How what comes after the export fares."""
    for kind, follow_up in state.follow_ups.items():
        if follow_up.is_done:
            yield f"{kind} done"
        elif kind in state.given_up:
            yield f"{kind} given up after {times(follow_up.failures)} -> {REPLAY_FOLLOW_UP}"
        elif follow_up.retry_at:
            again = f"{follow_up.retry_at:%Y-%m-%d %H:%M:%S} UTC"
            yield f"{kind} failed after {times(follow_up.failures)}, tried again by itself at {again}"


def times(number: int) -> str:
    """In words for people."""
    return "one try" if number == 1 else f"{number} tries"


def moved(entry: EntryRow) -> str:
    """The status after the entry, and before it where that differs."""
    before, after = entry.status_before.value, entry.status.value
    return after if before == after else f"{before} -> {after}"


def particulars(body: EntryBody) -> str:  # noqa: C901, PLR0911, PLR0912 - one arm per kind that has something to tell
    """What one entry says beside its kind."""
    match body:
        case Received():
            user = f" by Procore user {body.user_id}" if body.user_id else ""
            return f"{body.reason}{user} ({body.source})"
        case Held() | Deferred():
            return "; ".join(told(finding) for finding in body.findings)
        case Skipped() | TieOutFound():
            return told(body.finding)
        case AttemptOpened():
            return f"attempt {body.attempt}, reference {body.reference}"
        case StepDone():
            return f"{body.step} {'found' if body.found else 'done'}: {body.ref}"
        case HandedOver():
            return f"{body.ref}, to be confirmed by {body.confirmed_by}"
        case AttemptClosed():
            return _closing(body)
        case CommandRefused():
            return f"{body.command} by {body.by}: {body.refusal}"
        case ReleaseRequested():
            return f"by {body.by} for Procore user {body.user_id}, the first of two: {body.why}"
        case Released():
            first = f", after Procore user {body.with_user_id}" if body.with_user_id else ""
            return f"by {body.by} for Procore user {body.user_id}{first}: {body.why}"
        case WarningAccepted():
            return f"{body.warning} by {body.by}: {body.why}"
        case ResolvedByHand():
            how = "dismissed" if body.dismissed else f"exported as {body.erp_number}"
            return f"{how} by {body.by}: {body.why}"
        case Command():
            return f"by {body.by}: {body.why}"
        case FollowUpDone() | FollowUpFailed():
            return f"{body.what} {body.detail}".rstrip()
        case _:
            return ""


def _closing(body: AttemptClosed) -> str:
    finding = f": {told(body.finding)}" if body.finding else ""
    number = f": {body.standing.number or body.standing.ref}" if body.standing and not body.finding else ""
    return f"{body.closing.value}{finding}{number}"


def as_json(export: ExportRow) -> dict[str, Any]:
    """For `--json`: every column, and what to do next."""
    return vars(export) | {"next_steps": [NEXT_STEP[reason] for reason in export.reasons]}
