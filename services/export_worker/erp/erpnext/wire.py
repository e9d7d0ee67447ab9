"""The parts of ERPNext's answers that we rely on. Anything else in them is ignored.

Numbers are read digit by digit (see erp.exact). ERPNext reckons in floats, so an amount that is a hair off its cents
is taken as those cents; one that truly lies between two cents is kept as it is, to be seen in the totals.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, RootModel

from services.export_worker.erp.exact import within_reason

CENT, HAIR = Decimal("0.01"), Decimal("0.000001")


def to_the_cent(value: Decimal) -> Decimal:
    """Without a float's noise."""
    near = value.quantize(CENT)
    return near if abs(near - value) < HAIR else value


def none_is_empty(value: Any) -> Any:
    """A field that was never filled is null."""
    return "" if value is None else value


def none_is_nothing(value: Any) -> Any:
    """A number that was never filled is null."""
    return 0 if value is None else value


def empty_is_none(value: Any) -> Any:
    """A date that was taken away is an empty text."""
    return value or None


Money = Annotated[Decimal, BeforeValidator(none_is_nothing), AfterValidator(within_reason), AfterValidator(to_the_cent)]
Text = Annotated[str, BeforeValidator(none_is_empty)]
Flag = Annotated[bool, BeforeValidator(none_is_nothing)]
Day = Annotated[date | None, BeforeValidator(empty_is_none)]


class Said(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Named(Said):
    """Any document, by what ERPNext calls it."""

    name: str


class ItemRow(Said):
    """A line of an invoice."""

    amount: Money = Decimal(0)


class ChargeRow(Said):
    """A row of charges: a tax, or retainage."""

    charge_type: Text = ""
    description: Text = ""
    tax_amount: Money = Decimal(0)


class Invoice(Named):
    """A sales invoice. `docstatus` is 0 for a draft, 1 once it is submitted and 2 once it is cancelled."""

    docstatus: int
    modified: str
    grand_total: Money = Decimal(0)
    rounded_total: Money = Decimal(0)
    items: tuple[ItemRow, ...] = ()
    taxes: tuple[ChargeRow, ...] = ()


class Credit(Said):
    """A credit note; its total is below zero."""

    grand_total: Money


class Attached(Said):
    """A file."""

    file_name: Text


class Customer(Named):
    """Somebody who owes."""

    customer_name: Text = ""


class Project(Named):
    """A job."""

    project_name: Text = ""


class Item(Named):
    """What a line is about."""

    item_name: Text = ""


class Account(Named):
    """One account of the chart."""

    company: Text = ""
    root_type: Text = ""
    account_type: Text = ""
    is_group: Flag = False
    disabled: Flag = False


class Company(Named):
    """The company that bills. `accounts_frozen_till_date`: from ERPNext 16 on."""

    abbr: Text = ""
    default_currency: Text = ""
    accounts_frozen_till_date: Day = None


class AccountsSettings(Said):
    """`acc_frozen_upto`: up to ERPNext 15."""

    acc_frozen_upto: Day = None


class SellingSettings(Said):
    """Of the whole site."""

    allow_negative_rates_for_items: Flag = False


class ClosedDocument(Said):
    """A type of documents that a period is closed for."""

    document_type: Text = ""
    closed: Flag = False


class Period(Said):
    """An accounting period."""

    start_date: date
    end_date: date
    disabled: Flag = False
    closed_documents: tuple[ClosedDocument, ...] = ()


class ClosingVoucher(Said):
    """The close of a year or a part of it. Older versions call the day otherwise."""

    period_end_date: Day = None
    posting_date: Day = None


class YearCompany(Said):
    """A company that a fiscal year is for."""

    company: Text = ""


class FiscalYear(Said):
    """For all companies where it names none."""

    year_start_date: date
    year_end_date: date
    disabled: Flag = False
    companies: tuple[YearCompany, ...] = ()


class CustomField(Named):
    """A field that was added to a type."""

    fieldtype: Text = ""
    unique: Flag = False


class Permission(Said):
    """Whether the user may."""

    has_permission: Flag


class App(Said):
    """One of those that are installed."""

    version: Text = ""


class Apps(Said):
    """What is installed, as far as we care."""

    erpnext: App = Field(default_factory=App)


class Caller(RootModel[str]):
    """Whose key this is."""

    model_config = ConfigDict(frozen=True)
