"""The ERP sandbox for the contract suite: real HTTP, one book for each test."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self
from uuid import uuid4

from deploy.sandbox.erp.control_client import ErpControl
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Refusal
from services.export_worker.erp.adapter import ErpAdapter, Place
from services.export_worker.erp.catalog import make_adapter
from tests.contract.erp.harness import PATIENT, Harness, Standing

SECRET = "a secret that must not be seen"


class SandboxHarness(Harness):
    """One book of a running sandbox."""

    name = "the ERP sandbox"
    customer = "C-100"
    job = "J-100"
    secrets: ClassVar = {"client_secret": SECRET}
    refusals: ClassVar = {
        Refusal.PERIOD_CLOSED: "period_closed",
        Refusal.DATE_OUT_OF_SEQUENCE: "date_out_of_sequence",
        Refusal.DUPLICATE_NUMBER: "duplicate_number",
        Refusal.MISSING_MAPPING: "unknown_customer",
        Refusal.MISSING_FIELD: "missing_field",
        Refusal.TOO_LONG: "text_too_long",
        Refusal.UNSUPPORTED: "negative_total",
        Refusal.CONTRACT_NOT_SYNCED: "job_not_synced",
        Refusal.AMOUNT_MISMATCH: "lines_do_not_add_up",
        Refusal.CURRENCY: "currency_not_enabled",
        Refusal.NOT_ALLOWED: "not_permitted",
    }
    stale = "stale_version"
    control: ErpControl

    @classmethod
    async def open(cls, url: str) -> Self:
        """An empty book."""
        harness = cls(ErpControl(url), f"book-{uuid4().hex}")
        harness.url = url
        await harness.rules(client_secret=SECRET)
        return harness

    url: str

    def make(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> ErpAdapter:
        here = {"url": self.url, "book": self.book}
        return make_adapter("erp_sandbox", Place("contract", here | dict(settings), secrets, pace=self.pace))

    async def rules(self, **rules: Any) -> None:
        known = {"log_in_seconds": "token_seconds"}
        await self.control.set_up(self.book, **{known.get(name, name): rule for name, rule in rules.items()})

    async def with_unique_key(self) -> ErpAdapter:
        await self.rules(unique_reference=True)
        return self.made({"unique_key": True}, self.secrets)

    async def with_replay_key(self) -> ErpAdapter:
        await self.rules(replay_key=True)
        return self.made({"replay_key": True}, self.secrets)

    async def with_staleness(self, seconds: float) -> ErpAdapter:
        await self.rules(read_staleness_seconds=seconds, unique_reference=True)
        return self.made({"look_up_staleness_seconds": seconds, "unique_key": True}, self.secrets)

    async def with_credits(self) -> ErpAdapter:
        await self.rules(allows_negative=True)
        return self.made({"negative_totals": True}, self.secrets)

    def made(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> ErpAdapter:
        adapter = self.make(PATIENT | dict(settings), secrets)
        self.adapters.append(adapter)
        return adapter

    async def documents(self) -> list[Standing]:
        return [
            Standing(
                ref=known.id,
                reference=known.content.external_reference,
                state=known.state,
                number=known.number,
                receivable=known.totals.receivable,
                attachments=tuple(file.name for file in known.attachments),
                text=known.content.lines[0].text,
                notes=known.content.link or "",
            )
            for known in await self.control.documents(self.book)
        ]

    async def cancel(self, ref: str) -> None:
        await self.control.cancel(self.book, ref)

    async def duplicate(self, ref: str, document: Document) -> None:
        await self.create_once_more(document)

    async def delete(self, ref: str) -> None:
        await self.control.delete(self.book, ref)

    async def change_tax(self, ref: str, tax: str) -> None:
        await self.control.edit(self.book, ref, tax_amount=tax)
