"""The parts of the sandbox's answers that we rely on. Anything else in them is ignored."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from services.export_worker.erp.exact import within_reason


def only_strings(value: object) -> object:
    """A float has lost cents already."""
    if not isinstance(value, str):
        raise ValueError("money must come as a decimal string")  # noqa: TRY004 - pydantic turns only this into its own
    return value


Money = Annotated[Decimal, BeforeValidator(only_strings), AfterValidator(within_reason)]


class Said(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class State(StrEnum):
    """As the sandbox names them."""

    DRAFT = "draft"
    POSTED = "posted"
    CANCELLED = "cancelled"


class SaidTotals(Said):
    """Computed by the ERP."""

    gross: Money
    retainage_held: Money
    retainage_released: Money
    tax: Money


class SaidAttachment(Said):
    """A file that is attached."""

    name: str


class Receivable(Said):
    """One receivable as the ERP shows it."""

    id: str
    external_reference: str
    state: State
    number: str | None
    totals: SaidTotals
    attachments: tuple[SaidAttachment, ...] = ()
    href: str | None = None


class Receivables(Said):
    """The answer to a look-up."""

    receivables: tuple[Receivable, ...]


class Listed(Said):
    """A customer or a job."""

    id: str
    name: str


class Listing(Said):
    """All customers, or all jobs."""

    entries: tuple[Listed, ...]


class Periods(Said):
    """Everything up to this day is closed; None: nothing is."""

    closed_until: date | None


class Token(Said):
    """The answer to a log-in."""

    access_token: str


class SaidError(Said):
    """One refusal."""

    code: str
    message: str = ""
    field: str | None = None


class SaidWarning(Said):
    """One question."""

    name: str
    message: str = ""


class Refusals(Said):
    """Every form in which this ERP says no, or asks: at most one of these is there."""

    error: SaidError | None = None
    errors: tuple[SaidError, ...] = ()
    warning: SaidWarning | None = None
    exc_type: str | None = None
    exc_message: str = ""
    column: str | None = None
