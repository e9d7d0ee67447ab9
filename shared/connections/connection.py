"""One company's link to one ERP, as the connections file describes it. Pure."""

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from string import Formatter
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
)


class Mode(StrEnum):
    """Whether documents reach the ERP."""

    LIVE = "live"
    REHEARSE = "rehearse"  # all is decided and shown, nothing is sent
    PAUSED = "paused"  # exports wait until it is live again


class Finish(StrEnum):
    """How far a document is taken in the ERP."""

    POSTED = "posted"
    DRAFT = "draft"


class AccountingDate(StrEnum):
    """The date on which the ERP books, in the connection's time zone."""

    BILLING_DATE = "billing_date"
    APPROVAL_DATE = "approval_date"
    TODAY = "today"
    FIRST_OPEN_DAY = "first_open_day"


class LineDetail(StrEnum):
    """What becomes a line of the receivable."""

    G703 = "g703"
    COST_CODE = "cost_code"
    SUMMARY = "summary"


class Attach(StrEnum):
    """What is attached to the receivable where the ERP takes files."""

    SUMMARY = "summary"  # one page with the G702 and where to find the invoice
    NOTHING = "nothing"


class VerifyWhen(StrEnum):
    """When the sender of an approval is read again from Procore's own delivery list."""

    NEVER = "never"
    ALWAYS = "always"
    ABOVE = "above"


class VerifyApprover(BaseModel):
    """`amount` is in the invoice's own currency, and set exactly when `when` is ABOVE."""

    model_config = ConfigDict(frozen=True)

    when: VerifyWhen
    amount: Decimal | None = None

    def covers(self, receivable: Decimal) -> bool:
        """Whether an invoice of this size, credits counted by their size too, is verified."""
        if self.amount is None:
            return self.when is VerifyWhen.ALWAYS
        return abs(receivable) > self.amount


def procore_id(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ValueError("is not a time zone that this machine knows") from None
    return name


def first_day(value: object) -> date | Literal["all"]:
    if value == "all":
        return "all"
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("is not a date") from None


def verification(value: object) -> VerifyApprover:
    words = value.casefold().split() if isinstance(value, str) else []
    if words in (["never"], ["always"]):
        return VerifyApprover(when=VerifyWhen(words[0]))
    try:
        above, text = words
        amount = Decimal(text)
    except (ValueError, InvalidOperation):
        raise ValueError("is not understood") from None
    if above != "above" or not amount.is_finite() or amount < 0:
        raise ValueError("is not understood")
    return VerifyApprover(when=VerifyWhen.ABOVE, amount=amount)


def amount_above(value: object) -> Decimal | None:
    """From a number of TOML's or from text, so that cents stay exact."""
    if value is None:
        return None
    if isinstance(value, bool) or not AMOUNT.fullmatch(str(value)):
        raise ValueError("is not an amount")
    return Decimal(str(value))


def number_rule(text: str) -> str:
    try:
        parts = [(name, spec, how) for _, name, spec, how in Formatter().parse(text) if name is not None]
    except ValueError:
        raise ValueError("is not understood") from None
    if any(name not in NUMBER_PARTS or spec or how for name, spec, how in parts):
        raise ValueError(f"knows only {', '.join('{' + part + '}' for part in NUMBER_PARTS)}")
    if "number" not in [name for name, _, _ in parts]:
        raise ValueError("does not hold {number}, the running number in the contract")
    return text


def secret_reference(value: object) -> str:
    if not isinstance(value, str) or not REFERENCE.fullmatch(value):
        raise ValueError("holds the secret itself, or is no reference")
    return value


def free_of_secrets(settings: dict[str, Any]) -> dict[str, Any]:
    for key in settings:
        if SECRET_NAME.search(key):
            raise ValueError(f"{key[:40]!r} sounds like a secret, which belongs under secrets")
    return settings


NUMBER_PARTS = ("number", "contract_id", "project_id", "invoice_number")
AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]+)?")
REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:\S(.*\S)?")
SECRET_NAME = re.compile(r"(password|passphrase|secret|token|api_?key|private_?key)$", re.IGNORECASE)

ProcoreId = Annotated[StrictStr, BeforeValidator(procore_id), StringConstraints(pattern=r"^[1-9][0-9]{0,39}$")]
Name = Annotated[StrictStr, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]


class Connection(BaseModel):
    """Immutable; its defaults send nothing. Each field's description ends the sentence "give ...".

    Invoices billed before `start_from` (required when live) count as already in the ERP.
    The values of `secrets` are only references.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Name = Field(description="up to 40 letters, digits, - and _, such as acme-sage")
    company_id: ProcoreId = Field(description="Procore's company id, a whole number such as 4907")
    project_ids: Annotated[tuple[ProcoreId, ...], Field(min_length=1)] | None = Field(
        None, description="a list of Procore's project ids, or leave it out to serve the whole company"
    )
    adapter: Annotated[StrictStr, StringConstraints(min_length=1)] = Field(
        description="the adapter for this kind of ERP, such as sandbox"
    )
    mode: Mode = Field(Mode.REHEARSE, description="live, rehearse or paused")
    finish: Finish = Field(Finish.DRAFT, description="posted or draft")
    accounting_date: AccountingDate = Field(
        AccountingDate.BILLING_DATE,
        description="billing_date, approval_date, today or first_open_day",
    )
    time_zone: Annotated[StrictStr, AfterValidator(known_zone)] = Field(
        "UTC", description="a name such as America/New_York"
    )
    start_from: date | Literal["all"] | None = Field(
        None,
        validate_default=True,
        description='the first billing date to export, such as 2026-01-01, or "all"',
    )
    lines: LineDetail = Field(LineDetail.G703, description="g703, cost_code or summary")
    payment_days: Annotated[StrictInt, Field(ge=0, le=365)] | None = Field(
        None, description="the days from the invoice date to the due date, or leave it to the ERP"
    )
    number_rule: Annotated[StrictStr, AfterValidator(number_rule)] | None = Field(
        None, description='how to number an invoice that Procore does not, such as "{contract_id}-{number}"'
    )
    attach: Attach = Field(Attach.SUMMARY, description="summary or nothing")
    requests_per_minute: Annotated[StrictInt, Field(ge=5)] = Field(
        600, description="a whole number from 5, which is one export"
    )
    concurrency: Annotated[StrictInt, Field(ge=1)] = Field(4, description="a whole number from 1")
    procore_web_url: Annotated[StrictStr, StringConstraints(pattern=r"^https?://[^\s/]+$")] = Field(
        "https://app.procore.com", description="where people open Procore, such as https://us02.procore.com"
    )
    write_back: StrictBool = Field(default=False, description='false, or true with finish = "posted"')
    verify_approver: Annotated[VerifyApprover, PlainValidator(verification)] = Field(
        VerifyApprover(when=VerifyWhen.NEVER),
        description='"never", "always" or "above AMOUNT", such as "above 50000"',
    )
    second_person_above: Annotated[Decimal | None, PlainValidator(amount_above)] = Field(
        None, description="an amount in the invoice's currency, such as 50000, or leave it out"
    )
    settings: Annotated[dict[str, Any], AfterValidator(free_of_secrets)] = Field(
        default_factory=dict, description="a table of the adapter's own settings"
    )
    secrets: dict[str, Annotated[str, PlainValidator(secret_reference)]] = Field(
        default_factory=dict, description="env:NAME or file:PATH, and keep the secret there"
    )

    @field_validator("start_from", mode="plain")
    @classmethod
    def starts_somewhere_when_live(cls, value: object, others: ValidationInfo) -> date | Literal["all"] | None:
        """Without it, going live would send every invoice that the company ever approved."""
        if value is not None:
            return first_day(value)
        if others.data.get("mode") is Mode.LIVE:
            raise ValueError("is missing, and the connection is live")
        return None

    @field_validator("write_back")
    @classmethod
    def follows_a_posted_document(cls, value: StrictBool, others: ValidationInfo) -> StrictBool:
        """It locks the invoice in Procore, which only the ERP's confirmed yes may do (procore.md, fact 9)."""
        if value and others.data.get("finish") is Finish.DRAFT:
            raise ValueError("is true, and the connection leaves drafts, which have no number yet")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of accounting dates."""
        return ZoneInfo(self.time_zone)
