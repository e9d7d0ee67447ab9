"""The document of an export, as it was sent or as a rehearsal would have sent it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from services.cli.terminal import cells, say, worded
from services.export_worker.core.document import Document
from shared.ledger.entries import AttemptOpened, Skipped
from shared.ledger.reader import ExportDetail


@dataclass(frozen=True)
class Sent:
    """The newest document on record. `what` tells what became of it; `fields` are as stored."""

    what: str
    fields: dict[str, Any]


def newest_document(detail: ExportDetail) -> Sent | None:
    """None while no document was made."""
    for entry in reversed(detail.entries):
        match entry.body:
            case AttemptOpened(attempt=attempt, document=fields) if fields:
                return Sent(f"Document of attempt {attempt}", fields)
            case Skipped(document=fields) if fields:
                return Sent("Document as it would be sent", fields)
    return None


def show_document(sent: Sent) -> None:
    """Its head, its lines, and what was taken for want of something better."""
    try:
        document = Document.model_validate(sent.fields)
    except ValidationError:
        say(f"{sent.what}: stored by another version; see --json.")
        return
    for line in (f"{sent.what}: {head(document)}", f"  {amounts(document)}"):
        say(line)
    table = Table("Line", "Cost code", "Account", "Item", "Amount")
    for one in document.lines:
        amount = f"{one.amount:,.2f}"
        table.add_row(*cells(one.description, one.cost_code or "", one.account or "", one.item or "", amount))
    Console().print(table)
    for note in document.notes:
        say(worded(f"Note: {note}."))


def head(document: Document) -> str:
    """Number, customer, job and dates."""
    return ", ".join(parts(document))


def parts(document: Document) -> Iterator[str]:
    yield f"number {document.number}"
    yield f"customer {document.customer}"
    if document.job:
        yield f"job {document.job}"
    yield f"dated {document.invoice_date}"
    yield f"due {document.due_date}" if document.due_date else "due by the ERP's own terms"
    if document.is_retained and document.retainage_account:
        yield f"retainage account {document.retainage_account}"
    if document.tax_code:
        yield f"tax code {document.tax_code}"


def amounts(document: Document) -> str:
    """How the receivable comes about; nothing is left out that is not 0.00."""
    totals = document.totals
    told = [f"{totals.gross:,.2f} gross"]
    for sign, amount, what in (
        ("-", totals.retainage_held, "retainage held"),
        ("+", totals.retainage_released, "retainage released"),
        ("+", totals.tax, "tax"),
    ):
        if amount:
            told.append(f"{sign} {amount:,.2f} {what}")
    return f"receivable {totals.receivable:,.2f} {document.currency} = {' '.join(told)}"
