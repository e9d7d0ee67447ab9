"""Outboxes for the tests of Sage by files, and documents that go into them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Found, HandedOver, LookUpFailure
from services.export_worker.erp.adapter import CheckResult, Place
from services.export_worker.erp.sage_file.adapter import SageFileAdapter
from tests.contract.erp.documents import a_document

MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
A_BATCH = timedelta(minutes=15)
CONTRACTOR: dict[str, Any] = {"product": "sage_100_contractor"}
CRE: dict[str, Any] = {
    "product": "sage_300_cre",
    "template": {
        "invoice": [
            *("customer", "number", "description", "invoice_date", "due_date", "gross"),
            *("retainage", "tax", "receivable", "reference", "blank", "job"),
        ],
        "distribution": ["job", "cost_code", "account", "amount", "retainage", "description"],
        "date_format": "MM/DD/YYYY",
        "max_number_length": 20,
    },
}


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta = A_BATCH) -> None:
        """Move on."""
        self.now += time


@dataclass
class Scene:
    """One prepared outbox, its adapter and its clock."""

    folder: Path
    adapter: SageFileAdapter
    clock: Clock = field(default_factory=Clock)

    async def handed_over(self, document: Document) -> HandedOver:
        """It must be."""
        outcome = await self.adapter.perform(Step.CREATE, document, None)
        assert isinstance(outcome, HandedOver), outcome
        return outcome

    async def found(self, document: Document) -> list[Found]:
        """The look-up must be answered."""
        answer = await self.adapter.find(document.reference)
        assert not isinstance(answer, LookUpFailure), answer
        return list(answer)

    async def released(self) -> list[Path]:
        """The import files, once the open batch had its time."""
        self.clock.pass_by()
        assert not isinstance(await self.adapter.find("nobody"), LookUpFailure)
        return sorted(self.folder.glob("*.csv"))

    def renamed(self, batch: str, kind: str) -> None:
        """As a person does it in a file manager."""
        (self.folder / f"{batch}.csv").rename(self.folder / f"{batch}.{kind}.csv")

    def told(self, batch: str, *rows: str) -> None:
        """A file of answers beside the batch."""
        content = "".join(f"{row}\n" for row in ("reference,invoice_number,erp_number,error,voided", *rows))
        (self.folder / f"{batch}.confirmed.csv").write_text(content, encoding="utf-8")


async def open_scene(parent: Path, settings: dict[str, Any] | None = None, **changes: Any) -> Scene:
    """Sage 100 Contractor unless told otherwise."""
    folder, clock = parent / "outbox", Clock()
    place = Place("harbor", {"outbox": str(folder), **(settings or CONTRACTOR), **changes})
    adapter = SageFileAdapter(place, clock)
    prepared = await adapter.prepare()
    assert all(check.result is CheckResult.PREPARED for check in prepared), prepared
    return Scene(folder, adapter, clock)


def an_invoice(*amounts: str, nth: int = 7, **changes: Any) -> Document:
    """For a job and an account that are numbers, as Sage 100 Contractor has them."""
    numbered = {"reference": f"harbor:1001:{90000 + nth}:1", "number": f"HBL-{nth:04}", "job": "2601"}
    return a_document(*amounts, **(numbered | changes))
