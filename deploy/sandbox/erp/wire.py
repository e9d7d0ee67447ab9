"""What this ERP takes and says over HTTP, in its own words. Strict on purpose: unknown fields are refused."""

import re
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MONEY = re.compile(r"-?\d{1,15}(\.\d{1,2})?")
RATE = re.compile(r"\d{1,9}(\.\d{1,9})?")


def decimal_string(shape: re.Pattern[str]) -> BeforeValidator:
    """Refuse JSON numbers: a float is not money, and other ERPs have taken one without a word."""

    def check(value: Any) -> Any:
        if isinstance(value, Decimal):
            return value
        if not isinstance(value, str) or not shape.fullmatch(value):
            raise ValueError("must be a decimal string such as '1500.00'")
        return value

    return BeforeValidator(check)


Money = Annotated[Decimal, decimal_string(MONEY)]
Rate = Annotated[Decimal, decimal_string(RATE)]
Text = Annotated[str, Field(max_length=4000)]


class Strict(BaseModel):
    """A value that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Line(Strict):
    """One line of a receivable."""

    text: Text
    amount: Money
    cost_code: str | None = None
    revenue_account: str | None = None


class Retainage(Strict):
    """Native field: what is held back from this receivable, and what earlier retainage it bills."""

    held: Money = Decimal(0)
    released: Money = Decimal(0)
    account: str | None = None


class Content(Strict):
    """A receivable as a client writes it."""

    external_reference: Annotated[str, Field(min_length=1, max_length=200)]
    invoice_number: Annotated[str, Field(min_length=1)]
    memo: Text = ""
    customer_id: str
    job_id: str | None = None
    invoice_date: date
    due_date: date | None = None
    period_from: date | None = None
    period_to: date | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    exchange_rate: Rate = Decimal(1)
    lines: Annotated[tuple[Line, ...], Field(min_length=1)]
    retainage: Retainage = Retainage()
    tax_amount: Money = Decimal(0)
    link: str | None = None


class Written(Content):
    """Body of create and replace: the content, and the warnings that somebody has accepted."""

    acknowledge: tuple[str, ...] = ()

    def content(self) -> Content:
        """Without the acknowledgement, which is about the request and not about the receivable."""
        return Content.model_validate(self.model_dump(exclude={"acknowledge"}))


class Posting(Strict):
    """Body of post."""

    acknowledge: tuple[str, ...] = ()


class AttachmentIn(Strict):
    """Body of attach."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    content_type: str
    content_base64: str


class LogIn(Strict):
    """Body of token."""

    client_secret: str


class State(StrEnum):
    """Deleted drafts stay on the oracle's list and nowhere else."""

    DRAFT = "draft"
    POSTED = "posted"
    CANCELLED = "cancelled"
    DELETED = "deleted"


class Totals(Strict):
    """Computed here, from the lines; never taken from the client."""

    gross: Decimal
    retainage_held: Decimal
    retainage_released: Decimal
    tax: Decimal
    receivable: Decimal


class Attachment(Strict):
    """A file as listed: `sha256` in hex, `size` in bytes."""

    name: str
    content_type: str
    size: int
    sha256: str


class Receivable(Strict):
    """One version of a receivable. `number` is the ERP's own and is given at posting."""

    id: str
    state: State
    number: str | None
    content: Content
    totals: Totals
    attachments: tuple[Attachment, ...] = ()
    version: int = 1
    created_at: datetime
    posted_at: datetime | None = None


def totals_of(content: Content) -> Totals:
    """`receivable = gross - held + released + tax`, to the cent."""
    cent = Decimal("0.01")
    gross = sum((line.amount for line in content.lines), Decimal(0))
    held, released = content.retainage.held, content.retainage.released
    receivable = gross - held + released + content.tax_amount
    return Totals(
        gross=gross.quantize(cent),
        retainage_held=held.quantize(cent),
        retainage_released=released.quantize(cent),
        tax=content.tax_amount.quantize(cent),
        receivable=receivable.quantize(cent),
    )
