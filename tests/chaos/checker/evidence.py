"""What is known of a run when it is over, as plain data, whoever said it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Approval:
    """One time that somebody approved an owner invoice in Procore. `due`: G702's current payment due then."""

    at: datetime
    user: int
    due: Decimal


@dataclass(frozen=True)
class Invoice:
    """One owner invoice, from Procore. `number` counts in its contract; `withdrawn`: when it was no longer approved."""

    id: str
    company: str
    contract: int
    number: int
    status: str  # "deleted" too
    approvals: tuple[Approval, ...]
    withdrawn: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class Receivable:
    """One document in an ERP, from that ERP. `order`: in which it was posted, among those of its book."""

    company: str
    id: str
    reference: str
    is_posted: bool
    total: Decimal
    created_at: datetime | None
    order: int
    balance: Mapping[str, Decimal] = field(default_factory=dict)  # of the general ledger, by kind of account

    @property
    def invoice(self) -> str:
        """Procore's id, from the reference."""
        return self.reference.split(":")[2] if self.reference.count(":") == 3 else ""


@dataclass(frozen=True)
class Rights:
    """When somebody's recorded rights changed. `begun` and `done`: before the first and after the second it is sure."""

    user: int
    may: bool
    begun: datetime
    done: datetime


@dataclass(frozen=True)
class Delivery:
    """One webhook that our receiver answered with 2xx."""

    event: str
    resource: str


@dataclass(frozen=True)
class Row:
    """An export, as its current row has it."""

    id: int
    company: str
    company_id: str
    invoice: str
    status: str
    reasons: tuple[str, ...]
    version: int
    last_hash: bytes


@dataclass(frozen=True)
class Entry:
    """One entry of the ledger."""

    export: int
    seq: int
    kind: str
    at: datetime
    body: Mapping[str, Any]
    status_before: str
    status: str
    previous_hash: bytes
    hash: bytes


@dataclass(frozen=True)
class Told:
    """One event of `invoice.exports.v1`, in the order of its partition; `at` is the entry's own time."""

    export: int
    seq: int
    at: datetime


@dataclass(frozen=True)
class Evidence:
    """Everything. `fenced`: companies whose ERP, or whose connection, lets no second draft come to be."""

    invoices: Mapping[str, Invoice]
    receivables: Sequence[Receivable]
    rights: Sequence[Rights]
    delivered: Sequence[Delivery]
    recorded_events: frozenset[str]  # ids in Kafka: the webhooks' topic and the dead letters
    parked: int
    rows: Sequence[Row]
    entries: Sequence[Entry]
    told: Sequence[Told]
    leases: int
    pending: int  # webhooks that Procore has not delivered yet
    lag: int  # records that no worker has read
    fenced: frozenset[str]
    verified: str  # what the product's own `ledger verify` said: empty when it is clean
    tally: Mapping[str, str]  # what does not add up in an ERP's general ledger, by company
