"""How one company is set up."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A value that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CustomerEntry(Strict):
    """A customer, or with a parent a job."""

    name: str
    parent: str | None = None
    active: bool = True


class ItemEntry(Strict):
    """A product or service and where its income goes."""

    name: str
    account: str
    type: str = "Service"
    active: bool = True


class AccountEntry(Strict):
    """An account of the chart."""

    name: str
    type: str


CUSTOMERS = {
    "1": CustomerEntry(name="Harbor Library District"),
    "2": CustomerEntry(name="Harbor Branch Library", parent="1"),
    "3": CustomerEntry(name="Northgate School Board"),
    "4": CustomerEntry(name="Northgate Gymnasium", parent="3"),
    "5": CustomerEntry(name="Alder Street LLC"),
    "6": CustomerEntry(name="Alder Street Offices", parent="5"),
    "7": CustomerEntry(name="Closed Cinema Inc", active=False),
}
ACCOUNTS = {
    "79": AccountEntry(name="Construction income", type="Income"),
    "84": AccountEntry(name="Accounts receivable", type="Accounts Receivable"),
    "85": AccountEntry(name="Retainage receivable", type="Other Current Asset"),
}
ITEMS = {
    "10": ItemEntry(name="Construction work", account="79"),
    "11": ItemEntry(name="Stored materials", account="79"),
    "12": ItemEntry(name="Retainage", account="85"),
    "13": ItemEntry(name="All work", account="79", type="Category"),
}


class CompanyRules(Strict):
    """How one company is set up. Times in seconds.

    `refresh_token` is the one that was given when the company connected. One that was replaced is good for
    `refresh_grace_seconds` more. `requests_per_minute` None: no limit.
    """

    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"
    refresh_token: str = "sandbox-refresh-token"
    log_in_seconds: float = 3600
    refresh_grace_seconds: float = 86_400
    refresh_seconds: int = 8_726_400
    requests_per_minute: Annotated[int, Field(gt=0)] | None = None
    name: str = "Ironside Builders"
    country: str = "US"
    home_currency: str = "USD"
    currencies: frozenset[str] = frozenset({"USD"})
    custom_numbers: bool = True
    refuses_duplicates: bool = False
    closed_until: date | None = None
    is_subscribed: bool = True
    customers: Mapping[str, CustomerEntry] = CUSTOMERS
    items: Mapping[str, ItemEntry] = ITEMS
    accounts: Mapping[str, AccountEntry] = ACCOUNTS
    tax_codes: Mapping[str, str] = {"TAX": "Taxable", "NON": "Not taxable", "3": "Harbor county"}
