"""What a create comes to, by what was handed over before. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Found, HandedOver, NeedsDecision, Refusal, Refused, Reread
from services.export_worker.erp.sage_file.answers import Fate, refused
from services.export_worker.erp.sage_file.batch import BatchLine
from services.export_worker.erp.sage_file.outbox import Known

OLDER_CONTENT = "older_content_handed_over"
STANDS = frozenset({Step.CREATE})


@dataclass(frozen=True)
class PassOn:
    """Sage refused this very content, and nobody was told yet."""

    known: Known
    refused: Refused


def concerns(document: Document, line: BatchLine) -> bool:
    """Whether a line is of this document, or of one that Sage could not tell from it."""
    return document.reference == line.reference or line.identity == (
        document.number,
        document.customer,
        document.job,
    )


def judged(
    document: Document, known: Sequence[Known], accepted: frozenset[str]
) -> HandedOver | Reread | NeedsDecision | Refused | PassOn | None:
    """What to answer; None: add it to the open batch."""
    ours = [each for each in known if each.line.reference == document.reference]
    others = [each for each in known if each.line.reference != document.reference]
    if stands := with_fate(ours, Fate.STANDS):
        return Reread(f"{stands[0].told.number} stands in Sage already (batch {stands[0].batch.id}).")
    if waits := with_fate(ours, Fate.WAITS):
        return handed_over_before(document, waits[0], accepted)
    if same := with_fate(others, Fate.STANDS, Fate.WAITS):
        told = f"Invoice {document.number} was handed over under another reference, in batch {same[0].batch.id}."
        return Refused(Refusal.DUPLICATE_NUMBER, told, "invoice number")
    last = ours[-1] if ours else None
    if last and is_news(last) and last.told.fate is Fate.REFUSED and last.line.content_hash == document.content_hash:
        return PassOn(last, refused(last.told.text))
    return None


def with_fate(known: Sequence[Known], *fates: Fate) -> list[Known]:
    return [each for each in known if each.told.fate in fates]


def handed_over_before(document: Document, known: Known, accepted: frozenset[str]) -> HandedOver | NeedsDecision:
    """A file that may be imported any minute is never changed: a person takes it back, or takes it as it is."""
    if known.line.content_hash == document.content_hash or OLDER_CONTENT in accepted:
        return handed_over(known)
    ours, theirs = document.totals.receivable, known.line.totals.receivable
    told = (
        f"Batch {known.batch.id} holds this invoice with older content (ours {ours:f}, there {theirs:f}) and is not"
        " confirmed. Void that batch and replay; or accept, if it is to be imported as it stands there."
    )
    return NeedsDecision(OLDER_CONTENT, told)


def handed_over(known: Known) -> HandedOver:
    """Asked again when the batch is due to be closed; after that the clock comes back by itself."""
    by = f"whoever imports {known.batch.id}.csv"
    return HandedOver(known.line.ref, by, known.batch.closes_at)


def found(known: Sequence[Known]) -> list[Found]:
    """What stands. Waiting lines are not there yet; one that is free to go again shows as a draft without a step."""
    standing = [shown(each) for each in with_fate(known, Fate.STANDS, Fate.CANCELLED)]
    if known and is_news(known[-1]) and not with_fate(known, Fate.STANDS, Fate.WAITS):
        standing.append(shown(known[-1]))
    return standing


def shown(known: Known) -> Found:
    """One line as the port has it. Sage's number is not our file's until somebody tells it."""
    is_imported = known.told.fate in (Fate.STANDS, Fate.CANCELLED)
    return Found(
        ref=known.line.ref,
        done=STANDS if is_imported else frozenset(),
        totals=known.line.totals,
        number=known.told.number,
        cancelled=known.told.fate is Fate.CANCELLED,
    )


def is_news(known: Known) -> bool:
    """Thrown away with its batch, or refused and not passed on: the worker has to hear of it."""
    return known.told.fate is Fate.VOID or (known.told.fate is Fate.REFUSED and not known.line.told)
