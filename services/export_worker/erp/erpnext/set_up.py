"""What ERPNext needs before the first invoice, seen and, where it may be, made."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from services.export_worker.core.outcomes import Failure, Refusal, Refused
from services.export_worker.erp.adapter import Check, CheckResult
from services.export_worker.erp.erpnext.lists import is_fit
from services.export_worker.erp.erpnext.periods import Calendar, Periods
from services.export_worker.erp.erpnext.reading import SALES_INVOICE
from services.export_worker.erp.erpnext.settings import ErpNextSettings
from services.export_worker.erp.erpnext.site import Filter, Site
from services.export_worker.erp.erpnext.wire import (
    Account,
    Apps,
    Caller,
    Company,
    CustomField,
    Named,
    Permission,
    SellingSettings,
)

OK, PREPARED, MISSING, WRONG, UNTOLD = CheckResult
FIELD, RETAINAGE = "reference field", "retainage account"
PREPARE = "run it with --prepare, as a user with the role System Manager"
TRIED = "15."
CUSTOM_FIELD, SELLING = "Custom Field", "Selling Settings"
RIGHTS = ((SALES_INVOICE, "create"), (SALES_INVOICE, "write"), (SALES_INVOICE, "submit"), ("File", "create"))


class SetUp:
    """Safe to repeat."""

    def __init__(self, site: Site, settings: ErpNextSettings, periods: Periods, now: Callable[[], datetime]) -> None:
        self.site = site
        self.settings = settings
        self.periods = periods
        self.now = now

    async def check(self) -> Sequence[Check]:
        """In the order in which a person would mend them. Stops at a log-in or a company that fails."""
        who = await self.site.ask("frappe.auth.get_logged_user", Caller)
        if isinstance(who, Failure):
            return [Check("log-in", WRONG, who.text, "see url, and the API key and its secret")]
        told = [Check("log-in", OK, who.root), await self.version()]
        company = await self.site.read("Company", self.settings.company, Company)
        if not isinstance(company, Company):
            return [*told, unread("company", self.settings.company, company)]
        return [
            *told,
            Check("company", OK, f"{company.name}, {company.default_currency}"),
            await self.rights(),
            await self.field(),
            await self.retainage(),
            *await self.named(),
            await self.default_taxes(),
            await self.lines_below_zero(),
            await self.open_days(),
        ]

    async def prepare(self) -> Sequence[Check]:
        """Our field, and the retainage account where the settings say below which group."""
        made = [await self.field_made()]
        return made if self.settings.retainage_parent is None else [*made, await self.retainage_made()]

    async def version(self) -> Check:
        """Of ERPNext; other ones may well do."""
        apps = await self.site.ask("frappe.utils.change_log.get_versions", Apps)
        if isinstance(apps, Failure) or not apps.erpnext.version:
            return Check("version", UNTOLD, "ERPNext does not tell", f"this was written for {TRIED}x")
        version = apps.erpnext.version
        if version.startswith(TRIED):
            return Check("version", OK, version)
        return Check("version", UNTOLD, version, f"this was written for {TRIED}x: try it on a copy first")

    async def rights(self) -> Check:
        """What each invoice takes."""
        lacking: list[str] = []
        for doctype, right in RIGHTS:
            told = await self.site.ask(
                "frappe.client.has_permission", Permission, doctype=doctype, docname="", perm_type=right
            )
            if isinstance(told, Failure):
                return Check("rights", UNTOLD, told.text, "give the user the role Accounts User")
            lacking += [] if told.has_permission else [f"{right} {doctype}"]
        if lacking:
            return Check("rights", MISSING, f"may not {', '.join(lacking)}", "give the user the role Accounts User")
        return Check("rights", OK, "may create, change and submit invoices, and attach files")

    async def field(self) -> Check:
        """The field that carries our mark. Anybody can see that it is there; that it is unique, only an admin."""
        name = self.settings.reference_field
        used = await self.site.listed(SALES_INVOICE, Named, [(name, "=", "nothing:0:0:0")])
        if isinstance(used, Refused) and used.refusal is Refusal.NOT_ALLOWED:
            return Check(FIELD, MISSING, used.text, PREPARE)
        if not isinstance(used, list):
            return Check(FIELD, WRONG, used.text, "try again")
        standing = await self.custom_field()
        if isinstance(standing, Failure):
            return Check(FIELD, UNTOLD, f"{name} is there; whether it is unique, this user may not see", PREPARE)
        return seen_field(name, standing)

    async def field_made(self) -> Check:
        """Made where it is missing; one that stands is left as it is."""
        name = self.settings.reference_field
        standing = await self.custom_field()
        if isinstance(standing, Failure):
            return Check(FIELD, WRONG, standing.text, PREPARE)
        if standing:
            return seen_field(name, standing)
        made = await self.site.insert(CUSTOM_FIELD, field_written(name), Named)
        return Check(FIELD, PREPARED, name) if isinstance(made, Named) else Check(FIELD, MISSING, made.text, PREPARE)

    async def custom_field(self) -> list[CustomField] | Failure:
        """Our field as it was added; none where it is not."""
        mine: list[Filter] = [("dt", "=", SALES_INVOICE), ("fieldname", "=", self.settings.reference_field)]
        return await self.site.whole(CUSTOM_FIELD, CustomField, mine)

    async def retainage(self) -> Check:
        """An asset that ERPNext lets be booked on without a party."""
        name = self.settings.retainage_account
        if name is None:
            return Check(RETAINAGE, UNTOLD, "no setting names one", "map the kind retainage_account to one")
        account = await self.site.read("Account", name, Account)
        if not isinstance(account, Account):
            return unread(RETAINAGE, name, account)
        faults = [
            text
            for is_wrong, text in (
                (account.company != self.settings.company, f"belongs to {account.company}"),
                (account.root_type != "Asset", f"is no asset but {account.root_type or 'nothing'}"),
                (not is_fit(account), f"is of the type {account.account_type}"),
                (account.is_group, "is a group"),
                (account.disabled, "is disabled"),
            )
            if is_wrong
        ]
        if faults:
            return Check(RETAINAGE, WRONG, f"{name} {', '.join(faults)}", "name another, or correct it in ERPNext")
        return Check(RETAINAGE, OK, name)

    async def retainage_made(self) -> Check:
        """ERPNext names an account itself, of its number, its name and the company's letters."""
        name, company = self.settings.retainage_account, self.settings.company
        if name is None:
            return Check(RETAINAGE, WRONG, "no name", "give retainage_account beside retainage_parent")
        if await self.site.read("Account", name, Named) is not None:
            return await self.retainage()
        owner = await self.site.read("Company", company, Company)
        if not isinstance(owner, Company):
            return unread("company", company, owner)
        first, ending = name.removesuffix(f" - {owner.abbr}"), f" - {owner.abbr}"
        if first == name:
            return Check(RETAINAGE, WRONG, name, f"in ERPNext it will end with {ending!r}: name it so")
        number, between, rest = first.partition(" - ")
        called = {"account_number": number, "account_name": rest} if between and number.isdigit() else {}
        place = {"company": company, "parent_account": self.settings.retainage_parent}
        body = {"account_name": first, **place, "is_group": 0, "root_type": "Asset", **called}
        made = await self.site.insert("Account", body, Named)
        if not isinstance(made, Named):
            return Check(RETAINAGE, MISSING, made.text, "make it by hand")
        return Check(RETAINAGE, PREPARED, made.name)

    async def named(self) -> list[Check]:
        """Whatever else the settings name."""
        settings = self.settings
        wanted = (
            ("default item", "Item", settings.default_item),
            ("income account", "Account", settings.income_account),
            ("tax account", "Account", settings.tax_account),
            ("cost center", "Cost Center", settings.cost_center),
        )
        told: list[Check] = []
        for what, doctype, name in wanted:
            if name is not None:
                found = await self.site.read(doctype, name, Named)
                told.append(Check(what, OK, name) if isinstance(found, Named) else unread(what, name, found))
        return told

    async def default_taxes(self) -> Check:
        """ERPNext adds the company's default template to each invoice that comes without any charge."""
        mine: list[Filter] = [("company", "=", self.settings.company), ("is_default", "=", 1), ("disabled", "=", 0)]
        found = await self.site.listed("Sales Taxes and Charges Template", Named, mine)
        if not isinstance(found, list):
            return Check("default taxes", UNTOLD, found.text, "see that no template of sales taxes is the default")
        if found:
            remedy = "take Default off it: ERPNext would add it to invoices without retainage, which are then held"
            return Check("default taxes", WRONG, ", ".join(one.name for one in found), remedy)
        return Check("default taxes", OK, "none")

    async def lines_below_zero(self) -> Check:
        """Work that is taken back."""
        remedy = "tick Allow Negative rates for Items in Selling Settings, or such invoices are refused"
        settings = await self.site.read(SELLING, SELLING, SellingSettings)
        if not isinstance(settings, SellingSettings):
            return Check("lines below zero", UNTOLD, "this user may not see it", remedy)
        if settings.allow_negative_rates_for_items:
            return Check("lines below zero", OK, "taken")
        return Check("lines below zero", OK, "refused when submitted", remedy)

    async def open_days(self) -> Check:
        """From which day on the books are open."""
        today = self.now().date()
        calendar = await self.periods.calendar(today)
        if not isinstance(calendar, Calendar):
            return Check(
                "periods", UNTOLD, calendar.text, "give the user the role Accounts Manager, which may read them"
            )
        day = calendar.first_open_day(today)
        if day is None:
            return Check("periods", WRONG, "no day is open from today on", "make a fiscal year, or open a period")
        return Check("periods", OK, f"open on {day}")


def seen_field(name: str, standing: list[CustomField]) -> Check:
    """As it was added."""
    if not standing:
        return Check(FIELD, WRONG, f"{name} is a field of ERPNext's own", "choose another reference_field")
    if not standing[0].unique or standing[0].fieldtype != "Data":
        seen = f"{name} is {standing[0].fieldtype}, {'unique' if standing[0].unique else 'not unique'}"
        return Check(FIELD, WRONG, seen, "make it Data and unique in Customize Form")
    return Check(FIELD, OK, f"{name} is there and unique")


def field_written(name: str) -> dict[str, Any]:
    """Unique, so that the database decides; not copied, so that a duplicate made by hand is not taken for ours."""
    label = name.replace("_", " ").capitalize()
    shape = {"dt": SALES_INVOICE, "fieldname": name, "label": label, "fieldtype": "Data", "insert_after": "po_no"}
    return shape | {"unique": 1, "no_copy": 1, "read_only": 1}


def unread(what: str, name: str, found: Failure | None) -> Check:
    """Something that the settings name and that is not there, or may not be seen."""
    if found is None:
        return Check(what, MISSING, f"{name} does not exist in ERPNext", "correct the setting, or make it there")
    return Check(what, WRONG, found.text, "give the user the right to read it")
