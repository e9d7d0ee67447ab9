"""Sage by import files for the contract suite: a real outbox, and somebody who imports each batch as it appears.

What the suite asks of a server (time limits, lost answers, log-ins, rules that are set) files have not: those cases
are skipped by name. tests/contract/sage_file holds what only files have: batches that wait, are void or half told.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Done, Found, HandedOver, Outcome, Refusal
from services.export_worker.erp.adapter import ErpAdapter, Place
from services.export_worker.erp.sage_file.adapter import SageFileAdapter
from services.export_worker.erp.sage_file.answers import CONFIRMED, IMPORT, IMPORTED, Fate
from services.export_worker.erp.sage_file.outbox import Known
from tests.contract.erp.harness import Harness, Standing, Trouble
from tests.contract.sage_file.outboxes import CRE

CUSTOMER = "C-100"
# A customer alone will do, as in most of the other ERPs.
TEMPLATE = CRE["template"] | {
    part: [column for column in CRE["template"][part] if column != "job"] for part in ("invoice", "distribution")
}
TEMPLATE["invoice"].append("link")
UNKNOWN = "Customer {} is not on file"
STATES = {Fate.STANDS: "posted", Fate.CANCELLED: "cancelled"}


class Importer:
    """Imports at once. `refusals` are Sage's words for what it imports next."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.refusals: list[str] = []

    def take(self, known: Known) -> None:
        """One closed batch, of one invoice. Another worker's agent may have been faster."""
        if known.line.customer != CUSTOMER:
            self.tell(known, f",{UNKNOWN.format(known.line.customer)},")
        elif self.refusals:
            self.tell(known, f",{self.refusals.pop()},")
        else:
            file = self.folder / (known.batch.id + IMPORT)
            with contextlib.suppress(FileNotFoundError):
                file.rename(self.folder / (known.batch.id + IMPORTED))

    def tell(self, known: Known, answer: str) -> None:
        """A row of BATCH.confirmed.csv."""
        rows = ("reference,erp_number,error,voided", f"{known.line.ref},{answer}")
        (self.folder / (known.batch.id + CONFIRMED)).write_text("".join(f"{row}\n" for row in rows))


class ImportedAtOnce(SageFileAdapter):
    """Its batches hold one invoice each, and are imported before anybody looks."""

    def __init__(self, place: Place, importer: Importer) -> None:
        super().__init__(place)
        self.importer = importer

    async def perform(
        self, step: Step, document: Document, ref: str | None, accepted: frozenset[str] = frozenset()
    ) -> Outcome:
        """What was handed over, and then what the import made of it."""
        outcome = await super().perform(step, document, ref, accepted)
        if not isinstance(outcome, HandedOver):
            return outcome
        [known] = [one for one in self.lines() if one.line.ref == outcome.ref]
        self.importer.take(known)
        found = await self.read(outcome.ref)
        if isinstance(found, Found) and found.done:
            return Done(outcome.ref)
        return await super().perform(step, document, outcome.ref, accepted)

    def lines(self) -> list[Known]:
        """All that was ever handed over."""
        with self.outbox.visit(self.now()) as visit:
            return visit.known(lambda _: True)


class SageHarness(Harness):
    """One outbox of Sage 300 CRE, whose template has a column for everything."""

    name = "Sage by files"
    customer = CUSTOMER
    job = "2601"
    secrets: ClassVar = {}
    shows_links = False
    takes_every_script = False
    refusals: ClassVar = {
        Refusal.PERIOD_CLOSED: "Posting period 10 is closed",
        Refusal.DUPLICATE_NUMBER: "Duplicate Invoice encountered. Invoice # must be unique",
        Refusal.MISSING_MAPPING: "Job 2601 is not on file",
        Refusal.MISSING_FIELD: "Due date is required",
        Refusal.TOO_LONG: "Description is too long",
        Refusal.NOT_ALLOWED: "Record is locked by ADA",
    }

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.importer = Importer(folder)
        self.adapters: list[ErpAdapter] = []

    @classmethod
    async def open(cls, parent: Path) -> Self:
        """Prepared, and empty."""
        harness = cls(parent / "outbox")
        assert await harness.adapter().prepare()
        return harness

    def make(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> ImportedAtOnce:
        here = CRE | {"template": TEMPLATE, "outbox": str(self.folder), "batch_size": 1}
        return ImportedAtOnce(Place("contract", here | dict(settings), secrets), self.importer)

    def made(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> ErpAdapter:
        adapter = self.make(settings, secrets)
        self.adapters.append(adapter)
        return adapter

    def nowhere(self) -> ErpAdapter:
        return self.made({"outbox": str(self.folder.with_name("not mounted"))}, self.secrets)

    def stranger(self) -> ErpAdapter:
        self.cannot("be entered with a secret")

    async def hasty(self, *, settles_after: float = 6) -> ErpAdapter:
        self.cannot("be given up on: it answers as fast as its disk")

    async def with_unique_key(self) -> ErpAdapter:
        return self.adapter()

    def written(self, known: Known) -> str:
        """All that was ever written for its batch, as the importer reads it."""
        return "\n".join(file.read_text(encoding="utf-8-sig") for file in self.folder.rglob(f"{known.batch.id}*"))

    async def documents(self) -> list[Standing]:
        return [
            Standing(
                ref=known.line.ref,
                reference=known.line.reference,
                state=STATES[known.told.fate],
                number=known.told.number,
                receivable=known.line.totals.receivable,
                attachments=(),
                text=known.line.text,
                notes=self.written(known),
            )
            for known in self.lines()
            if known.told.fate in STATES
        ]

    async def cancel(self, ref: str) -> None:
        [known] = [one for one in self.lines() if one.line.ref == ref]
        self.importer.tell(known, ",,yes")

    async def refuse(self, refusal: Refusal, step: Step) -> None:
        if refusal not in self.refusals:
            self.cannot(f"refuse with {refusal}")
        await self.refuse_saying(self.refusals[refusal], step)

    async def refuse_saying(self, text: str, step: Step | None) -> None:
        if step is not Step.CREATE:
            self.cannot("refuse a look-up")
        self.importer.refusals.append(text)

    async def trouble(self, trouble: Trouble, step: Step | None, *, seconds: float = 0) -> None:
        self.cannot(f"lose an answer on its way ({trouble})")

    async def hold(self, step: Step, *, before: bool = False) -> None:
        self.cannot("be held in the middle")

    async def requests(self) -> int:
        self.cannot("be asked over HTTP")

    async def log_ins(self) -> int:
        return 0

    async def close(self) -> None:
        for adapter in self.adapters:
            await adapter.close()

    def lines(self) -> list[Known]:
        """As an adapter of its own sees them."""
        reader = self.make({}, self.secrets)
        self.adapters.append(reader)
        return reader.lines()
