"""One export and one entry as pages and the command line show them. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from shared.ledger.entries import EntryBody
from shared.ledger.words import EntryKind, Reason, Status


@dataclass(frozen=True)
class ExportRow:
    """One export as it stands. `amount`: line 8 plus tax, in `currency`; `connection` is empty while none serves it."""

    id: int
    connection: str
    company_id: str
    project_id: str
    payment_application_id: str
    status: Status
    since: datetime
    version: int
    generation: int
    reasons: tuple[Reason, ...]
    waits_for: str | None
    contract_id: str | None
    number: int | None
    invoice_number: str | None
    customer_name: str | None
    billing_date: date | None
    amount: Decimal | None
    currency: str | None
    erp_ref: str | None
    erp_number: str | None
    erp_url: str | None
    attempts: int
    opened_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class EntryRow:
    """One line of the ledger."""

    id: int
    seq: int
    kind: EntryKind
    at: datetime
    body: EntryBody
    status_before: Status
    status: Status
    hash: bytes
