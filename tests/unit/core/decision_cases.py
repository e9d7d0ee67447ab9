"""The decision table as cases: what fits each row, and its neighbours that do not. The number is the row's."""

from dataclasses import replace
from datetime import date, timedelta

from services.export_worker.core.decisions import AskErp, Confirm, Defer, Hold, Keep, Leave, Send, Skip
from services.export_worker.core.fields import Problem
from services.export_worker.core.view import Deleted, LookUp, Unreadable, Unseen
from shared.ledger.entries import HandedOver, ReplayAccepted, ResolvedByHand, WarningAccepted
from shared.ledger.fold import apply
from shared.ledger.state import State
from shared.ledger.words import Closing, Reason
from tests.support.builders import (
    CAPABILITIES,
    SECOND,
    TERMS,
    a_document,
    a_found,
    a_look,
    a_predecessor,
    a_snapshot,
    a_standing,
    a_state,
    a_view,
    closed,
    deferred,
    held,
    opened,
    received,
    skipped,
    step_done,
)
from tests.support.cast import BEN, NOW, SERVICE

WHO = {"nonce": "n", "by": "7", "why": "because"}
LATER = NOW + timedelta(minutes=1)
BLIND = replace(CAPABILITIES, can_look_up=False)
DRAFT, OTHER = a_snapshot(status="draft"), a_snapshot(invoice_number="HB-R")
NEXT = a_document(a_snapshot(2), previous=a_snapshot(1))

OPEN = a_state(opened())
UNKNOWN = a_state(opened(), closed(Closing.UNKNOWN, Reason.RETRY_LATER, absence_proven_at=NOW))
STEPPED = a_state(opened(), step_done(), closed(Closing.UNAVAILABLE, Reason.RETRY_LATER))
DONE = a_state(opened(), step_done(), closed(Closing.DONE, standing=a_standing()))
WITHDRAWN = apply(DONE, held(Reason.APPROVAL_WITHDRAWN, look=a_look(DRAFT)), NOW)
REFUSED = a_state(opened(), closed(Closing.REFUSED, Reason.PERIOD_CLOSED))
ASKED = a_state(opened(), closed(Closing.NEEDS_DECISION, Reason.ERP_ASKS, warning="credit"))
DISMISSED = a_state(held(Reason.CURRENCY, look=a_look()), ResolvedByHand(**WHO, dismissed=True))
BY_HAND = a_state(held(Reason.CURRENCY, look=a_look()), ResolvedByHand(**WHO, dismissed=False, erp_number="AR-7"))
RETRYING = a_state(opened(), closed(Closing.UNAVAILABLE, Reason.RETRY_LATER, retry_at=LATER))
PAUSED = a_state(deferred(Reason.PAUSED, look=a_look(at=NOW - 9 * SECOND)))
UNREADABLE_LOOK = a_look(seen="unreadable", fingerprint=None)


def handed_over(check_at=None, *more) -> State:
    return a_state(opened(), HandedOver(ref="batch-1", confirmed_by="a person", check_at=check_at), *more)


def found(*documents, at=NOW) -> LookUp:
    return LookUp(began_at=at, found=documents)


def told(decision) -> tuple[object, ...]:
    """The kind, the row and, where there are any, the reasons."""
    findings = getattr(decision, "findings", None) or [getattr(decision, "finding", None)]
    return (type(decision), decision.row, *(each.reason for each in findings if each))


MINE = a_found()
LOST = replace(MINE, unlinked="lost")
DRAFTED = a_found(final=False)
LINE_7 = a_snapshot(2, g702={"less_previous_certificates_for_payment": "1.00"})

# what, the view, the decision
CASES = {
    "1 a lease runs": (a_view(state=OPEN, lease_until=LATER), (Leave, 1)),
    "1 a lease is over": (a_view(state=OPEN, lease_until=NOW), (AskErp, 2)),
    "1 a lease of nothing open": (a_view(lease_until=LATER), (Send, 22)),
    "2 nobody looked": (a_view(state=UNKNOWN), (AskErp, 2)),
    "2 nobody can look": (a_view(state=UNKNOWN, capabilities=BLIND), (Hold, 2, Reason.OUTCOME_UNKNOWN)),
    "2 without a connection": (
        a_view(state=UNKNOWN, capabilities=None, terms=None),
        (Hold, 2, Reason.OUTCOME_UNKNOWN),
    ),
    "2 looked too early": (a_view(state=UNKNOWN, look_up=found(at=NOW - SECOND)), (Leave, 2)),
    "2 looked too early for this worker": (
        a_view(state=UNKNOWN, absence_proven_at=LATER, look_up=found()),
        (Leave, 2),
    ),
    "2 looked in time": (a_view(state=UNKNOWN, absence_proven_at=NOW, look_up=found()), (Send, 22)),
    "2 only a cancelled one": (a_view(state=UNKNOWN, look_up=found(replace(MINE, cancelled=True))), (Send, 22)),
    "2 present counts at once": (a_view(state=UNKNOWN, look_up=found(MINE, at=NOW - SECOND)), (Confirm, 6)),
    "2 only its id shows it, too early": (a_view(state=UNKNOWN, look_up=found(LOST, at=NOW - SECOND)), (Leave, 2)),
    "2 nothing is unknown": (a_view(state=a_state(opened(), closed(Closing.UNAVAILABLE))), (Send, 22)),
    "3 handed over": (a_view(state=handed_over()), (Leave, 3)),
    "3 not yet to be checked": (a_view(state=handed_over(LATER)), (Leave, 3)),
    "3 to be checked": (a_view(state=handed_over(NOW)), (AskErp, 3)),
    "3 to be checked by a person": (a_view(state=handed_over(NOW), capabilities=BLIND), (Leave, 3)),
    "3 checked and absent": (a_view(state=handed_over(NOW), look_up=found()), (Leave, 3)),
    "3 checked and there": (a_view(state=handed_over(NOW), look_up=found(MINE)), (Confirm, 6)),
    "3 closed by a fault": (a_view(state=handed_over(None, closed(Closing.INTERNAL_ERROR))), (AskErp, 3)),
    "3 closed and absent": (
        a_view(state=handed_over(None, closed(Closing.INTERNAL_ERROR)), look_up=found()),
        (Hold, 3, Reason.HANDED_OVER),
    ),
    "3 closed and nobody can look": (
        a_view(state=handed_over(None, closed(Closing.INTERNAL_ERROR)), capabilities=BLIND),
        (Hold, 3, Reason.HANDED_OVER),
    ),
    "3 resolved": (a_view(state=handed_over(None, ResolvedByHand(**WHO, dismissed=True))), (Keep, 10)),
    "4 several stand": (a_view(state=UNKNOWN, look_up=found(MINE, DRAFTED)), (Hold, 4, Reason.FOUND_SEVERAL)),
    "4 one of them is cancelled": (
        a_view(state=UNKNOWN, look_up=found(MINE, replace(DRAFTED, cancelled=True))),
        (Confirm, 6),
    ),
    "4 only its id shows it": (a_view(state=UNKNOWN, look_up=found(LOST)), (Hold, 4, Reason.CHANGED_IN_ERP)),
    "4 only its id shows it, and it is withdrawn": (
        a_view(DRAFT, state=STEPPED, look_up=found(replace(DRAFTED, unlinked="lost"))),
        (Hold, 4, Reason.CHANGED_IN_ERP),
    ),
    "4 one that is cancelled lost its reference": (
        a_view(state=UNKNOWN, look_up=found(replace(LOST, cancelled=True))),
        (Send, 22),
    ),
    "4 another stands beside it": (
        a_view(state=UNKNOWN, look_up=found(LOST, replace(MINE, ref="R-2"))),
        (Hold, 4, Reason.FOUND_SEVERAL),
    ),
    "4 unreadable": (a_view(seen=Unreadable("403")), (Defer, 4, Reason.INVOICE_UNREADABLE)),
    "4 unreadable a third time": (
        a_view(
            seen=Unreadable("403"), state=a_state(*(deferred(Reason.INVOICE_UNREADABLE, look=UNREADABLE_LOOK),) * 2)
        ),
        (Hold, 4, Reason.INVOICE_UNREADABLE),
    ),
    "4 unreadable but exported": (a_view(seen=Unreadable("403"), state=DONE), (Keep, 4)),
    "5 deleted after export": (a_view(seen=Deleted(), state=DONE), (Hold, 5, Reason.DELETED_AFTER_EXPORT)),
    "5 withdrawn after export": (a_view(DRAFT, state=DONE), (Hold, 5, Reason.APPROVAL_WITHDRAWN)),
    "5 withdrawn with a draft": (
        a_view(DRAFT, state=STEPPED, look_up=found(DRAFTED)),
        (Hold, 5, Reason.APPROVAL_WITHDRAWN),
    ),
    "5 withdrawn and the draft is gone": (
        a_view(DRAFT, state=STEPPED, look_up=found()),
        (Skip, 8, Reason.NOT_APPROVED),
    ),
    "6 exported as it should": (a_view(state=DONE), (Keep, 6)),
    "6 approved again as it was": (a_view(state=WITHDRAWN), (Confirm, 6)),
    "6 entered by hand": (a_view(state=BY_HAND), (Keep, 6)),
    "6 only a draft": (a_view(state=STEPPED, look_up=found(DRAFTED)), (Send, 22)),
    "7 changed after export": (a_view(OTHER, state=DONE), (Hold, 7, Reason.CHANGED_AFTER_EXPORT)),
    "7 changed after entering by hand": (a_view(OTHER, state=BY_HAND), (Hold, 7, Reason.CHANGED_AFTER_EXPORT)),
    "7 other totals": (
        a_view(state=UNKNOWN, look_up=found(a_found(NEXT))),
        (Hold, 7, Reason.TOTALS_DIFFER),
    ),
    "8 deleted": (a_view(seen=Deleted()), (Skip, 8, Reason.INVOICE_DELETED)),
    "8 not approved": (a_view(DRAFT), (Skip, 8, Reason.NOT_APPROVED)),
    "8 of another status": (a_view(a_snapshot(status="Approved As Noted")), (Skip, 8, Reason.NOT_APPROVED)),
    "9 before the start": (
        a_view(terms=replace(TERMS, start_from=date(2026, 1, 29))),
        (Skip, 9, Reason.BEFORE_START),
    ),
    "9 on the day of the start": (a_view(terms=replace(TERMS, start_from=date(2026, 1, 28))), (Send, 22)),
    "9 with a draft in the ERP": (
        a_view(state=STEPPED, look_up=found(DRAFTED), terms=replace(TERMS, start_from=date(2027, 1, 1))),
        (Send, 22),
    ),
    "9 without any date": (
        a_view(
            a_snapshot(billing_date=None, period_end=None, billing_period=None, created_at=None),
            terms=replace(TERMS, start_from=date(2027, 1, 1)),
        ),
        (Hold, 15, Reason.MISSING_FIELD),
    ),
    "10 dismissed": (a_view(state=DISMISSED), (Keep, 10)),
    "10 dismissed and changed": (a_view(OTHER, state=DISMISSED), (Hold, 10, Reason.CHANGED_AFTER_DISMISSAL)),
    "10 dismissed, withdrawn, approved": (
        a_view(state=apply(DISMISSED, skipped(), NOW)),
        (Skip, 10, Reason.DISMISSED),
    ),
    "10 replayed": (a_view(state=apply(DISMISSED, ReplayAccepted(**WHO), NOW)), (Send, 22)),
    "11 no connection": (a_view(terms=None, capabilities=None), (Defer, 11, Reason.CONNECTION_MISSING)),
    "11 nobody looked": (a_view(seen=Unseen(), document=None), (Defer, 11, Reason.CONNECTION_MISSING)),
    "11 exported once": (a_view(seen=Unseen(), terms=None, capabilities=None, state=DONE), (Keep, 11)),
    "12 not supported": (
        a_view(capabilities=replace(CAPABILITIES, exports_owner_invoices=False)),
        (Hold, 12, Reason.NOT_SUPPORTED_BY_ERP),
    ),
    "13 linked elsewhere": (a_view(a_snapshot(origin_id="SAGE-1")), (Hold, 13, Reason.ALREADY_LINKED)),
    "13 linked to null": (a_view(a_snapshot(origin_id="null")), (Send, 22)),
    "14 by nobody": (a_view(state=a_state(received(SERVICE))), (Hold, 14, Reason.APPROVER_UNKNOWN)),
    "14 by Ben": (a_view(state=a_state(received(BEN))), (Hold, 14, Reason.APPROVER_LACKS_PRIVILEGE)),
    "15 problems": (
        a_view(document=(Problem(Reason.CURRENCY, "€"), Problem(Reason.TOO_LONG, "!"))),
        (Hold, 15, Reason.CURRENCY, Reason.TOO_LONG),
    ),
    "16 behind another": (
        a_view(predecessor=a_predecessor(is_satisfied=False)),
        (Defer, 16, Reason.OUT_OF_ORDER),
    ),
    "16 behind one that is done": (
        a_view(a_snapshot(2), predecessor=a_predecessor(), document=a_document()),
        (Send, 22),
    ),
    "17 other certificates": (
        a_view(LINE_7, predecessor=a_predecessor(), document=NEXT),
        (Hold, 17, Reason.PREVIOUS_CERTIFICATES_DIFFER),
    ),
    "17 certificates before the first": (
        a_view(a_snapshot(g702={"less_previous_certificates_for_payment": "1.00"}), document=a_document()),
        (Hold, 17, Reason.PREVIOUS_CERTIFICATES_DIFFER),
    ),
    "17 nothing to compare with": (
        a_view(LINE_7, predecessor=a_predecessor(line_6=None), document=NEXT),
        (Send, 22),
    ),
    "17 without a summary": (
        a_view(replace(a_snapshot(), g702=None), document=NEXT),
        (Send, 22),
    ),
    "18 refused": (a_view(state=REFUSED), (Keep, 18)),
    "18 refused, other content": (
        a_view(OTHER, state=apply(REFUSED, received(BEN, at=NOW + SECOND), NOW)),
        (Hold, 14, Reason.CHANGED_AFTER_APPROVAL),
    ),
    "18 refused, other mappings": (a_view(state=REFUSED, mappings_version="new"), (Send, 22)),
    "18 refused, other document": (
        a_view(state=REFUSED, document=a_document(terms=replace(TERMS, lines="summary"))),
        (Send, 22),
    ),
    "18 refused and replayed": (a_view(state=apply(REFUSED, ReplayAccepted(**WHO), NOW)), (Send, 22)),
    "18 refused, withdrawn, approved": (
        a_view(state=apply(apply(REFUSED, skipped(), NOW), received(), NOW)),
        (Hold, 18, Reason.PERIOD_CLOSED),
    ),
    "19 the ERP asks": (a_view(state=ASKED), (Keep, 19)),
    "19 it asked about other content": (
        a_view(state=a_state(opened(fingerprint="f"), closed(Closing.NEEDS_DECISION, Reason.ERP_ASKS, warning="w"))),
        (Send, 22),
    ),
    "19 accepted": (
        a_view(state=apply(ASKED, WarningAccepted(**WHO, warning="credit", fingerprint="f"), NOW)),
        (Send, 22),
    ),
    "19 it asked, withdrawn, approved": (
        a_view(state=apply(apply(ASKED, skipped(), NOW), received(), NOW)),
        (Hold, 19, Reason.ERP_ASKS),
    ),
    "20 paused": (a_view(is_paused=True), (Defer, 20, Reason.PAUSED)),
    "20 paused by its terms": (a_view(terms=replace(TERMS, mode="paused")), (Defer, 20, Reason.PAUSED)),
    "20 the circuit is open": (a_view(circuit_open_until=LATER), (Defer, 20, Reason.CIRCUIT_OPEN)),
    "20 the circuit was open": (a_view(circuit_open_until=NOW), (Send, 22)),
    "20 a retry is ahead": (a_view(state=RETRYING), (Leave, 20)),
    "20 a retry is due": (a_view(state=RETRYING, now=LATER), (Send, 22)),
    "21 rehearsed": (a_view(terms=replace(TERMS, mode="rehearse")), (Skip, 21, Reason.REHEARSED)),
    "21 rehearsed over a draft": (
        a_view(terms=replace(TERMS, mode="rehearse"), state=STEPPED, look_up=found(DRAFTED)),
        (Defer, 21, Reason.PAUSED),
    ),
    "22 otherwise": (a_view(), (Send, 22)),
}
