"""Whether an exported document still stands in the ERP as it was sent. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.export_worker.core.capabilities import Capabilities, Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Found
from services.export_worker.core.standing import difference_told, steps_needed, totals_agree, totals_expected
from shared.ledger.entries import Standing
from shared.ledger.tie_out import Verdict


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What the ledger says stands, the document that was sent, and how far this connection takes one.

    `is_left_as_draft`: when it was exported the connection took documents no further.
    """

    standing: Standing
    document: Document
    capabilities: Capabilities
    is_left_as_draft: bool = False


@dataclass(frozen=True)
class Told:
    """What was seen of one document, with its particulars for an accountant."""

    verdict: Verdict
    detail: str = ""


def compare(exported: Exported, read: Found | None, found: Sequence[Found], *, any_number: bool = False) -> Told:
    """`read`: by the document's own id; `found`: by our reference. `any_number`: a person accepted a new one.

    What matters most is told first: how many there are, then the money, then how it stands.
    """
    seen = {each.ref: each for each in (*found, *([read] if read else []))}  # the record is fresher than the search
    live = [each for each in seen.values() if not each.cancelled]
    if len(live) > 1:
        return Told(Verdict.DOUBLE, ", ".join(_named(each) for each in live))
    if not live:
        return _nothing_live(exported.standing, list(seen.values()))
    return _stands(exported, live[0], {each.ref for each in found}, any_number=any_number)


def _nothing_live(standing: Standing, seen: Sequence[Found]) -> Told:
    if seen:
        return Told(Verdict.CANCELLED, f"{', '.join(each.number or each.ref for each in seen)} is cancelled")
    return Told(Verdict.GONE, f"{standing.number or standing.ref} is not there")


def _stands(exported: Exported, it: Found, by_reference: set[str], *, any_number: bool) -> Told:
    standing, document, capabilities = exported.standing, exported.document, exported.capabilities
    ours = totals_expected(document, capabilities, it.done)
    if not totals_agree(it.totals, ours):
        return Told(Verdict.TOTALS_DIFFER, difference_told(ours, it.totals))
    missing = steps_needed(document, capabilities) - it.done
    if missing and not exported.is_left_as_draft:
        return Told(Verdict.DRAFT_AGAIN, _lacking(it, missing))
    if it.ref not in by_reference:
        return Told(Verdict.UNLINKED, f"{it.number or it.ref} does not carry {document.reference} any more")
    if Step.FINISH in it.done and (exported.is_left_as_draft or Step.FINISH not in capabilities.steps):
        return Told(Verdict.POSTED_BY_HAND, it.number or it.ref)
    before, now = standing.number or standing.ref, it.number or it.ref
    is_renumbered = standing.number is not None and it.number != standing.number
    if not any_number and (is_renumbered or it.ref != standing.ref):
        return Told(Verdict.NUMBER_CHANGED, f"{before} was exported, {now} stands now")
    return Told(Verdict.STANDS)


def _named(found: Found) -> str:
    return f"{found.number or found.ref} ({'posted' if Step.FINISH in found.done else 'draft'})"


def _lacking(it: Found, missing: frozenset[Step]) -> str:
    if Step.FINISH in missing:
        return f"{it.number or it.ref} is a draft"
    return f"{it.number or it.ref} lacks: {', '.join(sorted(missing))}"
