"""Sales invoices: made, changed, submitted and cancelled as ERPNext does it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from deploy.sandbox.erpnext.doctypes import ITEM_ROW, SALES_INVOICE, TAX_ROW
from deploy.sandbox.erpnext.errors import FrappeError
from deploy.sandbox.erpnext.site import Record, Site
from deploy.sandbox.erpnext.values import cleaned, money, rounded

DRAFT, SUBMITTED, CANCELLED = 0, 1, 2
SERIES = "ACC-SINV-.YYYY.-"
# What may still change once it is submitted; of those that the stand-in knows.
AFTER_SUBMIT = frozenset({"docstatus", "modified", "remarks"})


def create(site: Site, data: Mapping[str, Any]) -> Record:
    """A draft, or at once submitted with docstatus 1. A name that is sent is not heeded."""
    record = cleaned(SALES_INVOICE, data, site.custom(SALES_INVOICE))
    check_party(site, record)
    filled = with_totals(with_defaults(site, record))
    check(site, filled, "")
    name = f"ACC-SINV-{site.today.year}-{next(site.series):05d}"
    if int(data.get("docstatus") or DRAFT) == SUBMITTED:
        check_submit(site, filled)
        return as_answered(site.store(SALES_INVOICE, name, submitted(filled)))
    return site.store(SALES_INVOICE, name, filled)


def update(site: Site, name: str, data: Mapping[str, Any]) -> Record:
    """What PUT does: a change of a draft, a submission, or a change after it."""
    standing = site.get(SALES_INVOICE, name)
    if data.get("modified") and data["modified"] != standing["modified"]:
        told = "Error: Document has been modified after you have opened it. Please refresh to get the latest document."
        raise FrappeError("TimestampMismatchError", told)
    before, after = standing["docstatus"], int(data.get("docstatus", standing["docstatus"]))
    if before == CANCELLED:
        raise FrappeError("ValidationError", "Cannot edit cancelled document")
    if (before, after) in {(DRAFT, CANCELLED), (SUBMITTED, DRAFT)}:
        raise FrappeError("DocstatusTransitionError", f"Cannot change docstatus from {before} to {after}")
    changes = cleaned(SALES_INVOICE, data, site.custom(SALES_INVOICE))
    if before == SUBMITTED:
        return updated_after_submit(site, standing, changes, after)
    filled = with_totals(with_defaults(site, standing | changes))
    check(site, filled, name)
    if after == SUBMITTED:
        check_submit(site, filled)
        return as_answered(site.store(SALES_INVOICE, name, submitted(filled)))
    return site.store(SALES_INVOICE, name, filled)


def updated_after_submit(site: Site, standing: Record, changes: Mapping[str, Any], after: int) -> Record:
    """Few fields may change; submitting once more changes nothing."""
    if after == CANCELLED:
        return cancel(site, standing["name"])
    for field, value in changes.items():
        if field not in AFTER_SUBMIT and value != standing.get(field):
            told = f"Not allowed to change {field} after submission"
            raise FrappeError("UpdateAfterSubmitError", told)
    return as_answered(site.store(SALES_INVOICE, standing["name"], standing | dict(changes)))


def cancel(site: Site, name: str) -> Record:
    """Reverse a submitted invoice. A draft cannot be cancelled, only deleted."""
    standing = site.get(SALES_INVOICE, name)
    if standing["docstatus"] != SUBMITTED:
        raise FrappeError("DocstatusTransitionError", "Cannot change docstatus from 0 (Draft) to 2 (Cancelled)")
    gone = {"docstatus": CANCELLED, "status": "Cancelled", "outstanding_amount": 0.0}
    return site.store(SALES_INVOICE, name, standing | gone)


def check_party(site: Site, record: Mapping[str, Any]) -> None:
    """Bad input that ends in a crash in the real one."""
    if record.get("customer") not in site.records["Customer"]:
        raise FrappeError("AttributeError", "'NoneType' object has no attribute 'default_price_list'")
    if not record.get("items"):
        raise FrappeError("TypeError", "'NoneType' object is not subscriptable")
    for row in record["items"]:
        if row.get("item_code") not in site.records["Item"]:
            raise FrappeError("DoesNotExistError", f"Item {row.get('item_code')} not found")


def with_defaults(site: Site, record: Record) -> Record:
    """What ERPNext fills in by itself: today, the company's currency, and a template of taxes."""
    day = record.get("posting_date") if record.get("set_posting_time") else None
    posting = day or site.today.isoformat()
    # A schedule that stands decides on the due date; a new one is made of the due date.
    schedule = record.get("payment_schedule") or [{"due_date": record.get("due_date") or posting}]
    taxes = record.get("taxes") or [cleaned(TAX_ROW, row, {}) for row in site.rules.default_taxes]
    return {
        "naming_series": SERIES,
        "currency": "USD",
        "conversion_rate": 1.0,
        **record,
        "posting_date": posting,
        "due_date": max(row["due_date"] for row in schedule),
        "payment_schedule": schedule,
        "remarks": record.get("remarks") or "No Remarks",
        "taxes": taxes,
        "status": "Draft",
        "outstanding_amount": 0.0,
    }


def with_totals(record: Record) -> Record:
    """Amounts as floats. Unless told otherwise, the total is rounded to whole units."""
    items = [row | {"amount": rounded(row.get("qty", 1.0) * row.get("rate", 0.0))} for row in record["items"]]
    taxes = [row | {"tax_amount": rounded(row.get("tax_amount", 0.0))} for row in record["taxes"]]
    total = rounded(sum(row["amount"] for row in items))
    charges = rounded(sum(row["tax_amount"] for row in taxes))
    grand = money("grand_total", rounded(total + charges))
    whole = 0.0 if record.get("disable_rounded_total") else float(round(grand))
    return record | {
        "items": items,
        "taxes": taxes,
        "total": money("total", total),
        "total_taxes_and_charges": charges,
        "grand_total": grand,
        "rounded_total": whole,
        "rounding_adjustment": rounded(whole - grand) if whole else 0.0,
    }


def check(site: Site, record: Record, name: str) -> None:
    """What each save of an invoice must satisfy."""
    site.check_links(SALES_INVOICE, record)
    for number, row in enumerate(record["items"], start=1):
        site.check_links(ITEM_ROW, row, f"Row #{number}: ")
    for number, row in enumerate(record["taxes"], start=1):
        site.check_links(TAX_ROW, row, f"Row #{number}: ")
    if not record.get("company"):
        raise FrappeError("MandatoryError", f"[{SALES_INVOICE}, {name or 'new'}]: company")
    posting = record["posting_date"]
    if record["due_date"] < posting:
        raise FrappeError("ValidationError", "Due Date cannot be before Posting Date")
    if not any(year_of(one, posting) for one in site.of("Fiscal Year")):
        raise FrappeError("FiscalYearError", f"Posting Date {told(posting)} is not in any active Fiscal Year")
    for period in site.of("Accounting Period"):
        if is_closed(period, record["company"], posting):
            words = f"You cannot create a {SALES_INVOICE} within the closed Accounting Period"
            raise FrappeError("ClosedAccountingPeriod", f"{words} <strong>{period['name']}</strong>")
    site.check_unique(record, name)


def check_submit(site: Site, record: Record) -> None:
    """What posting to the ledger must satisfy besides."""
    site.allow(SALES_INVOICE, "submit")
    lenient = site.get("Selling Settings", "Selling Settings").get("allow_negative_rates_for_items")
    for row in record["items"]:
        if row.get("qty", 1.0) < 0:
            told_ = f"For an item {row['item_code']}, quantity must be positive number"
            raise FrappeError("ValidationError", told_)
        if row.get("rate", 0.0) < 0 and not lenient:
            words = "rate must be a positive number. To Allow negative rates, enable"
            setting = "<strong>`Allow Negative rates for Items`</strong> in Selling Settings"
            raise FrappeError("ValidationError", f"For item {row['item_code']}, {words} {setting}")
    frozen = site.get("Accounts Settings", "Accounts Settings").get("acc_frozen_upto")
    if frozen and record["posting_date"] <= frozen:
        words = "You are not authorized to add or update entries before"
        raise FrappeError("ValidationError", f"{words} {told(frozen)}")
    closed = [one["period_end_date"] for one in site.of("Period Closing Voucher") if one["docstatus"] == SUBMITTED]
    if closed and record["posting_date"] <= max(closed):
        words = f"Books have been closed till the period ending on {told(max(closed))}"
        raise FrappeError(
            "ValidationError", f"{words}</br >You cannot create/amend any accounting entries till this date."
        )


def submitted(record: Record) -> Record:
    """As it stands in the ledger."""
    owed = record["rounded_total"] or record["grand_total"]
    return record | {"docstatus": SUBMITTED, "status": "Unpaid", "outstanding_amount": owed}


def as_answered(record: Record) -> Record:
    """The answer to a submission still shows the draft's figures; only a read tells the truth."""
    return record | {"status": "Draft", "outstanding_amount": 0.0}


def year_of(year: Mapping[str, Any], day: str) -> bool:
    """Whether a fiscal year is open for the day."""
    return not year["disabled"] and bool(year["year_start_date"] <= day <= year["year_end_date"])


def is_closed(period: Mapping[str, Any], company: str, day: str) -> bool:
    """Whether an accounting period closes invoices on the day."""
    closes = any(row["document_type"] == SALES_INVOICE and row["closed"] for row in period["closed_documents"])
    within = period["start_date"] <= day <= period["end_date"]
    return closes and within and period["company"] == company and not period.get("disabled")


def told(day: str) -> str:
    """As ERPNext writes a date for people."""
    return f"{date.fromisoformat(day):%d-%m-%Y}"
