"""Looking up invoices: what stands under a reference, and what it says."""

from typing import Any

from pydantic import ConfigDict

from services.export_worker.core.outcomes import Failure, Found
from services.export_worker.erp.erpnext.mapping import SUBMITTED, found, place_of
from services.export_worker.erp.erpnext.settings import ErpNextSettings
from services.export_worker.erp.erpnext.site import Site
from services.export_worker.erp.erpnext.wire import Credit, Invoice, Named

SALES_INVOICE = "Sales Invoice"


class Marked(Named):
    """An invoice and the field that carries our mark, whatever that is called."""

    model_config = ConfigDict(frozen=True, extra="allow")

    def mark(self, field: str) -> str:
        """Empty where there is none."""
        told: Any = (self.model_extra or {}).get(field)
        return str(told or "")


class Reader:
    """Safe to use from many tasks at once."""

    def __init__(self, site: Site, settings: ErpNextSettings) -> None:
        self.site = site
        self.settings = settings

    async def marked(self, reference: str) -> list[Marked] | Failure:
        """All invoices under the reference. ERPNext compares case blind, and `_` is any letter: we look again."""
        field = self.settings.reference_field
        like = f"{reference.replace(chr(92), '_')}%"
        rows = await self.site.listed(SALES_INVOICE, Marked, [(field, "like", like)], ["name", field])
        if not isinstance(rows, list):
            return rows
        return [row for row in rows if place_of(reference, row.mark(field)) is not None]

    async def invoice(self, name: str) -> Invoice | Failure | None:
        """One invoice; None when it is not there."""
        return await self.site.read(SALES_INVOICE, name, Invoice)

    async def shown(self, name: str) -> Found | Failure | None:
        """One invoice in our words."""
        invoice = await self.invoice(name)
        if not isinstance(invoice, Invoice):
            return invoice
        credited = await self.is_taken_back(invoice)
        return found(invoice, self.settings.url, credited=credited) if isinstance(credited, bool) else credited

    async def standing(self, marked: list[Marked]) -> list[Found] | Failure:
        """What each of them says; one that was deleted meanwhile is left out."""
        told: list[Found] = []
        for one in marked:
            shown = await self.shown(one.name)
            if isinstance(shown, Failure):
                return shown
            told += [] if shown is None else [shown]
        return told

    async def is_taken_back(self, invoice: Invoice) -> bool | Failure:
        """Whether credit notes took back the whole of it. Its status does not say: a note may stand for itself."""
        if invoice.docstatus != SUBMITTED:
            return False
        mine = [("return_against", "=", invoice.name), ("docstatus", "=", SUBMITTED)]
        notes = await self.site.listed(SALES_INVOICE, Credit, mine, ["grand_total"])
        if not isinstance(notes, list):
            return notes
        return -sum(note.grand_total for note in notes) >= invoice.grand_total
