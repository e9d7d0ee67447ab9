"""A document that stands in the ERP, as the ledger keeps it, and whether it is what was sent."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal

from services.export_worker.core.capabilities import Capabilities, RetainageShape, Step
from services.export_worker.core.document import Document, Totals
from services.export_worker.core.invoice import CENT, ZERO
from services.export_worker.core.outcomes import Found
from shared.ledger.entries import ErpTotals, Standing
from shared.ledger.state import State

LOST = "It does not carry our reference any more: put it back in the ERP."


def all_known(found: Sequence[Found], read: Found | None) -> tuple[Found, ...]:
    """What was found by our reference, with the one that was read by its id: which may have lost the reference."""
    if read is None or any(each.ref == read.ref for each in found):
        return tuple(found)
    return (*found, replace(read, unlinked=read.unlinked or LOST))


def id_known(state: State) -> str | None:
    """The id of what was last seen or made in the ERP; None where nothing was, or a person only told its number."""
    if state.standing is not None and not state.standing.by_hand:
        return state.standing.ref
    return state.attempt.ref if state.attempt else None


def steps_needed(document: Document, capabilities: Capabilities) -> frozenset[Step]:
    """All that must stand before the document is final."""
    return frozenset(capabilities.steps_for(retained=document.is_retained))


def totals_expected(document: Document, capabilities: Capabilities, done: Collection[Step]) -> Totals:
    """What the ERP should show while these steps stand: retainage shows once a second document has moved it."""
    by_second = capabilities.retainage_shape is RetainageShape.GROSS_PLUS_RECLASS_ENTRY
    if not by_second or Step.RECLASSIFY in done:
        return document.totals
    return document.totals.model_copy(update={"retainage_held": ZERO, "retainage_released": ZERO})


def standing_of(found: Found, needed: Collection[Step], fingerprint: str | None, line_6: Decimal | None) -> Standing:
    """A document in the ERP as the ledger keeps it; final when every step that it needs stands."""
    totals = found.totals
    return Standing(
        ref=found.ref,
        number=found.number,
        url=found.url,
        totals=ErpTotals(
            gross=totals.gross,
            retainage_held=totals.retainage_held,
            retainage_released=totals.retainage_released,
            tax=totals.tax,
        ),
        fingerprint=fingerprint,
        line_6=line_6,
        is_final=frozenset(needed) <= found.done,
    )


def totals_agree(one: Totals | ErpTotals, other: Totals) -> bool:
    """To the cent, and not only in the sum."""
    names = ("gross", "retainage_held", "retainage_released", "tax")
    return all(getattr(one, name).quantize(CENT) == getattr(other, name).quantize(CENT) for name in names)


def difference_told(ours: Totals, theirs: Totals) -> str:
    """Both totals, in words, where they do not agree."""
    one, other = ours.receivable.quantize(CENT), theirs.receivable.quantize(CENT)
    by_parts = ", in other parts of gross, retainage and tax" if one == other else ""
    return f"ours {one}, in the ERP {other}{by_parts}"
