"""What a QuickBooks company needs before the first invoice, seen and, where it may be, made."""

from collections.abc import Sequence
from typing import Any

from services.export_worker.core.outcomes import LookUpFailure
from services.export_worker.erp.adapter import Check, CheckResult
from services.export_worker.erp.quickbooks_online.company import CONNECT_ANEW, MINOR_VERSION, Company
from services.export_worker.erp.quickbooks_online.lists import ACTIVE, retainage_items
from services.export_worker.erp.quickbooks_online.mapping import WHERE_NUMBERS
from services.export_worker.erp.quickbooks_online.query import quoted
from services.export_worker.erp.quickbooks_online.wire import CompanyDetails, Item, Preferences

LOG_IN, RETAINAGE = "log-in", "retainage item"
UNITED_STATES = frozenset({"US", "USA"})
MAP_IT = "map the kind retainage_account to it"


async def checks(company: Company) -> Sequence[Check]:
    """In the order in which a person would mend them. Stops at a log-in that fails."""
    who = await company.read(f"/companyinfo/{company.settings.realm_id}", CompanyDetails)
    if not isinstance(who, CompanyDetails):
        seen = "there is no such company" if who is None else who.text
        return [Check(LOG_IN, CheckResult.WRONG, seen, f"see realm_id and the secrets. {CONNECT_ANEW}")]
    preferences = await company.read("/preferences", Preferences)
    told: list[Check] = [
        Check(LOG_IN, CheckResult.OK, f"{who.company_name}, {who.country or 'country not told'}"),
        Check("version", CheckResult.OK, f"version 3, minor version {MINOR_VERSION}"),
        country(who),
        Check("rights", CheckResult.UNTOLD, "QuickBooks does not tell", "connect as an admin, or as a user for sales"),
    ]
    if isinstance(preferences, Preferences):
        told += [currency(company, preferences), numbers(preferences), duplicates(), periods(preferences)]
    else:
        seen = "not there" if preferences is None else preferences.text
        told.append(Check("preferences", CheckResult.WRONG, seen, "try again"))
    return [*told, await items(company), await retainage(company)]


def country(who: CompanyDetails) -> Check:
    """Elsewhere every line needs a tax code of its own."""
    if who.country.upper() in UNITED_STATES:
        return Check("country", CheckResult.OK, who.country)
    return Check("country", CheckResult.WRONG, who.country or "not told", "only companies in the United States fit")


def currency(company: Company, preferences: Preferences) -> Check:
    """What the connection allows has to be in use."""
    prefs = preferences.currency_prefs
    home = prefs.home_currency.value if prefs.home_currency else "not told"
    foreign = sorted(company.settings.currencies - {home})
    if foreign and not prefs.multi_currency_enabled:
        remedy = f"switch on several currencies in QuickBooks, or leave {', '.join(foreign)} out of `currencies`"
        return Check("currency", CheckResult.WRONG, f"{home} only", remedy)
    return Check("currency", CheckResult.OK, home)


def numbers(preferences: Preferences) -> Check:
    """A number of QuickBooks' own would carry no mark, and no look-up would find the invoice."""
    if preferences.sales_forms_prefs.custom_txn_numbers:
        return Check("custom transaction numbers", CheckResult.OK, "on")
    remedy = f"switch them on: {WHERE_NUMBERS}"
    return Check("custom transaction numbers", CheckResult.WRONG, "off, so nothing is sent", remedy)


def duplicates() -> Check:
    """The switch is in no answer."""
    remedy = "switch it on: Account and settings, Advanced, Other preferences"
    return Check("warning of duplicate invoice numbers", CheckResult.UNTOLD, "QuickBooks does not tell", remedy)


def periods(preferences: Preferences) -> Check:
    """Up to which day the books are closed."""
    closed = preferences.accounting_info_prefs.book_close_date
    return Check("periods", CheckResult.OK, "none is closed" if closed is None else f"closed up to {closed}")


async def items(company: Company) -> Check:
    """Something has to be on a line."""
    found = await company.query(Item, ACTIVE)
    if not isinstance(found, list):
        return Check("items", CheckResult.WRONG, found.text, "try again")
    if not found:
        return Check("items", CheckResult.MISSING, "none", "make a service item for each kind of work")
    return Check("items", CheckResult.OK, f"{len(found)} are active")


async def retainage(company: Company) -> Check:
    """The item whose income account is retainage receivable."""
    found = await retainage_items(company)
    if isinstance(found, LookUpFailure):
        return Check(RETAINAGE, CheckResult.WRONG, found.text, "try again")
    if not found:
        return Check(RETAINAGE, CheckResult.MISSING, "no item has an account of other current assets", HOW)
    named = ", ".join(f"{item.id} {item.name}" for item in found)
    return Check(RETAINAGE, CheckResult.OK, named, MAP_IT)


HOW = "name the account as `retainage_account_id` and prepare, or make a service item by hand"


async def prepared(company: Company) -> Sequence[Check]:
    """A service item for retainage. Only its own account makes it right, so it is never guessed."""
    settings, account = company.settings, company.settings.retainage_account_id
    if account is None:
        return []
    standing = await company.query(Item, f"Name = {quoted(settings.retainage_item_name)}")
    if not isinstance(standing, list):
        return [Check(RETAINAGE, CheckResult.WRONG, standing.text, "try again")]
    if standing:
        return [already(standing[0], account)]
    body: dict[str, Any] = {
        "Name": settings.retainage_item_name,
        "Type": "Service",
        "IncomeAccountRef": {"value": account},
    }
    made = await company.write("/item", body, Item)
    if not isinstance(made, Item):
        return [Check(RETAINAGE, CheckResult.MISSING, made.text, "prepare again, or make it by hand")]
    return [Check(RETAINAGE, CheckResult.PREPARED, f"{made.id} {made.name}", MAP_IT)]


def already(item: Item, account: str) -> Check:
    """An item of this name stands: with the right account, or with one that a person has to look at."""
    has = item.income_account_ref.value if item.income_account_ref else "none"
    if has == account:
        return Check(RETAINAGE, CheckResult.OK, f"{item.id} {item.name}", MAP_IT)
    remedy = f"give it the account {account}, or choose another `retainage_item_name`"
    return Check(RETAINAGE, CheckResult.WRONG, f"{item.id} {item.name} has the account {has}", remedy)
