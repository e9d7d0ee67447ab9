"""QuickBooks Online for the contract suite: its stand-in over real HTTP, one company for each test."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self
from uuid import uuid4

from deploy.sandbox.quickbooks_online.control_client import QuickBooksControl
from deploy.sandbox.quickbooks_online.rules import ITEMS, ItemEntry
from deploy.sandbox.quickbooks_online.vendor import LOG_IN_PATH
from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Refusal
from services.export_worker.erp.adapter import ErpAdapter, Place
from services.export_worker.erp.catalog import make_adapter
from services.export_worker.erp.quickbooks_online.mapping import IN_NOTE
from tests.contract.erp.harness import Harness, Standing, Trouble
from tests.support.token_keeper import TokensInMemory

STATES = {"posted": "posted", "voided": "cancelled", "deleted": "deleted"}
# Where the suite's documents point.
OURS = {"4000": ItemEntry(name="Contract work", account="79"), "1180": ItemEntry(name="Held back", account="85")}


class QuickBooksHarness(Harness):
    """One company of a running stand-in. Its adapters share what is stored of its log-in, as all workers do."""

    name = "QuickBooks Online"
    customer = "1"
    job = "2"
    secrets: ClassVar = {}
    # A create looks at the preferences first, and at what it made.
    hasty_seconds = 2.0
    refusals: ClassVar = {
        Refusal.PERIOD_CLOSED: "6210",
        Refusal.DUPLICATE_NUMBER: "6140",
        Refusal.MISSING_MAPPING: "610",
        Refusal.MISSING_FIELD: "2020",
        Refusal.TOO_LONG: "2050",
        Refusal.UNSUPPORTED: "6000",
        Refusal.AMOUNT_MISMATCH: "6070",
        Refusal.CURRENCY: "6000/currency",
        Refusal.NOT_ALLOWED: "120",
    }
    stale = "5010"
    control: QuickBooksControl
    url: str
    tokens: TokensInMemory

    @classmethod
    async def open(cls, url: str) -> Self:
        """An empty company with secrets of its own."""
        harness = cls(QuickBooksControl(url), str(uuid4().int)[:19])
        harness.url = url
        names = ("client_id", "client_secret", "refresh_token")
        harness.secrets = {name: f"{name}-{uuid4().hex}" for name in names}  # type: ignore[misc]
        harness.tokens = TokensInMemory(harness.secrets["refresh_token"])
        items = {name: item.model_dump() for name, item in (ITEMS | OURS).items()}
        await harness.control.set_up(harness.book, items=items, **harness.secrets)
        return harness

    def make(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> ErpAdapter:
        here = {"url": self.url, "log_in_url": f"{self.url}{LOG_IN_PATH}", "realm_id": self.book}
        # The stand-in's queries lag behind nothing.
        settled = here | {"look_up_staleness_seconds": 0} | dict(settings)
        is_ours = secrets["refresh_token"] == self.secrets["refresh_token"]
        tokens = self.tokens if is_ours else TokensInMemory(secrets["refresh_token"])
        return make_adapter("quickbooks_online", Place("contract", settled, secrets, tokens, self.pace))

    async def rules(self, **rules: Any) -> None:
        known = {"closed_until", "log_in_seconds"}
        if not set(rules) <= known:
            self.cannot(", ".join(set(rules) - known))
        await self.control.set_up(self.book, **rules)

    async def with_replay_key(self) -> ErpAdapter:
        return self.adapter()

    async def trouble(self, trouble: Trouble, step: Step | None, *, seconds: float = 0) -> None:
        if trouble is Trouble.BUSY:
            self.cannot("say with a 503 that nothing was done")
        if trouble is Trouble.WARNS:
            self.cannot("ask")
        await super().trouble(trouble, step, seconds=seconds)

    async def documents(self) -> list[Standing]:
        return [
            Standing(
                ref=known.id,
                reference=noted[1] if (noted := IN_NOTE.search(known.note)) else "",
                state=STATES[known.state],
                number=known.number,
                receivable=known.total,
                attachments=known.attachments,
                text=known.lines[0].text,
                notes=known.note,
            )
            for known in await self.control.documents(self.book)
        ]

    async def cancel(self, ref: str) -> None:
        await self.control.cancel(self.book, ref)

    async def duplicate(self, ref: str, document: Document) -> None:
        await self.control.duplicate(self.book, ref)

    async def delete(self, ref: str) -> None:
        await self.control.delete(self.book, ref)

    async def change_tax(self, ref: str, tax: str) -> None:
        await self.control.edit(self.book, ref, tax=tax)
