"""How one site of the stand-in is set up, and what stands in it from the start."""

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

COMPANY, ABBR = "Harbor Builders", "HB"


class SiteRules(BaseModel):
    """How one site behaves. `today` None is the calendar's. `denied` holds document types, or "Type:right"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_key: str = "sandbox-key"
    api_secret: str = "sandbox-secret"
    version: str = "15.90.0"
    today: date | None = None
    denied: frozenset[str] = frozenset()
    default_taxes: tuple[dict[str, Any], ...] = ()


def first_records() -> dict[str, dict[str, dict[str, Any]]]:
    """A company with a chart of accounts, and no field of ours yet."""
    return {
        "Company": {COMPANY: {"abbr": ABBR, "default_currency": "USD"}},
        "Currency": {"USD": {}, "CAD": {}},
        "Customer": {
            name: {"customer_name": name, "disabled": 0}
            for name in ("Harbor Library District", "Northgate School Board", "Alder Street LLC")
        },
        "Project": {
            "PROJ-0001": project("Harbor Branch Library"),
            "PROJ-0002": project("Northgate Gymnasium"),
            "PROJ-0003": project("Alder Street Offices"),
        },
        "Item": {"Construction Work": item("Construction Work"), "Sitework": item("Sitework")},
        "Account": {
            "Current Assets - HB": account("Current Assets", "Asset", group=True),
            "Debtors - HB": account("Debtors", "Asset", "Receivable"),
            "Cash - HB": account("Cash", "Asset", "Cash"),
            "Retainage Receivable - HB": account("Retainage Receivable", "Asset"),
            "Sales - HB": account("Sales", "Income"),
            "Service - HB": account("Service", "Income"),
            "Sales Tax - HB": account("Sales Tax", "Liability", "Tax"),
        },
        "Cost Center": {"Main - HB": {"company": COMPANY, "is_group": 0, "disabled": 0}},
        "Fiscal Year": {year: fiscal_year(year) for year in ("2025", "2026", "2027")},
        "Accounting Period": {},
        "Period Closing Voucher": {},
        "Accounts Settings": {"Accounts Settings": {"acc_frozen_upto": None}},
        "Selling Settings": {"Selling Settings": {"allow_negative_rates_for_items": 0}},
        "Sales Taxes and Charges Template": {},
        "Custom Field": {},
        "File": {},
        "Sales Invoice": {},
    }


def account(name: str, root: str, kind: str = "", *, group: bool = False) -> dict[str, Any]:
    """One account of the chart."""
    return {
        "account_name": name,
        "company": COMPANY,
        "root_type": root,
        "account_type": kind,
        "account_currency": "USD",
        "is_group": int(group),
        "disabled": 0,
    }


def project(name: str) -> dict[str, Any]:
    """One project."""
    return {"project_name": name, "status": "Open", "company": COMPANY}


def item(name: str) -> dict[str, Any]:
    """One item for sale."""
    return {"item_name": name, "disabled": 0, "is_sales_item": 1, "has_variants": 0}


def fiscal_year(year: str) -> dict[str, Any]:
    """A calendar year of all companies."""
    return {"year_start_date": f"{year}-01-01", "year_end_date": f"{year}-12-31", "disabled": 0, "companies": []}
