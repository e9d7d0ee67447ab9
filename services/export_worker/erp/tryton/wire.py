"""Tryton's words: how money and dates travel, and the parts of its answers that we rely on.

Money comes and goes as a tagged decimal string; anything else for it, a float above all, is refused.
"""

import base64
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

HELD, RELEASED = "Retainage held", "Retainage released"


def money(amount: Decimal) -> dict[str, str]:
    """To Tryton, never rounded."""
    return {"__class__": "Decimal", "decimal": f"{amount:f}"}


def day(value: date | None) -> dict[str, Any] | None:
    """To Tryton."""
    if value is None:
        return None
    return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}


def file(content: bytes) -> dict[str, str]:
    """To Tryton."""
    return {"__class__": "bytes", "base64": base64.b64encode(content).decode()}


def told_money(said: object) -> Decimal:
    """From Tryton."""
    match said:
        case {"__class__": "Decimal", "decimal": str(digits)}:
            try:
                return Decimal(digits)
            except InvalidOperation:
                raise ValueError(f"{digits!r} is no amount") from None
    raise ValueError("money must come as a tagged decimal string")


def told_day(said: object) -> object:
    """From Tryton."""
    match said:
        case {"__class__": "date", "year": int(year), "month": int(month), "day": int(number)}:
            return date(year, month, number)
        case None:
            return None
    raise ValueError("a date must come tagged")


def told_nested(said: object) -> object:
    """What a dotted field of an empty relation comes as."""
    return {} if said is None else said


Money = Annotated[Decimal, BeforeValidator(told_money)]
Day = Annotated[date | None, BeforeValidator(told_day)]


class Said(BaseModel):
    """One record, of which we asked for these fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: int


class State(StrEnum):
    """Of an invoice."""

    DRAFT = "draft"
    VALIDATED = "validated"
    POSTED = "posted"
    PAID = "paid"
    CANCELLED = "cancelled"


STANDS_POSTED = frozenset({State.POSTED, State.PAID})


class MoveTold(BaseModel):
    """Of an invoice: where it was posted, once it is."""

    period: int | None = None


class Invoice(Said):
    """A customer invoice. `key` is the field that carries our reference."""

    key: str | None = Field(None, validation_alias=AliasChoices("external_key", "reference"))
    state: State
    number: str | None
    party: int
    account: int
    invoice_date: Day
    untaxed_amount: Money
    tax_amount: Money
    total_amount: Money
    lines: tuple[int, ...]
    taxes: tuple[int, ...]
    payment_lines: tuple[int, ...]
    move: Annotated[MoveTold, BeforeValidator(told_nested)] = Field(alias="move.")

    @property
    def origin(self) -> str:
        """How other records name it."""
        return f"account.invoice,{self.id}"


class TypeTold(BaseModel):
    """Of an account: what may be on it."""

    retainage: bool | None = False


class AccountTold(BaseModel):
    """Of a line: its account."""

    type: Annotated[TypeTold, BeforeValidator(told_nested)] = Field(TypeTold(), alias="type.")


class InvoiceLine(Said):
    """One line of an invoice."""

    invoice: int
    amount: Money
    description: str | None
    account: AccountTold = Field(alias="account.")


class Move(Said):
    """A journal entry. `origin` names what it comes from."""

    state: str
    origin: str | None
    description: str | None = None


class MoveLine(Said):
    """One line of a journal entry."""

    move: int
    account: int
    debit: Money
    credit: Money
    description: str | None


class Named(Said):
    """Anything that people know by name, and by code where it has one."""

    name: str | None = None
    rec_name: str | None = None
    code: str | None = None


class Account(Named):
    """An account that can be booked on."""

    party_required: bool = False


class KeptType(BaseModel):
    """What the type of an account says."""

    assets: bool = False
    statement: str | None = None
    retainage: bool | None = False
    parent: int | None = None


class KeptAccount(Account):
    """An account that retainage is, or could be, kept on."""

    reconcile: bool = False
    type: int
    parent: int | None = None
    told: KeptType = Field(alias="type.")


class Address(Said):
    """Of a party."""

    invoice: bool | None = None


class PartySaid(Named):
    """A customer."""

    account_receivable: int | None = None
    customer_payment_term: int | None = None


class CurrencyTold(BaseModel):
    """Of the company."""

    code: str
    digits: int


class Company(Said):
    """Whose books these are."""

    rec_name: str
    currency: int
    told: CurrencyTold = Field(alias="currency.")


class Defaults(Said):
    """What the accounting configuration says of customers."""

    default_account_receivable: int | None = None
    default_customer_payment_term: int | None = None


class Preferences(BaseModel):
    """Of the user that we are."""

    company: int | None = None


class PeriodSaid(Said):
    """A span on which Tryton books."""

    name: str
    fiscalyear: int
    start_date: Annotated[date, BeforeValidator(told_day)]
    end_date: Annotated[date, BeforeValidator(told_day)]


class Dated(Said):
    """An invoice's date."""

    invoice_date: Day


IDS = TypeAdapter(tuple[int, ...])
NOTHING: TypeAdapter[Any] = TypeAdapter(Any)
