"""Retainage in an unchanged Tryton: an entry that moves it out of the receivable, then tied to the invoice."""

from collections.abc import Collection

from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Refusal, Refused, Reread
from services.export_worker.erp.tryton.company import Books
from services.export_worker.erp.tryton.mapping import Entry, entry_lines, entry_text, line_to_settle
from services.export_worker.erp.tryton.reading import Reader
from services.export_worker.erp.tryton.settings import TrytonSettings
from services.export_worker.erp.tryton.transport import Stopped, Tryton
from services.export_worker.erp.tryton.wire import IDS, NOTHING, STANDS_POSTED, Invoice, State, day


class Retainage:
    """The steps RECLASSIFY and SETTLE of posted invoices. Raises Stopped."""

    def __init__(self, tryton: Tryton, books: Books, reader: Reader, settings: TrytonSettings) -> None:
        self.tryton = tryton
        self.books = books
        self.reader = reader
        self.settings = settings

    async def reclassify(self, ref: str, document: Document, accepted: Collection[str]) -> None:
        """Enter and post. An entry that was begun before is gone on with; one that was taken back is made anew."""
        invoice = await self.posted(ref)
        standing = await self.standing(invoice)
        if any(entry.move.state == "posted" for entry in standing):
            return
        move = standing[0].move.id if standing else await self.enter(invoice, document, accepted)
        context = await self.books.context()
        await self.tryton.do(NOTHING, "model.account.move.post", [move], context, accepted=accepted)

    async def settle(self, ref: str) -> None:
        """Count what is held as paid on the invoice, so that what is due on it is what the owner owes now."""
        invoice = await self.posted(ref)
        standing = [entry for entry in await self.standing(invoice) if entry.stands]
        if not standing:
            raise Stopped(Reread(f"The entry that moves the retainage of {invoice.number} does not stand any more."))
        context = await self.books.context()
        for entry in standing:
            line = line_to_settle(invoice, entry)
            if line is not None:
                values = {"payment_lines": [["add", [line.id]]]}
                await self.tryton.do(NOTHING, "model.account.invoice.write", [invoice.id], values, context)

    async def enter(self, invoice: Invoice, document: Document, accepted: Collection[str]) -> int:
        """A draft entry."""
        code = document.retainage_account or self.settings.retainage_account
        if code is None:
            raise Stopped(no_account())
        retainage = (await self.books.accounts({code}))[code]
        receivable = await self.books.account(invoice.account)
        sides = [(one.id, one.party_required) for one in (retainage, receivable)]
        values = {
            "company": (await self.books.company()).id,
            "journal": await self.books.journal(self.settings.entry_journal, "miscellaneous", "general", "revenue"),
            "period": invoice.move.period,
            "date": day(invoice.invoice_date),
            "origin": invoice.origin,
            "description": entry_text(document.reference),
            "lines": [["create", entry_lines(document, invoice.party, *sides)]],
        }
        context = await self.books.context()
        made = await self.tryton.do(IDS, "model.account.move.create", [values], context, accepted=accepted)
        return made[0]

    async def posted(self, ref: str) -> Invoice:
        """The invoice, as long as its retainage may be moved."""
        invoice = await self.reader.invoice(ref)
        if invoice is None or invoice.state not in STANDS_POSTED:
            state = State.CANCELLED if invoice is None else invoice.state
            raise Stopped(Reread(f"Invoice {ref} is not posted in Tryton, but {'gone' if invoice is None else state}."))
        return invoice

    async def standing(self, invoice: Invoice) -> list[Entry]:
        """Its entries that nobody took back."""
        return [entry for entry in await self.reader.entries(invoice) if not entry.is_cancelled]


def no_account() -> Refused:
    """Neither a mapping nor a setting names one."""
    text = "Retainage has no account in Tryton. Map one, or set retainage_account, then replay."
    return Refused(Refusal.MISSING_MAPPING, text, "retainage_account")
