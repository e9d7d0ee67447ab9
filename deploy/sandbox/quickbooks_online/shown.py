"""Entities as QuickBooks shows them. Pure but for the clock in their metadata."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from deploy.sandbox.quickbooks_online import wire
from deploy.sandbox.quickbooks_online.refusals import moment
from deploy.sandbox.quickbooks_online.rules import AccountEntry, CompanyRules, CustomerEntry, ItemEntry

if TYPE_CHECKING:
    from deploy.sandbox.quickbooks_online.company import Company

Entity = dict[str, Any]
SUBTOTAL = "SubTotalLineDetail"


def invoice(name: str, written: wire.Invoice, company: "Company") -> Entity:
    """A new invoice. Without custom numbers QuickBooks gives its own."""
    rules = company.rules
    number = written.doc_number if rules.custom_numbers else str(1000 + int(name))
    lines = [line(at, one, company) for at, one in enumerate(written.line, start=1)]
    tax = written.txn_tax_detail.total_tax if written.txn_tax_detail else Decimal(0)
    made: Entity = {
        "domain": "QBO",
        "sparse": False,
        "Id": name,
        "SyncToken": "0",
        "MetaData": {"CreateTime": moment(), "LastUpdatedTime": moment()},
        "DocNumber": number,
        "TxnDate": written.txn_date.isoformat(),
        "CurrencyRef": {"value": written.currency_ref.value if written.currency_ref else rules.home_currency},
        "PrivateNote": written.private_note,
        "LinkedTxn": [],
        "CustomerRef": {
            "value": written.customer_ref.value,
            "name": rules.customers[written.customer_ref.value].name,
        },
        "PrintStatus": "NeedToPrint",
        "EmailStatus": "NotSet",
    }
    if written.due_date:
        made["DueDate"] = written.due_date.isoformat()
    if written.customer_memo:
        made["CustomerMemo"] = {"value": written.customer_memo.value}
    return made | totals(lines, tax)


def line(at: int, written: wire.Line, company: "Company") -> Entity:
    """One line with the names of what it points at."""
    detail = written.sales_item_line_detail
    item_id = detail.item_ref.value
    tax = detail.tax_code_ref.value if detail.tax_code_ref else "NON"
    return {
        "Id": str(at),
        "LineNum": at,
        "Description": written.description,
        "Amount": written.amount,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {
            "ItemRef": {"value": item_id, "name": company.items[item_id].name},
            "TaxCodeRef": {"value": tax},
        },
    }


def totals(lines: list[Entity], tax: Decimal) -> Entity:
    """Lines with QuickBooks' own subtotal behind them, and what they come to."""
    sold = [one for one in lines if one["DetailType"] != SUBTOTAL]
    subtotal = sum((one["Amount"] for one in sold), Decimal(0))
    return {
        "Line": [*sold, {"Amount": subtotal, "DetailType": SUBTOTAL, SUBTOTAL: {}}],
        "TxnTaxDetail": {"TotalTax": tax},
        "TotalAmt": subtotal + tax,
        "Balance": subtotal + tax,
    }


def voided(invoice: Entity) -> Entity:
    """Every amount empty, and a word at the head of the note."""
    lines = [one | {"Amount": Decimal(0)} for one in invoice["Line"]]
    note = " - ".join(text for text in ("Voided", invoice["PrivateNote"]) if text)
    return newer(invoice | totals(lines, Decimal(0)) | {"PrivateNote": note})


def newer(entity: Entity) -> Entity:
    """The next version."""
    metadata = entity["MetaData"] | {"LastUpdatedTime": moment()}
    return entity | {"SyncToken": str(int(entity["SyncToken"]) + 1), "MetaData": metadata}


def customer(name: str, entry: CustomerEntry, rules: CompanyRules) -> Entity:
    """A customer, or a job with its parent."""
    told: Entity = {
        "Id": name,
        "DisplayName": entry.name,
        "FullyQualifiedName": entry.name,
        "Active": entry.active,
        "Job": entry.parent is not None,
    }
    if entry.parent is not None:
        parent = rules.customers[entry.parent].name
        told |= {"FullyQualifiedName": f"{parent}:{entry.name}", "ParentRef": {"value": entry.parent}}
    return told


def item(name: str, entry: ItemEntry, company: "Company") -> Entity:
    """A product or service with its account."""
    account = company.rules.accounts[entry.account]
    return {
        "Id": name,
        "Name": entry.name,
        "Active": entry.active,
        "Type": entry.type,
        "IncomeAccountRef": {"value": entry.account, "name": account.name},
    }


def account(name: str, entry: AccountEntry) -> Entity:
    """An account of the chart."""
    return {"Id": name, "Name": entry.name, "AccountType": entry.type, "Active": True}


def tax_code(name: str, text: str) -> Entity:
    """A sales tax code."""
    return {"Id": name, "Name": text, "Active": True}


def attachable(name: str, written: wire.Attachable, size: int) -> Entity:
    """A file that is attached."""
    refs = [one.model_dump(by_alias=True) for one in written.attachable_ref]
    return {
        "Id": name,
        "FileName": written.file_name,
        "ContentType": written.content_type,
        "Size": size,
        "AttachableRef": refs,
    }


def preferences(rules: CompanyRules) -> Entity:
    """How the company is set up."""
    closed = {} if rules.closed_until is None else {"BookCloseDate": rules.closed_until.isoformat()}
    return {
        "Id": "1",
        "AccountingInfoPrefs": {"UseAccountNumbers": True, **closed},
        "SalesFormsPrefs": {"CustomTxnNumbers": rules.custom_numbers},
        "CurrencyPrefs": {
            "HomeCurrency": {"value": rules.home_currency},
            "MultiCurrencyEnabled": len(rules.currencies) > 1,
        },
    }
