"""Whether a person's command is followed: the entry it becomes, or why not. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from services.export_worker.core.outcomes import Found
from shared.events.command import Action, Command, OperatorRole
from shared.ledger.entries import (
    CommandRefused,
    EntryBody,
    Released,
    ReleaseRequested,
    ReplayAccepted,
    ResolvedByHand,
    WarningAccepted,
)
from shared.ledger.state import ReleaseRequest, State
from shared.ledger.words import Status

MAY = {
    Action.REPLAY: frozenset(OperatorRole),
    Action.RELEASE: frozenset({OperatorRole.ACCOUNTING_APPROVER}),
    Action.ACCEPT: frozenset(OperatorRole),
    Action.CONFIRM: frozenset(OperatorRole),
    Action.RESOLVE: frozenset(OperatorRole),
}


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What judging needs beside the command. `standing_before` is what a replay afresh found under the old
    reference (None: the ERP could not be asked); `changed_by` are those who changed the record of somebody who
    releases it. A release above `second_person_above` (in the invoice's currency) needs two people."""

    state: State
    standing_before: tuple[Found, ...] | None = ()
    changed_by: Collection[str] = ()
    second_person_above: Decimal | None = None

    @property
    def first(self) -> ReleaseRequest | None:
        """Who released this content already, where that takes two."""
        request, look = self.state.release_request, self.state.look
        return request if request and look and request.fingerprint == look.fingerprint else None

    @property
    def needs_two(self) -> bool:
        """Credits count by their size; where nobody knows the amount, two are needed."""
        if self.second_person_above is None:
            return False
        amount = self.state.look.amount if self.state.look else None
        return amount is None or abs(amount) > self.second_person_above


def judge_command(command: Command, circumstances: Circumstances) -> EntryBody:
    """The entry. Commands are always recorded, also those that are refused."""
    refusal = _refusal(command, circumstances)
    if refusal is not None:
        return CommandRefused(
            nonce=command.nonce, by=command.by, why=command.why, command=command.action.value, refusal=refusal
        )
    return _entry(command, circumstances)


def _refusal(command: Command, circumstances: Circumstances) -> str | None:
    if command.role not in MAY[command.action]:
        return f"the role {command.role} may not {command.action}"
    if not command.why.strip():
        return "a reason is needed"
    if _has_changed(command, circumstances.state):
        return "the invoice changed since you looked at it: look again"
    return _refusal_of(command, circumstances)


def _has_changed(command: Command, state: State) -> bool:
    """A release or a resolution is for the content that the person saw (design law 5)."""
    if command.action not in (Action.RELEASE, Action.RESOLVE) or state.look is None:
        return False
    return command.fingerprint is not None and command.fingerprint != state.look.fingerprint


def _refusal_of(command: Command, circumstances: Circumstances) -> str | None:
    match command.action:
        case Action.REPLAY:
            return _replay_refusal(command, circumstances)
        case Action.RELEASE:
            return _release_refusal(command, circumstances)
        case Action.ACCEPT:
            return _accept_refusal(command, circumstances.state)
        case Action.CONFIRM:
            if _is_handed_over(circumstances.state) and command.erp_number:
                return None
            return "nothing was handed over, or the ERP's number is missing"
        case Action.RESOLVE:
            return _resolve_refusal(command, circumstances.state)
        case other:
            assert_never(other)


def _replay_refusal(command: Command, circumstances: Circumstances) -> str | None:
    state = circumstances.state
    if state.status is Status.EXPORTING:
        return "it is being exported just now"
    if not command.afresh:
        is_done = state.status is Status.EXPORTED and not state.given_up
        return "it is exported already" if is_done else None
    number = state.look.invoice_number if state.look else None
    if number is None or command.invoice_number != number:
        return "the invoice number that was typed is not this invoice's"
    if state.attempt and state.attempt.unresolved:
        return "what the last attempt left in the ERP is not known yet: replay it under its own reference first"
    if circumstances.standing_before is None:
        return "the ERP cannot be asked whether the old document still stands"
    live = [found for found in circumstances.standing_before if not found.cancelled]
    return f"{live[0].number or live[0].ref} still stands in the ERP: void it there first" if live else None


def _release_refusal(command: Command, circumstances: Circumstances) -> str | None:
    state = circumstances.state
    if state.status in (Status.EXPORTING, Status.EXPORTED):
        return f"it is {state.status} already"
    if not command.user_id:
        return "the releasing approver's Procore user id is missing"
    if state.look is None or state.look.fingerprint is None:
        return "nobody has seen the invoice's content yet"
    if command.by in circumstances.changed_by or command.user_id in circumstances.changed_by:
        return "nobody releases under a record that they changed themselves"
    return _second_refusal(command, circumstances) if circumstances.needs_two else None


def _second_refusal(command: Command, circumstances: Circumstances) -> str | None:
    first = circumstances.first
    if first is None:
        return None
    if command.by == first.by or command.user_id == first.user_id:
        return "it takes two: another person with another Procore user id has to release it too"
    if {first.by, first.user_id} & set(circumstances.changed_by):
        return "one of the two changed the other's record, or their own"
    return None


def _accept_refusal(command: Command, state: State) -> str | None:
    if state.status in (Status.EXPORTING, Status.EXPORTED):
        return f"it is {state.status} already"
    if state.warning is None or command.warning not in (None, state.warning):
        return "the ERP has not asked that"
    return None


def _resolve_refusal(command: Command, state: State) -> str | None:
    if state.status is Status.EXPORTING and not _is_handed_over(state):
        return "it is being exported just now"
    if command.dismissed == bool(command.erp_number):
        return "say either the ERP's number, or that it is dismissed"
    return None


def _is_handed_over(state: State) -> bool:
    return state.attempt is not None and state.attempt.unresolved and state.attempt.handed_over is not None


def _entry(command: Command, circumstances: Circumstances) -> EntryBody:
    state = circumstances.state
    who = {"nonce": command.nonce, "by": command.by, "why": command.why}
    fingerprint = (state.look.fingerprint if state.look else None) or ""
    match command.action:
        case Action.REPLAY:
            return ReplayAccepted(**who, afresh=command.afresh)
        case Action.RELEASE:
            return _release(who | {"user_id": command.user_id or "", "fingerprint": fingerprint}, circumstances)
        case Action.ACCEPT:
            return WarningAccepted(**who, warning=state.warning or "", fingerprint=state.warning_fingerprint or "")
        case Action.CONFIRM | Action.RESOLVE:
            return ResolvedByHand(
                **who,
                dismissed=command.action is Action.RESOLVE and command.dismissed,
                erp_number=command.erp_number,
                fingerprint=fingerprint or None,
            )
        case other:
            assert_never(other)


def _release(asked: dict[str, str], circumstances: Circumstances) -> ReleaseRequested | Released:
    if not circumstances.needs_two:
        return Released(**asked)
    first = circumstances.first
    return ReleaseRequested(**asked) if first is None else Released(**asked, with_user_id=first.user_id)
