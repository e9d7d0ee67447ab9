"""A real Tryton for the contract suite, behind a proxy that lets ordered faults happen. Emptied for each test."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Self, TypeVar

from deploy.sandbox.faulty.control_client import FaultControl
from deploy.sandbox.faulty.proxy import BOOK
from deploy.sandbox.tryton.bookkeeper import Bookkeeper
from deploy.sandbox.tryton.faults import FaultyTryton
from deploy.sandbox.tryton.oracle import StandingInvoice
from deploy.sandbox.tryton.seeding import RETAINAGE_ACCOUNT, REVENUE_ACCOUNT, TAX_ACCOUNT
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Refusal
from services.export_worker.erp.adapter import ErpAdapter, Place
from services.export_worker.erp.catalog import make_adapter
from tests.contract.erp.harness import Harness, Standing

Result = TypeVar("Result")
ACCOUNTS = {
    "revenue_account": REVENUE_ACCOUNT,
    "retainage_account": RETAINAGE_ACCOUNT,
    "tax_account": TAX_ACCOUNT,
}
STATES = {"validated": "draft", "paid": "posted"}


class TrytonHarness(Harness):
    """Unchanged."""

    name = "Tryton"
    customer = "C-100"
    job = None
    refusals: ClassVar = {
        Refusal.PERIOD_CLOSED: "period_closed",
        Refusal.DATE_OUT_OF_SEQUENCE: "date_out_of_sequence",
        Refusal.MISSING_MAPPING: "not_in_domain",
        Refusal.MISSING_FIELD: "required",
        Refusal.TOO_LONG: "too_long",
        Refusal.UNSUPPORTED: "unforeseen",
        Refusal.AMOUNT_MISMATCH: "unbalanced",
        Refusal.CURRENCY: "no_rate",
        Refusal.NOT_ALLOWED: "no_right",
    }
    stale = "stale_version"
    hasty_seconds = 3.0
    many = 5
    future_date = datetime.now(UTC).date() + timedelta(days=2)  # Tryton's today is the machine's
    has_module = False
    secrets: Mapping[str, str]

    def __init__(self, tryton: FaultyTryton) -> None:
        super().__init__(FaultControl(tryton.url), BOOK)
        self.tryton = tryton
        self.secrets = {"password": tryton.running.password}
        self.bookkeeper, self.oracle = tryton.bookkeeper, tryton.oracle
        self.log_ins_before = 0

    @classmethod
    async def open(cls, tryton: FaultyTryton) -> Self:
        """With nothing in it but what was seeded."""
        harness = cls(tryton)
        tryton.vendor.reset()
        await asyncio.to_thread(harness.bookkeeper.empty)
        harness.log_ins_before = await super(TrytonHarness, harness).log_ins()
        return harness

    def make(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> ErpAdapter:
        running = self.tryton.running
        reach = {"url": self.tryton.url, "database": running.database, "user": running.user, "module": self.has_module}
        return make_adapter("tryton", Place("contract", {**reach, **ACCOUNTS, **settings}, secrets, pace=self.pace))

    async def documents(self) -> list[Standing]:
        """Credit notes carry no reference, and are not ours."""
        invoices = await asyncio.to_thread(self.oracle.invoices)
        return [await self.standing(invoice) for invoice in invoices if invoice.reference]

    async def standing(self, invoice: StandingInvoice) -> Standing:
        sums = await asyncio.to_thread(self.oracle.sums, invoice.reference)
        texts = await asyncio.to_thread(self.oracle.line_texts, invoice.id)
        return Standing(
            ref=str(invoice.id),
            reference=invoice.reference,
            state=STATES.get(invoice.state, invoice.state),
            number=invoice.number,
            receivable=sums.receivable if invoice.number else invoice.total,
            attachments=await asyncio.to_thread(self.oracle.attachments, invoice.id),
            text=texts[0] if texts else "",
            notes=invoice.comment,
        )

    async def rules(self, **rules: Any) -> None:
        """Its own rules need no order: it keeps the order of dates, and warns of those in the future."""
        rules.pop("keeps_date_order", None)
        if rules.pop("warns_of_future_dates", False):
            rules.pop("today", None)
        if (closed := rules.pop("closed_until", None)) is not None:
            await self.act(lambda people: people.close_period(date.fromisoformat(closed)))
        if (seconds := rules.pop("log_in_seconds", None)) is not None:
            self.tryton.vendor.log_in_seconds = seconds
        if rules:
            self.cannot(", ".join(rules))

    async def log_ins(self) -> int:
        """Of this test: the server has seen others."""
        return await super().log_ins() - self.log_ins_before

    async def cancel(self, ref: str) -> None:
        await self.act(lambda people: people.cancel(int(ref)))

    async def duplicate(self, ref: str, document: Document) -> None:
        await self.create_once_more(document)

    async def delete(self, ref: str) -> None:
        await self.act(lambda people: people.delete(int(ref)))

    async def act(self, deed: Callable[[Bookkeeper], Result]) -> Result:
        """By people, beside the export."""
        return await asyncio.to_thread(deed, self.bookkeeper)

    async def close(self) -> None:
        await self.control.clear(self.book)
        await super().close()


class TrytonModuleHarness(TrytonHarness):
    """With our module."""

    name = "Tryton with our module"
    has_module = True

    async def with_unique_key(self) -> ErpAdapter:
        return self.adapter()

    async def duplicate(self, ref: str, document: Document) -> None:
        self.cannot(f"hold a second one beside {ref} ({document.reference}): its database does not")
