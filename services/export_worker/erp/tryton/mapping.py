"""Our document in Tryton's words, and what stands in Tryton in ours. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document, Totals
from services.export_worker.core.outcomes import Found
from services.export_worker.erp.tryton.wire import (
    HELD,
    RELEASED,
    STANDS_POSTED,
    Invoice,
    InvoiceLine,
    Move,
    MoveLine,
    State,
    day,
    money,
)

REFERENCE, EXTERNAL_KEY = "reference", "external_key"


@dataclass(frozen=True)
class Targets:
    """Tryton's ids for what a document names. `accounts` by code, `other` where a line names none."""

    company: int
    currency: int
    party: int
    address: int
    receivable: int
    payment_term: int | None
    journal: int
    accounts: Mapping[str, int]
    other: int | None
    retainage: int | None
    tax: int | None


@dataclass(frozen=True)
class Entry:
    """The entry that moves retainage, with those of its lines that are on the receivable account."""

    move: Move
    lines: Sequence[MoveLine]
    is_cancelled: bool = False

    @property
    def stands(self) -> bool:
        """Posted, and not taken back."""
        return self.move.state == "posted" and not self.is_cancelled


def invoice_values(document: Document, targets: Targets, *, module: bool) -> dict[str, Any]:
    """Of a draft, without its lines and taxes. The invoice's own number stands where an accountant looks for it."""
    carried = {EXTERNAL_KEY: document.reference, REFERENCE: document.number}
    in_stock = {REFERENCE: document.reference}
    words = document.description if module else f"{document.number}: {document.description}"
    return {
        "party": targets.party,
        "invoice_address": targets.address,
        "currency": targets.currency,
        "account": targets.receivable,
        "journal": targets.journal,
        "invoice_date": day(document.invoice_date),
        # Without a term, Tryton takes this date as the due date itself.
        "payment_term": None if document.due_date else targets.payment_term,
        "payment_term_date": day(document.due_date),
        "description": on_one_line(words),
        "comment": comment_of(document),
        **(carried if module else in_stock),
    }


def comment_of(document: Document) -> str | None:
    """For the bookkeeper, and for the owner: Tryton prints it. A text of any length, with line ends."""
    return f"Owner invoice {document.number} in Procore: {document.source_url}" if document.source_url else None


def lines_written(document: Document, targets: Targets, *, module: bool) -> list[dict[str, Any]]:
    """Revenue, and with our module what is held and released."""
    common = {"type": "line", "company": targets.company, "currency": targets.currency, "quantity": 1}
    lines = [
        common
        | {
            "account": targets.accounts[line.account] if line.account else targets.other,
            "unit_price": money(line.amount),
            "description": line.description,
        }
        for line in document.lines
    ]
    kept = ((HELD, -document.retainage_held), (RELEASED, document.retainage_released)) if module else ()
    lines += [
        common | {"account": targets.retainage, "unit_price": money(amount), "description": text}
        for text, amount in kept
        if amount
    ]
    return lines


def taxes_written(document: Document, targets: Targets) -> list[dict[str, Any]]:
    """One row with the amount as it is: nothing is computed."""
    if not document.tax:
        return []
    base = money(document.totals.gross)
    return [{"description": "Tax", "account": targets.tax, "base": base, "amount": money(document.tax), "manual": True}]


def entry_text(reference: str) -> str:
    """By which the entry of an invoice is known again."""
    return f"Retainage {reference}"


def on_one_line(text: str) -> str:
    """Tryton's one-line fields refuse tabs and line ends."""
    return " ".join(text.split())


def found(
    invoice: Invoice, *, lines: Iterable[InvoiceLine] = (), entries: Sequence[Entry] = (), url: str | None = None
) -> Found:
    """What stands, and which steps that makes. `lines` are the invoice's own; `entries` move its retainage."""
    standing = [entry for entry in entries if entry.stands]
    held, released = kept_on_lines(lines)
    moved_held, moved_released = kept_by_entries(invoice, standing)
    return Found(
        ref=str(invoice.id),
        done=steps_done(invoice, standing),
        totals=Totals(
            gross=invoice.untaxed_amount + held - released,
            retainage_held=held + moved_held,
            retainage_released=released + moved_released,
            tax=invoice.tax_amount,
        ),
        number=invoice.number,
        url=url,
        cancelled=invoice.state is State.CANCELLED,
    )


def steps_done(invoice: Invoice, standing: Sequence[Entry]) -> frozenset[Step]:
    """A number is given at posting and stays when it is cancelled."""
    done = {Step.CREATE}
    if invoice.number is not None or invoice.state in STANDS_POSTED:
        done.add(Step.FINISH)
    if standing:
        done.add(Step.RECLASSIFY)
        if all(line_to_settle(invoice, entry) is None for entry in standing):
            done.add(Step.SETTLE)
    return frozenset(done)


def line_to_settle(invoice: Invoice, entry: Entry) -> MoveLine | None:
    """The entry's line on the receivable account, while it could count as a payment of the invoice and does not.

    Tryton takes as payment what lowers the amount due, and not below zero. Anything else (more released than held,
    more held than billed) stays an open item of the customer beside the invoice.
    """
    if invoice.state is State.PAID:
        return None
    for line in entry.lines:
        change = line.debit - line.credit
        lowers = change * invoice.total_amount < 0 and abs(change) <= abs(invoice.total_amount)
        if line.account == invoice.account and lowers and line.id not in invoice.payment_lines:
            return line
    return None


def kept_on_lines(lines: Iterable[InvoiceLine]) -> tuple[Decimal, Decimal]:
    """Held and released, by the invoice's lines on retainage accounts."""
    held = released = Decimal(0)
    for line in lines:
        if not line.account.type.retainage:
            continue
        if is_held(line.description, otherwise=line.amount < 0):
            held -= line.amount
        else:
            released += line.amount
    return held, released


def kept_by_entries(invoice: Invoice, standing: Sequence[Entry]) -> tuple[Decimal, Decimal]:
    """Held and released, by the entries' lines that are not on the receivable account."""
    held = released = Decimal(0)
    for line in (line for entry in standing for line in entry.lines if line.account != invoice.account):
        if is_held(line.description, otherwise=line.debit > line.credit):
            held += line.debit - line.credit
        else:
            released += line.credit - line.debit
    return held, released


def is_held(description: str | None, *, otherwise: bool) -> bool:
    """Our own words tell; on a line that somebody wrote anew, the sign."""
    if (description or "").startswith(HELD):
        return True
    return otherwise and not (description or "").startswith(RELEASED)


def entry_lines(
    document: Document, party: int, retainage: tuple[int, bool], receivable: tuple[int, bool]
) -> list[dict[str, Any]]:
    """Of the entry: what is held and released on one side, their difference on the receivable account.

    Accounts come with whether they want a party on their lines.
    """
    due = document.due_date or document.invoice_date
    net = document.retainage_released - document.retainage_held
    parts = (
        (retainage, HELD, document.retainage_held, None),
        (retainage, RELEASED, -document.retainage_released, None),
        (receivable, entry_text(document.reference), net, due),
    )
    return [entry_line(account, party, text, amount, on) for account, text, amount, on in parts if amount]


def entry_line(account: tuple[int, bool], party: int, text: str, amount: Decimal, due: date | None) -> dict[str, Any]:
    """`amount` is a debit, or a credit where it is negative."""
    account_id, wants_party = account
    return {
        "account": account_id,
        "party": party if wants_party else None,
        "description": text,
        "debit": money(max(amount, Decimal(0))),
        "credit": money(max(-amount, Decimal(0))),
        "maturity_date": day(due),
    }
