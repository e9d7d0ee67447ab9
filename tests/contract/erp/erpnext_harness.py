"""ERPNext for the contract suite: its stand-in over real HTTP, one site for each test, set up as our page asks for."""

import html
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Self
from uuid import uuid4

from deploy.sandbox.erpnext.control_client import ErpNextControl
from deploy.sandbox.erpnext.rules import COMPANY, account, item
from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Refusal
from services.export_worker.erp.adapter import ErpAdapter, Place
from services.export_worker.erp.catalog import make_adapter
from services.export_worker.erp.erpnext.mapping import AGAIN
from tests.contract.erp.harness import Harness, Standing, Trouble

KEY, SECRET = "the-key-of-a-user", "a secret that must not be seen"
FIELD = "procore_reference"
STATES = {0: "draft", 1: "posted", 2: "cancelled"}
SETTINGS = {"company": COMPANY, "tax_account": "Sales Tax - HB", "zero_totals": True}


class ErpNextHarness(Harness):
    """One site of a running stand-in."""

    name = "ERPNext"
    customer = "Harbor Library District"
    job = "PROJ-0001"
    tax_code = "Sales Tax - HB"
    # ERPNext keeps twelve digits before the point.
    odd_amount = "900719925474.93"
    secrets: ClassVar = {"api_key": KEY, "api_secret": SECRET}
    refusals: ClassVar = {
        Refusal.PERIOD_CLOSED: "period_closed",
        Refusal.DUPLICATE_NUMBER: "name_taken",
        Refusal.MISSING_MAPPING: "unknown_link",
        Refusal.MISSING_FIELD: "missing_field",
        Refusal.TOO_LONG: "too_long",
        Refusal.UNSUPPORTED: "negative_rate",
        Refusal.AMOUNT_MISMATCH: "not_balanced",
        Refusal.CURRENCY: "wrong_currency",
        Refusal.NOT_ALLOWED: "not_permitted",
    }
    # A create looks first, and a finish reads the draft.
    hasty_seconds = 2.0
    stale = "stale_version"
    sees_changes = True
    control: ErpNextControl
    url: str

    @classmethod
    async def open(cls, url: str, *, prepared: bool = True) -> Self:
        """A site without invoices, with the accounts and the item of the suite's documents, and with our field."""
        harness = cls(ErpNextControl(url), f"site-{uuid4().hex}")
        harness.url = f"{url}/sites/{harness.book}"
        book, put = harness.book, harness.control.put
        await harness.control.set_up(book, api_key=KEY, api_secret=SECRET)
        await put(book, "Account", "4000", **account("4000", "Income"))
        await put(book, "Account", "1180", **account("1180", "Asset"))
        await put(book, "Item", "4000", **item("4000"))
        await put(book, "Selling Settings", "Selling Settings", allow_negative_rates_for_items=1)
        if prepared:
            assert await harness.adapter().prepare()
        return harness

    def make(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> ErpAdapter:
        return make_adapter(
            "erpnext", Place("contract", {"url": self.url} | SETTINGS | dict(settings), secrets, pace=self.pace)
        )

    async def rules(self, **rules: Any) -> None:
        if set(rules) != {"closed_until"}:
            self.cannot(", ".join(rules))
        closed = [{"document_type": "Sales Invoice", "closed": 1}]
        period = {"company": COMPANY, "start_date": "2026-01-01", "end_date": rules["closed_until"]}
        await self.control.put(self.book, "Accounting Period", "Closed - HB", **period, closed_documents=closed)

    async def with_unique_key(self) -> ErpAdapter:
        return self.adapter()

    async def trouble(self, trouble: Trouble, step: Step | None, *, seconds: float = 0) -> None:
        if trouble is Trouble.WARNS:
            self.cannot("ask")
        if trouble is Trouble.LOG_IN_EXPIRES:
            self.cannot("end a log-in: its key is good until it is generated anew")
        await super().trouble(trouble, step, seconds=seconds)

    async def documents(self) -> list[Standing]:
        return [
            Standing(
                ref=known["name"],
                reference=known.get(FIELD) or "",
                state=STATES[known["docstatus"]],
                number=known["name"] if known["docstatus"] else None,
                receivable=Decimal(str(known["grand_total"])).quantize(Decimal("0.01")),
                attachments=tuple(known["attachments"]),
                text=html.unescape(known["items"][0]["description"].replace("<br>", "\n")),
                notes=known["remarks"],
            )
            for known in await self.control.documents(self.book)
        ]

    async def cancel(self, ref: str) -> None:
        """A draft has to be submitted for that: ERPNext would only delete it."""
        [known] = [one for one in await self.control.documents(self.book) if one["name"] == ref]
        if known["docstatus"] == 0:
            await self.control.submit(self.book, ref)
        await self.control.cancel(self.book, ref)

    async def duplicate(self, ref: str, document: Document) -> None:
        """Under the next mark, which the unique field takes: as a cancelled one that somebody brought to life again."""
        [known] = [one for one in await self.control.documents(self.book) if one["name"] == ref]
        values = {name: value for name, value in known.items() if name not in {"name", "modified", "attachments"}}
        values |= {FIELD: f"{document.reference}{AGAIN}2"}
        await self.control.put(self.book, "Sales Invoice", f"{ref}-1", **values)

    async def delete(self, ref: str) -> None:
        await self.control.drop(self.book, "Sales Invoice", ref)

    async def change_tax(self, ref: str, tax: str) -> None:
        await self.control.charge(self.book, ref, tax)
