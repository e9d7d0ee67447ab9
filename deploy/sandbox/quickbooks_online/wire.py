"""What QuickBooks takes, in its own words. Strict on purpose: unknown properties and wrong shapes are refused."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_pascal
from pydantic_core import PydanticCustomError

CENTS = Decimal("0.01")


def number_of_cents(value: Any) -> Any:
    """A JSON number, to the cent: text is no money here."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise PydanticCustomError("no_number", "must be a number")
    if Decimal(value) != Decimal(value).quantize(CENTS):
        raise ValueError("must not be finer than a cent")
    return Decimal(value)


def number(value: Any) -> Any:
    """A JSON number."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise PydanticCustomError("no_number", "must be a number")
    return Decimal(value)


Money = Annotated[Decimal, BeforeValidator(number_of_cents)]
Rate = Annotated[Decimal, BeforeValidator(number)]


class Written(BaseModel):
    """A part of a request."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_pascal)


class Ref(BaseModel):
    """Points at another entity."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: Annotated[str, Field(min_length=1)]
    name: str | None = None


class Memo(BaseModel):
    """Text for the customer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: Annotated[str, Field(max_length=1000)]


class SalesItem(Written):
    """Which item a line is about."""

    item_ref: Ref
    tax_code_ref: Ref | None = None
    qty: Rate | None = None
    unit_price: Rate | None = None


class Line(Written):
    """One line."""

    detail_type: Literal["SalesItemLineDetail"]
    amount: Money
    description: Annotated[str, Field(max_length=4000)] = ""
    sales_item_line_detail: SalesItem


class TaxDetail(Written):
    """The tax, told as an amount."""

    total_tax: Money
    txn_tax_code_ref: Ref | None = None


class Invoice(Written):
    """A new invoice."""

    customer_ref: Ref
    line: Annotated[tuple[Line, ...], Field(min_length=1)]
    doc_number: Annotated[str, Field(min_length=1, max_length=21)] | None = None
    txn_date: date
    due_date: date | None = None
    currency_ref: Ref | None = None
    exchange_rate: Rate | None = None
    customer_memo: Memo | None = None
    private_note: Annotated[str, Field(max_length=4000)] = ""
    txn_tax_detail: TaxDetail | None = None

    @property
    def total(self) -> Decimal:
        """Lines and tax."""
        tax = self.txn_tax_detail.total_tax if self.txn_tax_detail else Decimal(0)
        return sum((line.amount for line in self.line), Decimal(0)) + tax


class Item(Written):
    """A new product or service."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    type: Literal["Service", "NonInventory"]
    income_account_ref: Ref


class EntityRef(BaseModel):
    """What a file belongs to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["Invoice"]
    value: str


class AttachableRef(Written):
    """A file's tie."""

    entity_ref: EntityRef
    include_on_send: bool = False


class Attachable(Written):
    """What an uploaded file is, and belongs to."""

    attachable_ref: Annotated[tuple[AttachableRef, ...], Field(min_length=1, max_length=1)]
    file_name: Annotated[str, Field(min_length=1, max_length=1000)]
    content_type: Annotated[str, Field(max_length=100)]
