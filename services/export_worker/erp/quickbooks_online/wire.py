"""The parts of QuickBooks' answers that we rely on. Anything else in them is ignored.

A class bears the name of QuickBooks' own entity, or tells it: it is the key in an answer and the table of a query.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_pascal
from pydantic_core import PydanticCustomError


def only_exact(value: object) -> object:
    """QuickBooks' money is a JSON number, read as Decimal or int; a float has lost cents already."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise PydanticCustomError("no_number", "money must come as a number")
    return value


Money = Annotated[Decimal, BeforeValidator(only_exact)]


class Said(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_pascal)

    entity: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        if "entity" not in vars(cls):
            cls.entity = cls.__name__


class Ref(BaseModel):
    """Points at another entity."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    value: str
    name: str = ""


class Line(Said):
    """One line of an invoice; QuickBooks adds a subtotal of its own, which has another detail type."""

    description: str = ""
    amount: Money = Decimal(0)
    detail_type: str = ""


class TaxDetail(Said):
    """What QuickBooks makes of the tax."""

    total_tax: Money = Decimal(0)


class Invoice(Said):
    """One invoice as QuickBooks shows it."""

    id: str
    doc_number: str = ""
    private_note: str = ""
    total_amt: Money
    line: tuple[Line, ...]
    txn_tax_detail: TaxDetail = TaxDetail()


class Customer(Said):
    """A customer, or a job below one."""

    id: str
    display_name: str
    fully_qualified_name: str = ""
    job: bool = False


class Item(Said):
    """A product or service; the account comes from it."""

    id: str
    name: str
    type: str = ""
    income_account_ref: Ref | None = None


class Account(Said):
    """An account of the chart."""

    id: str
    name: str


class TaxCode(Said):
    """A sales tax code."""

    id: str
    name: str


class Attachable(Said):
    """A file that is attached."""

    file_name: str = ""


class CompanyDetails(Said):
    """Who the company is."""

    entity: ClassVar[str] = "CompanyInfo"

    company_name: str
    country: str = ""


class AccountingPrefs(Said):
    """Everything up to this day is closed; None: nothing is."""

    book_close_date: date | None = None


class SalesPrefs(Said):
    """Whether numbers are given by who writes an invoice."""

    custom_txn_numbers: bool = False


class CurrencyPrefs(Said):
    """The currencies in use."""

    home_currency: Ref | None = None
    multi_currency_enabled: bool = False


class Preferences(Said):
    """How the company is set up."""

    accounting_info_prefs: AccountingPrefs = AccountingPrefs()
    sales_forms_prefs: SalesPrefs = SalesPrefs()
    currency_prefs: CurrencyPrefs = CurrencyPrefs()
