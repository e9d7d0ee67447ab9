"""What stands in Tryton: invoices by our reference or by their ids, with everything that says how far they are."""

from collections.abc import Sequence
from typing import Any

from services.export_worker.core.outcomes import Found
from services.export_worker.erp.tryton.company import Books
from services.export_worker.erp.tryton.mapping import EXTERNAL_KEY, REFERENCE, Entry, entry_text, found
from services.export_worker.erp.tryton.settings import TrytonSettings
from services.export_worker.erp.tryton.wire import Invoice, InvoiceLine, Move, MoveLine

FIELDS = (
    "state",
    "number",
    "party",
    "account",
    "invoice_date",
    "move.period",
    "untaxed_amount",
    "tax_amount",
    "total_amount",
    "lines",
    "taxes",
    "payment_lines",
)


class Reader:
    """Looks, and changes nothing. Raises Stopped."""

    def __init__(self, books: Books, settings: TrytonSettings) -> None:
        self.books = books
        self.key = EXTERNAL_KEY if settings.module else REFERENCE
        self.has_module = settings.module
        client = settings.web_client_url or settings.url
        self.link = f"{client.rstrip('/')}/#{settings.database}/model/account.invoice"

    async def under(self, reference: str) -> list[Found]:
        """All that carry exactly this reference."""
        seen = await self.invoices([self.key, "=", reference])
        return [await self.shown(one) for one in seen if one.key == reference]

    async def at(self, ref: str) -> Found | None:
        """One by its id."""
        invoice = await self.invoice(ref)
        return None if invoice is None else await self.shown(invoice)

    async def invoice(self, ref: str) -> Invoice | None:
        """As Tryton has it; None when it is gone, or `ref` is none of Tryton's."""
        if not (ref.isascii() and ref.isdecimal()):
            return None
        seen = await self.invoices(["id", "=", int(ref)])
        return seen[0] if seen else None

    async def invoices(self, which: Sequence[Any]) -> list[Invoice]:
        """Of customers."""
        domain = [["type", "=", "out"], list(which), *await self.books.own()]
        return await self.books.rows(Invoice, "account.invoice", domain, *FIELDS, self.key)

    async def shown(self, invoice: Invoice) -> Found:
        """With what its retainage stands on."""
        url = f"{self.link}/{invoice.id}"
        if self.has_module:
            return found(invoice, lines=await self.lines(invoice), url=url)
        return found(invoice, entries=await self.entries(invoice), url=url)

    async def lines(self, invoice: Invoice) -> list[InvoiceLine]:
        """With whether their accounts hold retainage."""
        fields = ("invoice", "amount", "description", "account.type.retainage")
        domain = [["invoice", "=", invoice.id], ["type", "=", "line"]]
        return await self.books.rows(InvoiceLine, "account.invoice.line", domain, *fields)

    async def entries(self, invoice: Invoice) -> list[Entry]:
        """Those that move its retainage: they name the invoice as their origin, and its reference in their text."""
        by_us = [["origin", "=", invoice.origin], ["description", "=", entry_text(invoice.key or "")]]
        moves = await self.books.rows(Move, "account.move", by_us, "state", "origin", "description")
        if not moves:
            return []
        ids = [move.id for move in moves]
        fields = ("move", "account", "debit", "credit", "description")
        lines = await self.books.rows(MoveLine, "account.move.line", [["move", "in", ids]], *fields)
        origins = [f"account.move,{move_id}" for move_id in ids]
        taken_back = await self.books.rows(Move, "account.move", [["origin", "in", origins]], "state", "origin")
        cancelled = {move.origin for move in taken_back}
        return [
            Entry(move, [line for line in lines if line.move == move.id], f"account.move,{move.id}" in cancelled)
            for move in moves
        ]
