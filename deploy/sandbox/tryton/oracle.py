"""What really stands in a Tryton, read without the adapter's code."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from deploy.sandbox.tryton.seeding import RETAINAGE_ACCOUNT
from deploy.sandbox.tryton.server import RunningTryton

STANDING = ("posted", "paid")


@dataclass(frozen=True)
class StandingInvoice:
    """One customer invoice. `reference` is the key it was exported under; amounts are as Tryton shows them."""

    id: int
    reference: str
    state: str
    number: str | None
    customer: str
    invoice_date: date | None
    total: Decimal
    due: Decimal
    text: str
    comment: str


@dataclass(frozen=True)
class LedgerSums:
    """Debit minus credit of posted moves, by kind of account. What a receivable is made of adds up to zero."""

    receivable: Decimal
    retainage: Decimal
    revenue: Decimal
    other: Decimal

    @property
    def is_balanced(self) -> bool:
        """As a ledger has to be."""
        return not self.receivable + self.retainage + self.revenue + self.other


class Oracle:
    """Reads as the administrator. Use it from one thread at a time, and close it."""

    def __init__(self, running: RunningTryton) -> None:
        self.tryton = running.administrator()
        self.has_module = bool(self.tryton.first("ir.module", *ACTIVATED_MODULE))

    def invoices(self, *states: str) -> list[StandingInvoice]:
        """All customer invoices (in these states), oldest first."""
        domain: list[Any] = [["type", "=", "out"]]
        if states:
            domain.append(["state", "in", list(states)])
        key = "external_key" if self.has_module else "reference"
        fields = ["state", "number", "party.code", "invoice_date", "total_amount", "amount_to_pay", key]
        fields += ["description", "comment"]
        return [
            StandingInvoice(
                id=row["id"],
                reference=row[key] or "",
                state=row["state"],
                number=row["number"],
                customer=row["party."]["code"],
                invoice_date=row["invoice_date"],
                total=row["total_amount"],
                due=row["amount_to_pay"],
                text=row["description"] or "",
                comment=row["comment"] or "",
            )
            for row in self.tryton.rows("account.invoice", domain, *fields)
        ]

    def posted(self) -> list[StandingInvoice]:
        """What stands for good."""
        return self.invoices(*STANDING)

    def sums(self, reference: str | None = None) -> LedgerSums:
        """Of the whole general ledger, or of what belongs to the invoices under one reference."""
        domain: list[Any] = [["move.state", "=", "posted"]]
        if reference is not None:
            ids = [invoice.id for invoice in self.invoices() if invoice.reference == reference]
            domain.append(["move.origin", "in", [f"account.invoice,{one}" for one in ids]])
        fields = ("debit", "credit", "account.code", "account.type.receivable", "account.type.revenue")
        return summed(self.tryton.rows("account.move.line", domain, *fields))

    def sums_by_reference(self) -> dict[str, LedgerSums]:
        """`sums` of every reference that has a posted move, in one reading."""
        references = {f"account.invoice,{invoice.id}": invoice.reference for invoice in self.invoices()}
        lines: dict[str, list[dict[str, Any]]] = {}
        fields = ("debit", "credit", "account.code", "account.type.receivable", "account.type.revenue", "move.origin")
        for line in self.tryton.rows("account.move.line", [["move.state", "=", "posted"]], *fields):
            reference = references.get(line["move."]["origin"])
            if reference is not None:
                lines.setdefault(reference, []).append(line)
        return {reference: summed(of_it) for reference, of_it in lines.items()}

    def numbers_missing(self) -> list[str]:
        """Gaps in the rows of invoice numbers."""
        by_prefix: dict[str, list[int]] = {}
        for invoice in self.invoices():
            prefix, _, digits = (invoice.number or "").rpartition("-")
            if digits.isdecimal():
                by_prefix.setdefault(prefix, []).append(int(digits))
        return [
            f"{prefix}-{number:05d}"
            for prefix, taken in by_prefix.items()
            for number in range(1, max(taken) + 1)
            if number not in taken
        ]

    def attachments(self, invoice: int) -> tuple[str, ...]:
        """Their names, oldest first."""
        rows = self.tryton.rows("ir.attachment", [["resource", "=", f"account.invoice,{invoice}"]], "name")
        return tuple(row["name"] for row in rows)

    def line_texts(self, invoice: int) -> tuple[str, ...]:
        """The lines' descriptions, in the invoice's order."""
        rows = self.tryton.rows("account.invoice.line", [["invoice", "=", invoice]], "description")
        return tuple(row["description"] or "" for row in rows)

    def close(self) -> None:
        """Let go of the connection."""
        self.tryton.close()


ACTIVATED_MODULE = (["name", "=", "owner_invoice_retainage"], ["state", "=", "activated"])


def summed(lines: Sequence[dict[str, Any]]) -> LedgerSums:
    """By kind of account."""
    sums = dict.fromkeys(("receivable", "retainage", "revenue", "other"), Decimal(0))
    for line in lines:
        sums[kind_of(line["account."])] += line["debit"] - line["credit"]
    return LedgerSums(**sums)


def kind_of(account: dict[str, Any]) -> str:
    """Which of the sums it belongs to."""
    if account["code"] == RETAINAGE_ACCOUNT:
        return "retainage"
    kind = account["type."] or {}
    return "receivable" if kind.get("receivable") else "revenue" if kind.get("revenue") else "other"
