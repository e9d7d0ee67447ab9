"""Our document in QuickBooks' words, and QuickBooks' invoice in ours. Pure.

Where the reference lives. A query of QuickBooks filters by number, date and customer, never by a note, and a look-up
has nothing but the reference. Procore's number alone would not do: it may come again in another project, and it
cannot be computed from a reference. So the number in QuickBooks is Procore's, a hyphen and a mark made of the
reference: "HBL-0007-K3F9Q2XA". One query for numbers that end with the mark finds few rows, almost always one; the
note carries the whole reference and settles it exactly. People still find their own number first, in every list, and
numbers of different projects never collide.
"""

import base64
import hashlib
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document, DocumentLine, Totals
from services.export_worker.core.outcomes import Found
from services.export_worker.erp.quickbooks_online.wire import Invoice, Preferences

LONGEST_DOC_NUMBER = 21
MARK_LENGTH = 8
LONGEST_NUMBER = LONGEST_DOC_NUMBER - 1 - MARK_LENGTH
IN_NOTE = re.compile(r"\[invoice-export: (.*)\]", re.DOTALL)
NUMBER_IN_NOTE = re.compile(r"Owner invoice (.*) in Procore\.")
HELD, RELEASED = "[retainage held]", "[retainage released]"
WHERE_NUMBERS = "Account and settings, Sales, Sales form content"
VOIDED = "voided"
TAXED, UNTAXED = "TAX", "NON"


def mark_of(reference: str) -> str:
    """The end of the number: 40 bits of the reference's hash."""
    return base64.b32encode(hashlib.sha256(reference.encode()).digest()).decode()[:MARK_LENGTH]


def number_of(document: Document) -> str:
    """The number in QuickBooks."""
    return f"{document.number}-{mark_of(document.reference)}"


def carries(invoice: Invoice, reference: str) -> bool:
    """Whether it is ours under this reference. A note that somebody emptied leaves the mark to speak alone."""
    noted = IN_NOTE.search(invoice.private_note)
    return invoice.doc_number.endswith(f"-{mark_of(reference)}") and (noted is None or noted[1] == reference)


def unlinked(invoice: Invoice) -> str:
    """Why no look-up finds it, by what its note says; empty where the note says nothing, or the number has our mark."""
    noted, number = IN_NOTE.search(invoice.private_note), NUMBER_IN_NOTE.search(invoice.private_note)
    if noted is None or number is None or invoice.doc_number.endswith(f"-{mark_of(noted[1])}"):
        return ""
    meant = f"{number[1]}-{mark_of(noted[1])}"
    return f"We find it in QuickBooks by the number {meant!r} only. Give it that number there, then replay."


def unmapped(document: Document) -> str | None:
    """What QuickBooks would fill with a default of its own; None when everything is told."""
    for line in document.lines:
        if line.item is None:
            return f"the line {line.description!r} has no item (cost code {line.cost_code or 'none'})"
    if document.is_retained and document.retainage_account is None:
        return "there is no item for retainage"
    return None


def written(document: Document) -> dict[str, Any]:
    """Body of a create. Money is Decimal; `exact.written` makes JSON numbers of it."""
    body: dict[str, Any] = {
        "DocNumber": number_of(document),
        "TxnDate": document.invoice_date.isoformat(),
        "CustomerRef": {"value": document.job or document.customer},
        "CurrencyRef": {"value": document.currency},
        "CustomerMemo": {"value": document.description},
        "PrivateNote": note_of(document),
        "Line": [line_written(line, taxed=bool(document.tax)) for line in document.lines] + retainage_lines(document),
    }
    if document.due_date is not None:
        body["DueDate"] = document.due_date.isoformat()
    if document.exchange_rate != 1:
        body["ExchangeRate"] = document.exchange_rate
    if document.tax:
        body["TxnTaxDetail"] = {"TotalTax": document.tax} | (
            {"TxnTaxCodeRef": {"value": document.tax_code}} if document.tax_code else {}
        )
    return body


def note_of(document: Document) -> str:
    """For the bookkeeper, and for our look-up."""
    link = f" {document.source_url}" if document.source_url else ""
    return f"Owner invoice {document.number} in Procore.{link}\n[invoice-export: {document.reference}]"


def line_written(line: DocumentLine, *, taxed: bool) -> dict[str, Any]:
    """Work of this period."""
    return sales_line(line.description, line.amount, line.item, TAXED if taxed else UNTAXED)


def retainage_lines(document: Document) -> list[dict[str, Any]]:
    """What is held goes off the total, what is released comes onto it. The prefix, not the sign, tells which."""
    lines = []
    if document.retainage_held:
        text = f"{HELD} Retainage held back from this invoice"
        lines.append(sales_line(text, -document.retainage_held, document.retainage_account, UNTAXED))
    if document.retainage_released:
        text = f"{RELEASED} Retainage released with this invoice"
        lines.append(sales_line(text, document.retainage_released, document.retainage_account, UNTAXED))
    return lines


def sales_line(text: str, amount: Decimal, item: str | None, tax: str) -> dict[str, Any]:
    """One line; its account is the item's."""
    return {
        "DetailType": "SalesItemLineDetail",
        "Description": text,
        "Amount": amount,
        "SalesItemLineDetail": {"ItemRef": {"value": item}, "TaxCodeRef": {"value": tax}},
    }


def found(invoice: Invoice, app_url: str) -> Found:
    """What stands. There are no drafts, so what is there is posted."""
    return Found(
        ref=invoice.id,
        done=frozenset({Step.CREATE}),
        totals=totals_of(invoice),
        number=invoice.doc_number or None,
        url=f"{app_url.rstrip('/')}/app/invoice?txnId={invoice.id}",
        cancelled=is_voided(invoice),
        unlinked=unlinked(invoice),
    )


def totals_of(invoice: Invoice) -> Totals:
    """The receivable is QuickBooks' own total; gross is what retainage and tax leave of it, discounts by hand too."""
    held = -sum((line.amount for line in invoice.line if line.description.startswith(HELD)), Decimal(0))
    released = sum((line.amount for line in invoice.line if line.description.startswith(RELEASED)), Decimal(0))
    tax = invoice.txn_tax_detail.total_tax
    gross = invoice.total_amt - tax + held - released
    return Totals(gross=gross, retainage_held=held, retainage_released=released, tax=tax)


def is_voided(invoice: Invoice) -> bool:
    """QuickBooks voids by emptying every amount and saying so at the head of the note."""
    is_empty = not invoice.total_amt and not any(line.amount for line in invoice.line)
    return is_empty and invoice.private_note.casefold().startswith(VOIDED)


def day_open(preferences: Preferences, day: date) -> date:
    """The day itself, or the first one after the books' closing date."""
    closed = preferences.accounting_info_prefs.book_close_date
    return day if closed is None or closed < day else closed + timedelta(days=1)
