"""Odoo for the contract suite: its stand-in over real HTTP, one database for each test, over either interface."""

import html
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Self
from uuid import uuid4

from deploy.sandbox.faulty.orders import ErpStep
from deploy.sandbox.odoo.control_client import OdooControl
from deploy.sandbox.odoo.vendor import JSON2
from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Refusal
from services.export_worker.erp.adapter import ErpAdapter, Place
from services.export_worker.erp.catalog import make_adapter
from tests.contract.erp.harness import FAULTS, Harness, Standing, Trouble

KEY = "a key that must not be seen"
STATES = {"draft": "draft", "posted": "posted", "cancel": "cancelled"}
CODES = {
    Refusal.PERIOD_CLOSED: "period_closed",
    Refusal.DATE_OUT_OF_SEQUENCE: "date_out_of_sequence",
    Refusal.DUPLICATE_NUMBER: "duplicate_number",
    Refusal.MISSING_MAPPING: "unknown_record",
    Refusal.MISSING_FIELD: "missing_field",
    Refusal.TOO_LONG: "too_long",
    Refusal.UNSUPPORTED: "negative_total",
    Refusal.AMOUNT_MISMATCH: "not_balanced",
    Refusal.CURRENCY: "inactive_currency",
    Refusal.NOT_ALLOWED: "not_permitted",
}


class OdooHarness(Harness):
    """One database of a running stand-in."""

    customer = "7"
    job = "5"
    tax_code = "3"
    secrets: ClassVar = {"api_key": KEY}
    # A create asks for all that the document points to before it is sent.
    hasty_seconds = 2.0
    control: OdooControl
    url: str
    api: ClassVar[str]
    version: ClassVar[str]

    @classmethod
    async def open(cls, url: str) -> Self:
        """A database with nothing but what it has from the start; its tax comes to the suite's amount."""
        harness = cls(OdooControl(url), f"db-{uuid4().hex}")
        harness.url = url
        await harness.control.set_up(harness.book, api_key=KEY, version=cls.version, tax_percent=8.250006)
        return harness

    def make(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> ErpAdapter:
        here = {"url": self.url, "database": self.book, "api": self.api, "user": "export", "zero_totals": True}
        return make_adapter(
            "odoo", Place("contract", here | {"income_account": "4000"} | dict(settings), secrets, pace=self.pace)
        )

    async def rules(self, **rules: Any) -> None:
        known = {"closed_until": "fiscalyear_lock_date"}
        if not set(rules) <= set(known):
            self.cannot(", ".join(set(rules) - set(known)))
        await self.control.set_up(self.book, **{known[name]: rule for name, rule in rules.items()})

    async def with_unique_key(self) -> ErpAdapter:
        return self.adapter()

    async def trouble(self, trouble: Trouble, step: Step | None, *, seconds: float = 0) -> None:
        if trouble is Trouble.WARNS:
            self.cannot("ask")
        if trouble is Trouble.LOG_IN_EXPIRES and self.api == "json2":
            self.cannot("end a log-in: its key is good until it is revoked")
        if trouble is Trouble.BUSY:
            fault = FAULTS[trouble].model_copy(
                update={"retry_after": 5, "step": ErpStep(step) if step else ErpStep.FIND}
            )
            await self.control.order(self.book, fault)
            return
        await super().trouble(trouble, step, seconds=seconds)

    async def documents(self) -> list[Standing]:
        return [
            Standing(
                ref=str(known["id"]),
                reference=known["invoice_origin"],
                state=STATES[known["state"]],
                number=known["name"] if known["posted_before"] else None,
                receivable=Decimal(str(known["amount_total"])).quantize(Decimal("0.01")),
                attachments=tuple(known["attachments"]),
                text=known["lines"][0]["name"],
                notes=html.unescape(known["narration"]),
            )
            for known in await self.control.documents(self.book)
        ]

    async def cancel(self, ref: str) -> None:
        await self.control.cancel(self.book, int(ref))

    async def duplicate(self, ref: str, document: Document) -> None:
        await self.control.duplicate(self.book, int(ref))

    async def delete(self, ref: str) -> None:
        await self.control.delete(self.book, int(ref))

    async def change_tax(self, ref: str, tax: str) -> None:
        await self.control.edit(self.book, int(ref), by_hand=tax)


class JsonRpcHarness(OdooHarness):
    """As up to Odoo 18."""

    name = "Odoo over JSON-RPC"
    api = "jsonrpc"
    version = "17.0-20240709"
    refusals: ClassVar = CODES


class Json2Harness(OdooHarness):
    """As from Odoo 19."""

    name = "Odoo over JSON-2"
    api = "json2"
    version = "19.0"
    no_code = f"{JSON2}plain"
    refusals: ClassVar = {refusal: f"{JSON2}{code}" for refusal, code in CODES.items()}
