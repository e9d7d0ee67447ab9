"""What the stand-in's document types hold. A field that is not here is dropped without a word, as Frappe does.

A field's type is Frappe's own: Data (140 characters), text of several kinds, Currency, Date, Check, Link and Table.
"""

from collections.abc import Mapping

SALES_INVOICE = "Sales Invoice"
ITEM_ROW, TAX_ROW = "Sales Invoice Item", "Sales Taxes and Charges"

DATA, TEXT, EDITOR, MONEY, DAY, CHECK = "Data", "Small Text", "Text Editor", "Currency", "Date", "Check"


def link(doctype: str) -> str:
    """A field that names another document."""
    return f"Link:{doctype}"


def table(doctype: str) -> str:
    """A field that holds rows."""
    return f"Table:{doctype}"


FIELDS: Mapping[str, Mapping[str, str]] = {
    SALES_INVOICE: {
        "naming_series": DATA,
        "company": link("Company"),
        "customer": link("Customer"),
        "project": link("Project"),
        "cost_center": link("Cost Center"),
        "posting_date": DAY,
        "set_posting_time": CHECK,
        "due_date": DAY,
        "ignore_default_payment_terms_template": CHECK,
        "po_no": DATA,
        "remarks": TEXT,
        "currency": link("Currency"),
        "conversion_rate": MONEY,
        "ignore_pricing_rule": CHECK,
        "disable_rounded_total": CHECK,
        "is_pos": CHECK,
        "update_stock": CHECK,
        "is_return": CHECK,
        "return_against": link(SALES_INVOICE),
        "amended_from": link(SALES_INVOICE),
        "items": table(ITEM_ROW),
        "taxes": table(TAX_ROW),
        "payment_schedule": table("Any"),
        "status": DATA,
        "total": MONEY,
        "total_taxes_and_charges": MONEY,
        "grand_total": MONEY,
        "rounded_total": MONEY,
        "rounding_adjustment": MONEY,
        "outstanding_amount": MONEY,
    },
    ITEM_ROW: {
        "item_code": link("Item"),
        "item_name": DATA,
        "description": EDITOR,
        "qty": MONEY,
        "rate": MONEY,
        "amount": MONEY,
        "income_account": link("Account"),
        "project": link("Project"),
        "cost_center": link("Cost Center"),
    },
    TAX_ROW: {
        "charge_type": DATA,
        "account_head": link("Account"),
        "description": TEXT,
        "tax_amount": MONEY,
        "cost_center": link("Cost Center"),
    },
    "Company": {"abbr": DATA, "default_currency": link("Currency"), "accounts_frozen_till_date": DAY},
    "Currency": {},
    "Customer": {"customer_name": DATA, "disabled": CHECK},
    "Project": {"project_name": DATA, "status": DATA, "company": link("Company")},
    "Item": {"item_name": DATA, "disabled": CHECK, "is_sales_item": CHECK, "has_variants": CHECK},
    "Account": {
        "account_name": DATA,
        "account_number": DATA,
        "company": link("Company"),
        "parent_account": link("Account"),
        "root_type": DATA,
        "account_type": DATA,
        "account_currency": link("Currency"),
        "is_group": CHECK,
        "disabled": CHECK,
    },
    "Cost Center": {"company": link("Company"), "is_group": CHECK, "disabled": CHECK},
    "Fiscal Year": {"year_start_date": DAY, "year_end_date": DAY, "disabled": CHECK, "companies": table("Any")},
    "Accounting Period": {
        "company": link("Company"),
        "start_date": DAY,
        "end_date": DAY,
        "disabled": CHECK,
        "closed_documents": table("Any"),
    },
    "Period Closing Voucher": {"company": link("Company"), "period_end_date": DAY},
    "Accounts Settings": {"acc_frozen_upto": DAY},
    "Selling Settings": {"allow_negative_rates_for_items": CHECK},
    "Sales Taxes and Charges Template": {"company": link("Company"), "is_default": CHECK, "disabled": CHECK},
    "Custom Field": {
        "dt": DATA,
        "fieldname": DATA,
        "label": DATA,
        "fieldtype": DATA,
        "insert_after": DATA,
        "unique": CHECK,
        "no_copy": CHECK,
        "read_only": CHECK,
    },
    "File": {
        "file_name": DATA,
        "attached_to_doctype": DATA,
        "attached_to_name": DATA,
        "is_private": CHECK,
        "content_hash": DATA,
    },
}
EVERY = {"name": DATA, "owner": DATA, "creation": DATA, "modified": DATA, "docstatus": CHECK, "idx": CHECK}
