"""What to do with an export now: the first rule that fits. Pure: a dry run and the real run both ask here.

The numbers are the rows of the decision table in ARCHITECTURE.md; `RULES` is their order.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

from services.export_worker.core.capabilities import Step
from services.export_worker.core.decisions import AskErp, Confirm, Decision, Defer, Hold, Keep, Leave, Send, Skip
from services.export_worker.core.document import Document, Totals, document_from_json
from services.export_worker.core.invoice import CENT
from services.export_worker.core.outcomes import Found
from services.export_worker.core.standing import difference_told, steps_needed, totals_agree, totals_expected
from services.export_worker.core.tie_out import Exported, compare
from services.export_worker.core.view import UNCERTAIN, Deleted, Unreadable, Unseen, View
from shared.ledger.approval import approved, covers
from shared.ledger.entries import Finding, Standing
from shared.ledger.state import Attempt
from shared.ledger.tie_out import REASON_OF
from shared.ledger.words import Reason, Status

GRACE_FOR_EVENT = timedelta(seconds=2)
UNREADABLE_LOOKS = 3
UNREADABLE_WAIT = timedelta(seconds=5)
PREDECESSOR_WAIT = timedelta(minutes=10)
HANDED_OVER_WAIT = timedelta(minutes=10)
CONNECTION_WAIT = timedelta(hours=1)


def decide(view: View) -> Decision:
    """The decision of the first rule that fits; the last one always does."""
    for rule in RULES:
        decision = rule(view)
        if decision is not None:
            return decision
    return _send(view)


def _lease_runs(view: View) -> Decision | None:
    attempt = view.state.attempt
    if attempt and attempt.is_open and view.lease_until and view.lease_until > view.now:
        return Leave(view.lease_until, 1)
    return None


def _outcome_unknown(view: View) -> Decision | None:
    """Present counts at once; absent only when the look-up began after any write could still have been committed.

    What only its id shows may be there under our reference a little later, where look-ups lag: that waits as well.
    Where retainage is moved by a second document, that one has to be present, or proven absent, for itself.
    """
    attempt = view.state.attempt
    if attempt is None or not attempt.unresolved or attempt.handed_over:
        return None
    if not _can_look_up(view):
        return _hold(2, Reason.OUTCOME_UNKNOWN, f"reference {attempt.reference}")
    if view.look_up is None:
        return AskErp(2)
    if view.look_up.linked and not _second_may_come(attempt, view.look_up.linked[0], view):
        return None
    proven_at = max(filter(None, (attempt.absence_proven_at, view.absence_proven_at)), default=None)
    if proven_at and view.look_up.began_at < proven_at:
        return Leave(proven_at, 2)
    return None


def _second_may_come(attempt: Attempt, found: Found, view: View) -> bool:
    if view.capabilities is None or Step.FINISH.value not in attempt.done:
        return False
    needed = steps_needed(document_from_json(attempt.document), view.capabilities)
    return Step.RECLASSIFY in needed and Step.RECLASSIFY not in found.done


def _handed_over(view: View) -> Decision | None:
    """Nobody knows when a batch is imported, so no look-up proves its absence: a person or its document ends it."""
    attempt = view.state.attempt
    if attempt is None or not attempt.unresolved or attempt.handed_over is None:
        return None
    check_at = attempt.handed_over.check_at
    if view.look_up is None:
        is_due = not attempt.is_open or (check_at is not None and check_at <= view.now)
        if is_due and _can_look_up(view):
            return AskErp(3)
    elif view.look_up.live:
        return None
    if not attempt.is_open:
        return _hold(3, Reason.HANDED_OVER, attempt.handed_over.ref)
    return Leave(check_at if check_at is None or check_at > view.now else view.now + HANDED_OVER_WAIT, 3)


def _can_look_up(view: View) -> bool:
    return view.capabilities is not None and view.capabilities.can_look_up


def _doubted(view: View) -> Decision | None:
    """A tie-out saw something else in the ERP: asked again under the export's claim, the same comparison decides."""
    state, capabilities, look_up = view.state, view.capabilities, view.look_up
    if not state.is_doubted or state.attempt is None or state.standing is None or capabilities is None:
        return None
    if look_up is None:
        return AskErp(2) if capabilities.can_look_up else None
    if view.absence_proven_at and look_up.began_at < view.absence_proven_at:
        return Leave(view.absence_proven_at, 2)
    document = document_from_json(state.attempt.document)
    exported = Exported(standing=state.standing, document=document, capabilities=capabilities)
    read = next((each for each in look_up.found if each.unlinked), None)
    linked = [each for each in look_up.found if not each.unlinked]
    told = compare(exported, read, linked, any_number=state.status is Status.WAITING)
    reason = REASON_OF.get(told.verdict)
    return _hold(7, reason, told.detail) if reason else None


def _found_several(view: View) -> Decision | None:
    if view.look_up is None or len(view.look_up.live) <= 1:
        return None
    refs = ", ".join(found.number or found.ref for found in view.look_up.live)
    return _hold(4, Reason.FOUND_SEVERAL, refs)


def _found_unlinked(view: View) -> Decision | None:
    """Nothing is made beside it, and nothing goes on with it: the next look-up by reference would not show it."""
    if view.look_up is None or view.look_up.linked or not view.look_up.live:
        return None
    found = view.look_up.live[0]
    return _hold(4, Reason.CHANGED_IN_ERP, f"{found.number or found.ref}: {found.unlinked}")


def _unreadable(view: View) -> Decision | None:
    if not isinstance(view.seen, Unreadable):
        return None
    if view.standing and view.standing.is_final:
        return Keep(4)
    if view.state.unreadable_looks + 1 >= UNREADABLE_LOOKS:
        return _hold(4, Reason.INVOICE_UNREADABLE, view.seen.detail)
    wait = UNREADABLE_WAIT * (view.state.unreadable_looks + 1)
    return _defer(4, Reason.INVOICE_UNREADABLE, view.now + wait, view.seen.detail)


def _stands_but_should_not(view: View) -> Decision | None:
    if view.standing is None:
        return None
    detail = f"{view.standing.number or view.standing.ref} stands in the ERP"
    if isinstance(view.seen, Deleted):
        return _hold(5, Reason.DELETED_AFTER_EXPORT, detail)
    if view.snapshot is not None and not view.snapshot.is_approved:
        return _hold(5, Reason.APPROVAL_WITHDRAWN, f"{detail}; Procore shows {view.snapshot.status}")
    return None


def _stands(view: View) -> Decision | None:
    standing, snapshot = view.standing, view.snapshot
    if standing is None or not standing.is_final or snapshot is None:
        return None
    difference = None if standing.by_hand else _totals_told(view, standing)
    if difference:
        return _hold(7, Reason.TOTALS_DIFFER, difference)
    if standing.fingerprint not in (None, snapshot.fingerprint):
        may = "may hold an" if standing.fingerprint == UNCERTAIN else "holds the"
        return _hold(7, Reason.CHANGED_AFTER_EXPORT, f"{standing.number or standing.ref} {may} older content")
    is_told = view.state.status is Status.EXPORTED and not view.state.is_doubted
    return Keep(6) if is_told else Confirm(standing, 6)


def _nothing_to_do(view: View) -> Decision | None:
    if isinstance(view.seen, Deleted):
        return Skip(Finding(reason=Reason.INVOICE_DELETED), 8)
    if view.snapshot is not None and not view.snapshot.is_approved:
        detail = f"Procore shows {view.snapshot.status}"
        return Skip(Finding(reason=Reason.NOT_APPROVED, detail=detail), 8)
    return None


def _before_start(view: View) -> Decision | None:
    start = view.terms.start_from if view.terms else None
    if start is None or view.standing or view.snapshot is None or not is_before(view.snapshot.dated, start):
        return None
    return Skip(Finding(reason=Reason.BEFORE_START, detail=f"the connection starts on {start}"), 9)


def is_before(dated: date | None, start: date | None) -> bool:
    """Whether an invoice of that date counts as already in the ERP."""
    return start is not None and dated is not None and dated < start


def _dismissed(view: View) -> Decision | None:
    if not view.state.is_dismissed or view.snapshot is None:
        return None
    if view.state.dismissed_fingerprint not in (None, view.snapshot.fingerprint):
        return _hold(10, Reason.CHANGED_AFTER_DISMISSAL)
    is_told = view.state.status is Status.SKIPPED and Reason.DISMISSED in view.state.reasons
    return Keep(10) if is_told else Skip(Finding(reason=Reason.DISMISSED), 10)


def _connection_missing(view: View) -> Decision | None:
    if view.terms is not None and view.capabilities is not None and not isinstance(view.seen, Unseen):
        return None
    if view.standing and view.standing.is_final:
        return Keep(11)
    return _defer(11, Reason.CONNECTION_MISSING, view.now + CONNECTION_WAIT)


def _not_supported(view: View) -> Decision | None:
    if view.capabilities is None or view.capabilities.exports_owner_invoices:
        return None
    return _hold(12, Reason.NOT_SUPPORTED_BY_ERP)


def _already_linked(view: View) -> Decision | None:
    origin = view.snapshot.origin_of_others(view.terms.connection) if view.snapshot and view.terms else None
    return _hold(13, Reason.ALREADY_LINKED, f"origin_id is {origin}") if origin else None


def _awaiting_event(view: View) -> Decision | None:
    """A look that is newer than every event known: the one that explains it is on its way, and awaited once.

    Where Procore tells no time of the last change, nobody knows whether its event is.
    """
    state, look = view.state, view.look
    if look is None or (look.updated_at and not look.unexplained_from) or covers(state, look.fingerprint):
        return None
    until = (state.awaiting_event_since or view.now) + GRACE_FOR_EVENT
    return _defer(14, Reason.AWAITING_EVENT, until) if until > view.now else None


def _no_authority(view: View) -> Decision | None:
    authority = view.authority
    if authority is None or not authority.problems:
        return None
    who = f"Procore user {', '.join(authority.users) or 'nobody'}"
    since = approved(view.state, view.look).unexplained_from if view.look and authority.users else None
    unknown = f"{who}, but no event of {since:%Y-%m-%d %H:%M:%S} UTC or later names anybody" if since else who
    details = {Reason.APPROVER_UNKNOWN: unknown}
    return Hold(tuple(Finding(reason=each, detail=details.get(each, who)) for each in authority.problems), 14)


def _problems(view: View) -> Decision | None:
    if not isinstance(view.document, tuple):
        return None
    return Hold(tuple(Finding(reason=each.reason, detail=each.detail) for each in view.document), 15)


def _out_of_order(view: View) -> Decision | None:
    predecessor = view.predecessor
    if predecessor is None or predecessor.is_satisfied:
        return None
    finding = Finding(reason=Reason.OUT_OF_ORDER, detail=f"waits for invoice {predecessor.number}")
    waits_for = predecessor.payment_application_id
    return Defer((finding,), view.now + PREDECESSOR_WAIT, 16, waits_for)


def _previous_certificates(view: View) -> Decision | None:
    g702 = view.snapshot.g702 if view.snapshot else None
    if g702 is None:
        return None
    stated = g702.less_previous_certificates_for_payment
    before = view.predecessor.line_6 if view.predecessor else Decimal(0)
    if before is None or stated.quantize(CENT) == before.quantize(CENT):
        return None
    detail = f"line 7 is {stated.quantize(CENT)}, line 6 before was {before.quantize(CENT)}"
    return _hold(17, Reason.PREVIOUS_CERTIFICATES_DIFFER, detail)


def _refused_already(view: View) -> Decision | None:
    attempt, document = view.state.attempt, view.document
    if attempt is None or attempt.refusal is None or not isinstance(document, Document):
        return None
    if attempt.content_hash != document.content_hash or attempt.mappings_version != view.mappings_version:
        return None
    return Keep(18) if view.state.status is Status.FAILED else Hold((attempt.refusal,), 18)


def _asks(view: View) -> Decision | None:
    state, snapshot = view.state, view.snapshot
    if state.warning is None or snapshot is None or state.warning_fingerprint != snapshot.fingerprint:
        return None
    is_told = state.status is Status.HELD and Reason.ERP_ASKS in state.reasons
    return Keep(19) if is_told else _hold(19, Reason.ERP_ASKS, state.warning)


def _not_now(view: View) -> Decision | None:
    state = view.state
    if view.is_paused or (view.terms and view.terms.mode == "paused"):
        return _defer(20, Reason.PAUSED, view.now + PREDECESSOR_WAIT)
    if view.circuit_open_until and view.circuit_open_until > view.now:
        return _defer(20, Reason.CIRCUIT_OPEN, view.circuit_open_until)
    if state.status is Status.RETRYING and state.due_at and state.due_at > view.now:
        return Leave(state.due_at, 20)
    return None


def _rehearsed(view: View) -> Decision | None:
    if view.terms is None or view.terms.mode != "rehearse" or not isinstance(view.document, Document):
        return None
    if view.standing:
        return _defer(21, Reason.PAUSED, view.now + PREDECESSOR_WAIT, "it rehearses, and a draft stands already")
    return Skip(Finding(reason=Reason.REHEARSED), 21, view.document)


def _send(view: View) -> Decision:
    if not isinstance(view.document, Document):
        raise TypeError("an approved invoice with a connection comes with its document or its problems")
    return Send(view.document, 22)


RULES: tuple[Callable[[View], Decision | None], ...] = (
    _lease_runs,
    _outcome_unknown,
    _handed_over,
    _doubted,
    _found_several,
    _found_unlinked,
    _unreadable,
    _stands_but_should_not,
    _stands,
    _nothing_to_do,
    _before_start,
    _dismissed,
    _connection_missing,
    _not_supported,
    _already_linked,
    _awaiting_event,
    _no_authority,
    _problems,
    _out_of_order,
    _previous_certificates,
    _refused_already,
    _asks,
    _not_now,
    _rehearsed,
)


def _totals_told(view: View, standing: Standing) -> str | None:
    """Both totals where they differ; None where they agree or nobody kept them."""
    attempt = view.state.attempt
    if standing.totals is None or attempt is None:
        return None
    document = document_from_json(attempt.document)
    can = view.capabilities
    ours = totals_expected(document, can, can.steps) if can else document.totals
    theirs = Totals(**standing.totals.model_dump())
    return None if totals_agree(theirs, ours) else difference_told(ours, theirs)


def _hold(row: int, reason: Reason, detail: str = "") -> Hold:
    return Hold((Finding(reason=reason, detail=detail),), row)


def _defer(row: int, reason: Reason, until: datetime, detail: str = "") -> Defer:
    return Defer((Finding(reason=reason, detail=detail),), until, row)
