"""From a decision to the entries that record it."""

from services.export_worker.core.decisions import Confirm, Decision, Defer, Hold, Skip
from services.export_worker.core.view import View
from shared.ledger.entries import AttemptClosed, Confirmed, Deferred, EntryBody, Held, Skipped
from shared.ledger.state import State
from shared.ledger.words import Closing, Status

OUTCOME_LEFT_OPEN = 2  # the row of the decision table where nobody can ask the ERP


def closing(decision: Decision | None, view: View) -> list[AttemptClosed]:
    """An attempt that is still open is closed before anything else is said."""
    if view.state.status is not Status.EXPORTING:
        return []
    standing = view.standing
    if isinstance(decision, Confirm):
        return [AttemptClosed(closing=Closing.DONE, standing=decision.standing)]
    if isinstance(decision, Hold) and decision.row == OUTCOME_LEFT_OPEN:
        return [AttemptClosed(closing=Closing.UNKNOWN_WITHOUT_LOOK_UP, finding=decision.findings[0])]
    return [AttemptClosed(closing=Closing.INTERRUPTED, standing=standing)]


def deciding(decision: Confirm | Hold | Skip | Defer, view: View) -> list[EntryBody]:
    """The decision's own entry; none where closing the attempt says it all."""
    look = view.look
    match decision:
        case Confirm(standing=standing):
            if view.state.status is Status.EXPORTING or look is None:
                return []
            return [Confirmed(standing=standing, look=look)]
        case Hold(findings=findings):
            return [Held(findings=findings, look=look, authority=view.authority)]
        case Skip(finding=finding, document=document):
            if look is None:
                raise TypeError("an invoice that nobody saw is not skipped")
            sent = document.model_dump(mode="json") if document else None
            return [Skipped(finding=finding, look=look, authority=view.authority, document=sent)]
        case Defer(findings=findings, until=until, waits_for=waits_for):
            return [Deferred(findings=findings, until=until, look=look, waits_for=waits_for, authority=view.authority)]


def says_the_same(decision: Confirm | Hold | Skip | Defer, state: State) -> bool:
    """Whether the ledger holds this decision already and nothing new came in since: then nothing is appended."""
    if state.news:
        return False
    match decision:
        case Hold(findings=findings):
            return state.status is Status.HELD and state.findings == findings
        case Skip(finding=finding):
            return state.status is Status.SKIPPED and state.findings == (finding,)
        case Defer(findings=findings, waits_for=waits_for):
            unreadable = state.unreadable_looks > 0
            same = state.findings == findings and state.waits_for == waits_for
            return state.status is Status.WAITING and same and not unreadable
        case Confirm():
            return False
