"""Our document in ERPNext's words, and ERPNext's invoice in ours. Pure.

Retainage and tax are rows of charges with a fixed amount on an account of their own: held is below zero, released
above. The first words of a row's description tell what it is, since a sign alone would not.
"""

import html
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document, DocumentLine, Totals
from services.export_worker.core.outcomes import Found
from services.export_worker.erp.erpnext.settings import ErpNextSettings
from services.export_worker.erp.erpnext.wire import ChargeRow, Invoice

HELD, RELEASED, TAX = "Retainage held", "Retainage released", "Tax"
ACTUAL = "Actual"
DRAFT, SUBMITTED, CANCELLED = 0, 1, 2
AGAIN = "~"
NOTHING = Decimal("0.00")


def unmapped(document: Document, settings: ErpNextSettings) -> str | None:
    """What neither a mapping nor the settings name; None when everything is named."""
    for line in document.lines:
        if item_of(line, settings) is None:
            return f"the line {line.description!r} has no item (cost code {line.cost_code or 'none'})"
    if document.is_retained and retainage_of(document, settings) is None:
        return "there is no account for retainage"
    if document.tax and tax_of(document, settings) is None:
        return "there is no account for the tax"
    return None


def named_in(document: Document, settings: ErpNextSettings) -> Iterator[tuple[str, str]]:
    """Type and name of each document that the invoice points to, once."""
    lines = document.lines
    named = [
        ("Company", settings.company),
        ("Customer", document.customer),
        ("Project", document.job),
        *(("Item", item_of(line, settings)) for line in lines),
        *(("Account", line.account or settings.income_account) for line in lines),
        ("Account", retainage_of(document, settings) if document.is_retained else None),
        ("Account", tax_of(document, settings) if document.tax else None),
        ("Cost Center", settings.cost_center),
    ]
    yield from dict.fromkeys((doctype, name) for doctype, name in named if name)


def created(document: Document, settings: ErpNextSettings, mark: str) -> dict[str, Any]:
    """Body of a create: a draft that carries our mark."""
    series = {"naming_series": settings.naming_series} if settings.naming_series else {}
    return {settings.reference_field: mark, "docstatus": DRAFT} | series | written(document, settings)


def replaced(document: Document, settings: ErpNextSettings, modified: str) -> dict[str, Any]:
    """Body of a change: only of the draft that was read. The schedule of payments has to be reckoned anew."""
    anew = {"modified": modified, "docstatus": DRAFT, "due_date": None, "payment_schedule": []}
    return anew | written(document, settings)


def written(document: Document, settings: ErpNextSettings) -> dict[str, Any]:
    """The invoice; money is Decimal. Whatever would change an amount by itself is switched off."""
    body: dict[str, Any] = {
        "company": settings.company,
        "customer": document.customer,
        "posting_date": document.invoice_date.isoformat(),
        "set_posting_time": 1,
        "po_no": document.number,
        "remarks": remarks(document),
        "currency": document.currency,
        "ignore_pricing_rule": 1,
        "disable_rounded_total": 1,
        "is_pos": 0,
        "update_stock": 0,
        "items": [item_row(line, document, settings) for line in document.lines],
        "taxes": charges(document, settings),
    }
    if document.due_date is not None:
        body |= {"due_date": document.due_date.isoformat(), "ignore_default_payment_terms_template": 1}
    if document.exchange_rate != 1:
        body["conversion_rate"] = document.exchange_rate
    return body | belongs(document, settings)


def item_row(line: DocumentLine, document: Document, settings: ErpNextSettings) -> dict[str, Any]:
    """One line: a quantity of one, since ERPNext takes none below zero."""
    account = line.account or settings.income_account
    return {
        "item_code": item_of(line, settings),
        "qty": 1,
        "rate": line.amount,
        "description": as_html(line.description),
        **({} if account is None else {"income_account": account}),
        **belongs(document, settings),
    }


def charges(document: Document, settings: ErpNextSettings) -> list[dict[str, Any]]:
    """Retainage held, retainage released and tax, each where there is any."""
    retainage = retainage_of(document, settings)
    rows = [
        (HELD, retainage, -document.retainage_held),
        (RELEASED, retainage, document.retainage_released),
        (TAX, tax_of(document, settings), document.tax),
    ]
    center = {"cost_center": settings.cost_center} if settings.cost_center else {}
    return [
        {"charge_type": ACTUAL, "account_head": account, "description": text, "tax_amount": amount, **center}
        for text, account, amount in rows
        if amount
    ]


def belongs(document: Document, settings: ErpNextSettings) -> dict[str, str]:
    """Where the invoice and each of its lines belong."""
    told = {"project": document.job, "cost_center": settings.cost_center}
    return {name: value for name, value in told.items() if value}


def item_of(line: DocumentLine, settings: ErpNextSettings) -> str | None:
    """A line's item."""
    return line.item or settings.default_item


def retainage_of(document: Document, settings: ErpNextSettings) -> str | None:
    """The account of retainage."""
    return document.retainage_account or settings.retainage_account


def tax_of(document: Document, settings: ErpNextSettings) -> str | None:
    """The account of tax."""
    return document.tax_code or settings.tax_account


def remarks(document: Document) -> str:
    """For the bookkeeper."""
    told = (document.description, f"Owner invoice {document.number} in Procore.", document.source_url)
    return "\n".join(part for part in told if part)


def as_html(text: str) -> str:
    """A line's description is rich text in ERPNext: what only looks like markup would be taken out."""
    return html.escape(text, quote=False).replace("\n", "<br>")


def next_mark(reference: str, taken: Iterable[str]) -> str:
    """The mark of the next invoice under `reference`: a cancelled one keeps its own, and the field is unique."""
    places = [place for one in taken if (place := place_of(reference, one)) is not None]
    return f"{reference}{AGAIN}{max(places) + 1}" if places else reference


def place_of(reference: str, mark: str) -> int | None:
    """1 for the first invoice under the reference, 2 for the next; None for another reference's mark."""
    if mark == reference:
        return 1
    rest = mark.removeprefix(reference + AGAIN)
    return int(rest) if rest != mark and rest.isascii() and rest.isdigit() else None


def found(invoice: Invoice, url: str, *, credited: bool) -> Found:
    """What stands, and which steps that makes. The name is given at once, but is a number only once it is posted."""
    is_posted = invoice.docstatus != DRAFT
    return Found(
        ref=invoice.name,
        done=frozenset({Step.CREATE, Step.FINISH} if is_posted else {Step.CREATE}),
        totals=totals_of(invoice),
        number=invoice.name if is_posted else None,
        url=f"{url.rstrip('/')}/app/sales-invoice/{invoice.name}",
        cancelled=invoice.docstatus == CANCELLED or credited,
    )


def totals_of(invoice: Invoice) -> Totals:
    """The receivable is ERPNext's own; tax is what it has beyond lines and retainage, charges by hand too."""
    gross = sum((row.amount for row in invoice.items), NOTHING)
    held = -total(row for row in invoice.taxes if is_row(row, HELD))
    released = total(row for row in invoice.taxes if is_row(row, RELEASED))
    owed = invoice.rounded_total or invoice.grand_total
    return Totals(gross=gross, retainage_held=held, retainage_released=released, tax=owed - gross + held - released)


def is_row(row: ChargeRow, text: str) -> bool:
    """Whether this is the row that `charges` put there."""
    return row.charge_type == ACTUAL and row.description.startswith(text)


def total(rows: Iterable[ChargeRow]) -> Decimal:
    """To the cent."""
    return sum((row.tax_amount for row in rows), NOTHING)
