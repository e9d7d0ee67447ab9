"""A decision that was not carried out, in words: for a person who asks what a command would do. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from services.export_worker.core.decisions import AskErp, Confirm, Decision, Defer, Hold, Keep, Leave, Send, Skip
from services.export_worker.core.document import Document
from shared.ledger.entries import EntryBody, Finding, ReleaseRequested, ResolvedByHand
from shared.ledger.foretold import Foretold, Prospect
from shared.ledger.wording import told as told_of
from shared.ledger.words import NEXT_STEP

PROSPECTS: Mapping[type[Decision], Prospect] = {
    Send: Prospect.SEND,
    Hold: Prospect.HOLD,
    Defer: Prospect.DEFER,
    Skip: Prospect.SKIP,
    Confirm: Prospect.CONFIRM,
    Keep: Prospect.KEEP,
    Leave: Prospect.LEAVE,
    AskErp: Prospect.ASK_ERP,
}


@dataclass(frozen=True)
class Refusal:
    """The command itself would not be followed."""

    why: str


@dataclass(frozen=True)
class Unknown:
    """Somebody who has to be asked first does not answer."""

    why: str


@dataclass(frozen=True)
class Tried:
    """The entry that the command would become, and the decision after it."""

    entry: EntryBody
    decision: Decision


def foretold(outlook: Tried | Refusal | Unknown) -> Foretold:
    """For the record."""
    match outlook:
        case Refusal(why=why):
            return Foretold(decision=Prospect.REFUSED, text=(f"It would be refused: {why}.",))
        case Unknown(why=why):
            return Foretold(decision=Prospect.UNKNOWN, text=(why,))
        case Tried(entry=entry, decision=decision):
            sent = _sent(decision)
            return Foretold(
                decision=PROSPECTS[type(decision)],
                row=decision.row,
                text=(*_recorded(entry), *(line.strip() for line in _lines(decision))),
                amount=sent and sent.totals.receivable,
                currency=sent and sent.currency,
                reasons=tuple(dict.fromkeys(finding.reason for finding in _findings(decision))),
                reference=sent and sent.reference,
            )
        case _:
            assert_never(outlook)


def told(decision: Decision) -> list[str]:
    """The decision in words, with its row of the decision table."""
    return [*_lines(decision), f"(row {decision.row} of the decision table)"]


def _recorded(entry: EntryBody) -> tuple[str, ...]:
    """What the command settles by itself, where the decision after it does not say so."""
    match entry:
        case ResolvedByHand(dismissed=True):
            return ("It would be recorded as dismissed.",)
        case ResolvedByHand(erp_number=number):
            return (f"It would be recorded as exported by hand, as {number} in the ERP.",)
        case ReleaseRequested():
            return ("It would be the first of two releases: another accounting approver has to release it too.",)
        case _:
            return ()


def _lines(decision: Decision) -> list[str]:
    match decision:
        case Send(document=document):
            lines = [
                f"It would be sent: {document.totals.receivable:,.2f} {document.currency}, as {document.reference}."
            ]
        case Hold(findings=findings):
            lines = ["It would be held:", *_told(findings)]
        case Defer(findings=findings, until=until):
            lines = [f"It would wait, to be looked at again at {until:%Y-%m-%d %H:%M:%S} UTC:", *_told(findings)]
        case Skip(finding=finding):
            lines = [f"It would be skipped: {told_of(finding)} -> {NEXT_STEP[finding.reason]}"]
        case Confirm(standing=standing):
            lines = [f"It would be confirmed as exported: {standing.number or standing.ref} stands in the ERP."]
        case Keep(row=6):
            lines = ["It would stay exported, and what was given up after the export would be tried again."]
        case Keep():
            lines = ["It would stay as it is."]
        case Leave(until=until):
            again = f"; looked at again at {until:%Y-%m-%d %H:%M:%S} UTC" if until else ""
            lines = [f"It would be left alone for now{again}."]
        case AskErp():
            lines = ["The ERP would be asked first what stands there under its reference; the rest follows from that."]
        case _:
            assert_never(decision)
    return lines


def _told(findings: tuple[Finding, ...]) -> list[str]:
    return [f"  {told_of(one)} -> {NEXT_STEP[one.reason]}" for one in findings]


def _sent(decision: Decision) -> Document | None:
    """Also what a rehearsal would have sent."""
    return decision.document if isinstance(decision, Send | Skip) else None


def _findings(decision: Decision) -> tuple[Finding, ...]:
    match decision:
        case Hold(findings=findings) | Defer(findings=findings):
            return findings
        case Skip(finding=finding):
            return (finding,)
        case _:
            return ()
