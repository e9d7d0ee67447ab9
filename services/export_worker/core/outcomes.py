"""What an ERP answered to one step: a closed set. Each has exactly one effect (see settlement)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Totals


class Refusal(StrEnum):
    """Why an ERP said no to a document. The fix is a person's; nothing is retried."""

    PERIOD_CLOSED = "period_closed"
    DATE_OUT_OF_SEQUENCE = "date_out_of_sequence"
    DUPLICATE_NUMBER = "duplicate_number"
    MISSING_MAPPING = "missing_mapping"
    MISSING_FIELD = "missing_field"
    TOO_LONG = "too_long"
    UNSUPPORTED = "unsupported"
    CONTRACT_NOT_SYNCED = "contract_not_synced"
    AMOUNT_MISMATCH = "amount_mismatch"
    CURRENCY = "currency"
    NOT_ALLOWED = "not_allowed"


@dataclass(frozen=True)
class Done:
    """The step stands in the ERP under this id."""

    ref: str


@dataclass(frozen=True)
class HandedOver:
    """Left our hands (file, queue) and is not confirmed: a person, or a look at `check_at`, tells."""

    ref: str
    confirmed_by: str
    check_at: datetime | None = None


@dataclass(frozen=True)
class Refused:
    """The ERP said no to this content. `text` is the vendor's own, without secrets."""

    refusal: Refusal
    text: str
    field: str | None = None


@dataclass(frozen=True)
class NeedsDecision:
    """The ERP warns and asks. `name` identifies the warning when a person accepts it."""

    name: str
    text: str


@dataclass(frozen=True)
class Unavailable:
    """Certainly not done. `retry_at` when the ERP said so; None leaves it to the back-off."""

    text: str
    retry_at: datetime | None = None


@dataclass(frozen=True)
class Unknown:
    """Sent, and no full answer came: it may or may not stand in the ERP. Look up before sending again."""

    text: str


@dataclass(frozen=True)
class AuthExpired:
    """Log-in refused even after the adapter renewed it once. The connection's matter, not the invoice's."""

    text: str


@dataclass(frozen=True)
class Reread:
    """Stale version, lost race, or "exists already": look again, then decide again."""

    text: str


Failure = Refused | NeedsDecision | Unavailable | Unknown | AuthExpired | Reread
Outcome = Done | HandedOver | Failure
LookUpFailure = Unavailable | Unknown | AuthExpired


def look_up_failure(failure: Failure) -> LookUpFailure:
    """A look-up changes nothing: what refuses or breaks it is the connection's matter."""
    match failure:
        case Unavailable() | Unknown() | AuthExpired():
            return failure
        case Refused() | NeedsDecision() | Reread():
            return Unavailable(failure.text)
        case _:
            assert_never(failure)


@dataclass(frozen=True)
class Found:
    """One document of ours that stands in the ERP. `done` holds the steps that stand.

    `unlinked`: why a look-up by our reference does not show it, and what mends that; empty where it does.
    """

    ref: str
    done: frozenset[Step]
    totals: Totals
    number: str | None = None
    url: str | None = None
    cancelled: bool = False
    unlinked: str = ""
