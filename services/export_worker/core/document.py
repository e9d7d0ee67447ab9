"""The receivable that is sent to an ERP, in no ERP's own words. Stored whole when an attempt opens."""

import hashlib
import json
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

from shared.ledger.versions import read_stored


class Frozen(BaseModel):
    """A value: immutable, and strict about keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Totals(Frozen):
    """What the ERP and we must agree on to the cent.

    `receivable = gross - retainage_held + retainage_released + tax`, which is G702 line 8 plus tax.
    """

    gross: Decimal
    retainage_held: Decimal
    retainage_released: Decimal
    tax: Decimal

    @property
    def receivable(self) -> Decimal:
        """The amount that the owner owes now."""
        return self.gross - self.retainage_held + self.retainage_released + self.tax


class DocumentLine(Frozen):
    """One line: this period's gross amount of one schedule-of-values line, or of several taken together."""

    description: str
    amount: Decimal
    cost_code: str | None = None
    account: str | None = None
    item: str | None = None


class Document(Frozen):
    """One receivable. Ids of customer, job, accounts, items and tax are the ERP's own, after mapping.

    `notes` tell a person what was taken for want of something better; no ERP sees them.
    """

    reference: str
    number: str
    description: str
    customer: str
    job: str | None
    invoice_date: date
    due_date: date | None
    period_start: date | None
    period_end: date | None
    currency: str
    exchange_rate: Decimal
    lines: tuple[DocumentLine, ...]
    retainage_held: Decimal
    retainage_released: Decimal
    retainage_account: str | None
    tax: Decimal
    tax_code: str | None = None
    source_url: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def totals(self) -> Totals:
        """Gross from the lines; the rest as stated."""
        return Totals(
            gross=sum((line.amount for line in self.lines), Decimal(0)),
            retainage_held=self.retainage_held,
            retainage_released=self.retainage_released,
            tax=self.tax,
        )

    @property
    def is_retained(self) -> bool:
        """Whether retainage moves at all."""
        return bool(self.retainage_held or self.retainage_released)

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) of the canonical JSON: two documents are the same exactly when this is the same."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def request_key(self) -> str:
        """For ERPs with a replay header: 36 characters, the same for the same reference and content."""
        digest = hashlib.sha256(f"{self.reference}\n{self.content_hash}".encode()).hexdigest()
        return f"ie-{digest[:33]}"


_DOCUMENTS: TypeAdapter[Document] = TypeAdapter(Document)


def document_from_json(value: Any) -> Document:
    """The document that an attempt holds. Raises WrittenByNewer, pydantic.ValidationError."""
    return read_stored(_DOCUMENTS, value)
