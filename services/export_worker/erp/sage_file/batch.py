"""A batch: what one import file holds, as its manifest tells. Pure."""

import hashlib
from datetime import datetime
from decimal import Decimal

from services.export_worker.core.document import Document, Frozen, Totals
from services.export_worker.erp.sage_file.settings import Product
from services.export_worker.erp.sage_file.text import ENCODING


class BatchLine(Frozen):
    """One invoice of a batch. `ref` stands in the file; `reference` is ours. `told`: its refusal was passed on."""

    ref: str
    reference: str
    number: str
    customer: str
    job: str | None
    content_hash: str
    totals: Totals
    text: str
    told: bool = False

    @property
    def identity(self) -> tuple[str, str, str | None]:
        """What Sage knows an invoice by."""
        return self.number, self.customer, self.job


class Batch(Frozen):
    """One manifest. It is open until `closed_at`; `sha256` (hex) and `receivable` are of the whole file."""

    id: str
    connection: str
    product: Product
    opened_at: datetime
    closes_at: datetime
    closed_at: datetime | None = None
    sha256: str | None = None
    receivable: Decimal = Decimal("0.00")
    lines: tuple[BatchLine, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it still collects."""
        return self.closed_at is None

    @property
    def content(self) -> bytes:
        """The import file."""
        return "".join(line.text for line in self.lines).encode(ENCODING)

    @property
    def next_ref(self) -> str:
        """Of the line that comes next. Short enough for Sage's reference column."""
        return f"{self.id}-{len(self.lines) + 1:03}"

    def with_invoice(self, document: Document, text: str) -> "Batch":
        """The batch with one more line."""
        line = BatchLine(
            ref=self.next_ref,
            reference=document.reference,
            number=document.number,
            customer=document.customer,
            job=document.job,
            content_hash=document.content_hash,
            totals=document.totals,
            text=text,
        )
        receivable = self.receivable + document.totals.receivable
        return self.model_copy(update={"lines": (*self.lines, line), "receivable": receivable})

    def with_told(self, ref: str) -> "Batch":
        """The batch with one refusal passed on."""
        lines = tuple(line.model_copy(update={"told": True}) if line.ref == ref else line for line in self.lines)
        return self.model_copy(update={"lines": lines})

    def closed(self, now: datetime) -> "Batch":
        """The batch, complete."""
        return self.model_copy(update={"closed_at": now, "sha256": hashlib.sha256(self.content).hexdigest()})
