"""How one database is set up, and what stands in it from the start."""

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

CHART = {
    "121000": ("Account Receivable", "asset_receivable"),
    "1180": ("Retainage Receivable", "asset_current"),
    "251000": ("Sales Tax Payable", "liability_current"),
    "4000": ("Contract Revenue", "income"),
    "400000": ("Product Sales", "income"),
}
CUSTOMERS = {7: "Harbor Library District", 8: "Northgate School Board", 9: "Alder Street LLC"}
JOBS = {5: "Harbor Branch Library", 6: "Northgate Gymnasium"}
SALES_TAX = 3


class DatabaseRules(BaseModel):
    """`slow_load_seconds` is how long a `load` takes between its look at the external ids and its commit.

    `version` decides which interfaces and methods there are: JSON-2 from 19 on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    user: str = "export"
    api_key: str = "sandbox-key"
    version: str = "17.0-20240709"
    may: frozenset[str] = frozenset({"read", "write", "create", "unlink"})
    fiscalyear_lock_date: date | None = None
    companies: int = 1
    tax_percent: float = 8.25
    slow_load_seconds: float = 0.02

    @property
    def major(self) -> int:
        """17 of 17.0-20240709."""
        return int(self.version.partition(".")[0])


def seeds(rules: DatabaseRules) -> dict[str, dict[int, dict[str, Any]]]:
    """Records by model and id."""
    return {
        "res.company": {n: {"name": f"Company {n}"} for n in range(1, rules.companies + 1)},
        "res.currency": {1: {"name": "USD", "active": True}, 2: {"name": "EUR", "active": False}},
        "res.partner": {
            number: {"name": name, "is_company": True, "customer_rank": 1, "active": True}
            for number, name in CUSTOMERS.items()
        },
        "account.account": {
            number: {"code": code, "name": name, "account_type": kind, "company_id": 1}
            for number, (code, (name, kind)) in enumerate(CHART.items(), start=20)
        },
        "account.journal": {1: {"name": "Customer Invoices", "code": "INV", "type": "sale"}},
        "account.analytic.account": {number: {"name": name, "active": True} for number, name in JOBS.items()},
        "account.payment.term": {1: {"name": "30 Days"}},
        "account.tax": {
            SALES_TAX: {"name": "Sales Tax", "amount": rules.tax_percent, "type_tax_use": "sale", "active": True}
        },
    }
