"""What somebody asks of the list of exports: which ones, in which order. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from shared.ledger.words import Reason, Status

SHORTEST_PART = 3  # letters: a shorter search looks only at beginnings, which an index can answer


@dataclass(frozen=True, kw_only=True)
class Filter:
    """An empty field asks for nothing.

    `search` looks for a part of the invoice number, owner, ERP number or Procore's id; with fewer than three letters,
    for an invoice number that begins so. `companies`: those that whoever asks may see; None: all. Days are UTC's, both
    ends included, and tell since when an export stands where it stands. Amounts are receivables, whatever currency.
    `given_up`: exports after which something was given up.
    """

    statuses: Sequence[Status] = ()
    reason: Reason | None = None
    company_id: str | None = None
    project_id: str | None = None
    connection: str | None = None
    approver: str | None = None
    search: str | None = None
    amount_from: Decimal | None = None
    amount_to: Decimal | None = None
    since_from: date | None = None
    since_to: date | None = None
    companies: frozenset[str] | None = None
    given_up: bool = False


class SortKey(StrEnum):
    """What a list can be sorted by; each has an index."""

    ARRIVAL = "arrival"
    SINCE = "since"
    AMOUNT = "amount"
    BILLING_DATE = "billing_date"
    INVOICE_NUMBER = "invoice_number"
    CUSTOMER_NAME = "customer_name"


@dataclass(frozen=True)
class Sort:
    """The usual order is newest first."""

    key: SortKey = SortKey.ARRIVAL
    descending: bool = True


@dataclass(frozen=True)
class Cursor:
    """The last row of a page: the value it was sorted by, as text, and its id."""

    value: str
    id: int
