"""A contractor's books in an empty Tryton: company, chart, years, terms, customers, a service user."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from deploy.sandbox.tryton.rpc import Tryton

COMPANY = "Summit Ridge Builders"
RETAINAGE_ACCOUNT = "1180"
REVENUE_ACCOUNT = "4000"
TAX_ACCOUNT = "2250"
SERVICE_USER = "invoice-export"
NOT_CLOSED = ["closed", "!=", True]


@dataclass(frozen=True)
class Books:
    """What is seeded. `parties` are the customers, name by code; `years` the fiscal years, open from end to end."""

    parties: Mapping[str, str] = field(default_factory=dict)
    years: range = range(2025, max(datetime.now(UTC).year, 2026) + 2)
    currency: str = "USD"


def seed(tryton: Tryton, books: Books, password: str) -> None:
    """Fill an empty database. `tryton` is logged in as its administrator; `password` is the service user's."""
    company = open_company(tryton, books.currency)
    open_chart(tryton, company)
    add_accounts(tryton, company)
    for year in books.years:
        open_year(tryton, company, year)
    add_payment_term(tryton)
    add_parties(tryton, books.parties)
    add_service_user(tryton, company, password)


def open_company(tryton: Tryton, currency_code: str) -> int:
    """The company, and the administrator in it."""
    currency = tryton.create(
        "currency.currency",
        name=currency_code,
        code=currency_code,
        symbol="$",
        numeric_code="840",
        rounding=Decimal("0.01"),
        digits=2,
        rates=[["create", [{"date": date(2020, 1, 1), "rate": Decimal(1)}]]],
    )
    street = {"street": "1 Main St", "city": "Denver", "postal_code": "80202"}
    party = tryton.create("party.party", name=COMPANY, code="US", addresses=[["create", [street]]])
    company = tryton.create("company.company", party=party, currency=currency)
    tryton.call("res.user", "write", [tryton.user_id], {"companies": [["add", [company]]], "company": company})
    tryton.context["company"] = company
    return company


def open_chart(tryton: Tryton, company: int) -> None:
    """The chart that comes with Tryton, by its wizard."""
    wizard = "wizard.account.create_chart"
    template = tryton.the("account.account.template", ["parent", "=", None])
    session = tryton.rpc(f"{wizard}.create", tryton.context)[0]
    chosen = {"account": {"company": company, "account_template": template}}
    tryton.rpc(f"{wizard}.execute", session, chosen, "create_account", tryton.context)
    properties = {
        "company": company,
        "account_receivable": tryton.the("account.account", ["type.receivable", "=", True], NOT_CLOSED),
        "account_payable": tryton.the("account.account", ["type.payable", "=", True], NOT_CLOSED),
    }
    tryton.rpc(f"{wizard}.execute", session, {"properties": properties}, "create_properties", tryton.context)
    tryton.rpc(f"{wizard}.delete", session, tryton.context)


def add_accounts(tryton: Tryton, company: int) -> None:
    """Accounts that a contractor has beside the plain chart, each with the code that mappings name."""
    receivable = tryton.the("account.account", ["type.receivable", "=", True], NOT_CLOSED)
    kept = type_beside(tryton, company, receivable, name="Retainage receivable", assets=True)
    root = tryton.the("account.account", ["parent", "=", None])
    common = {"company": company, "parent": root}
    kept_back = {"type": kept, "party_required": True, "reconcile": True}
    tryton.create("account.account", name="Retainage receivable", code=RETAINAGE_ACCOUNT, **common, **kept_back)
    revenue = type_of(tryton, tryton.the("account.account", ["type.revenue", "=", True], NOT_CLOSED))
    tryton.create("account.account", name="Contract revenue", code=REVENUE_ACCOUNT, type=revenue, **common)
    payable = tryton.the("account.account", ["type.payable", "=", True], NOT_CLOSED)
    owed = type_beside(tryton, company, payable, name="Sales tax", assets=False)
    tryton.create("account.account", name="Sales tax payable", code=TAX_ACCOUNT, type=owed, **common)


def type_beside(tryton: Tryton, company: int, account: int, *, name: str, assets: bool) -> int:
    """A new balance sheet type in the same place of the statement as the account's."""
    parent = tryton.call("account.account.type", "read", [type_of(tryton, account)], ["parent"])[0]["parent"]
    values: dict[str, Any] = {"name": name, "parent": parent, "statement": "balance", "assets": assets}
    return tryton.create("account.account.type", company=company, **values)


def mark_retainage(tryton: Tryton) -> None:
    """Where our module is: say that the retainage account may hold retainage."""
    account = tryton.the("account.account", ["code", "=", RETAINAGE_ACCOUNT])
    tryton.call("account.account.type", "write", [type_of(tryton, account)], {"retainage": True})


def type_of(tryton: Tryton, account: int) -> int:
    """The account's type."""
    said: int = tryton.call("account.account", "read", [account], ["type"])[0]["type"]
    return said


def open_year(tryton: Tryton, company: int, year: int) -> None:
    """A fiscal year of twelve open months, with numbers for invoices and for credit notes."""

    def numbers(name: str, kind: str, prefix: str) -> int:
        of_kind = tryton.the("ir.sequence.type", ["name", "=", kind])
        told = {"name": f"{name} {year}", "sequence_type": of_kind, "prefix": prefix, "padding": 5}
        return tryton.create("ir.sequence.strict", company=company, **told)

    invoices, credit_notes = (
        numbers("Invoices", "Invoice", f"INV-{year}-"),
        numbers("Credits", "Invoice", f"CN-{year}-"),
    )
    rows = {
        "in_invoice": invoices,
        "in_credit_note": credit_notes,
        "out_invoice": invoices,
        "out_credit_note": credit_notes,
    }
    sequences = {f"{name}_sequence": row for name, row in rows.items()}
    fiscal_year = tryton.create(
        "account.fiscalyear",
        name=str(year),
        company=company,
        start_date=date(year, 1, 1),
        end_date=date(year, 12, 31),
        move_sequence=numbers("Moves", "Account Move", ""),
        invoice_sequences=[["create", [{"company": company} | sequences]]],
    )
    tryton.call("account.fiscalyear", "create_period", [fiscal_year], 1, 31)


def add_payment_term(tryton: Tryton) -> None:
    """Net 30."""
    remainder = {"type": "remainder", "relativedeltas": [["create", [{"days": 30}]]]}
    tryton.create("account.invoice.payment_term", name="Net 30", lines=[["create", [remainder]]])


def add_parties(tryton: Tryton, parties: Mapping[str, str]) -> None:
    """One customer for each code that no party has yet."""
    known = {row["code"] for row in tryton.rows("party.party", [], "code")}
    address = {"street": "500 Pier Ave", "city": "Seattle", "postal_code": "98101"}
    values = [
        {"code": code, "name": name, "addresses": [["create", [address]]]}
        for code, name in parties.items()
        if code not in known
    ]
    if values:
        tryton.call("party.party", "create", values)


def add_service_user(tryton: Tryton, company: int, password: str) -> None:
    """Who may do bookkeeping and nothing else."""
    groups = [tryton.the("res.group", ["name", "=", "Accounting"])]
    tryton.create(
        "res.user",
        name="Invoice export",
        login=SERVICE_USER,
        password=password,
        companies=[["add", [company]]],
        company=company,
        groups=[["add", groups]],
    )
