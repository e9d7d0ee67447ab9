"""Setting a connection up: what is checked, what is made, and Odoo's own lists to map to."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any

from services.export_worker.core.outcomes import Failure, LookUpFailure, look_up_failure
from services.export_worker.erp.adapter import Check, CheckResult, Choice
from services.export_worker.erp.odoo.periods import Periods
from services.export_worker.erp.odoo.reading import ASSET
from services.export_worker.erp.odoo.settings import OdooSettings
from services.export_worker.erp.odoo.transport import Odoo
from services.export_worker.erp.odoo.wire import ACCOUNT_FIELDS, ACCOUNTS, IDS, LISTING, NAMES, YES, Account
from shared.connections.mappings import MappingKind

OK, PREPARED, MISSING, WRONG, UNTOLD = CheckResult
ACCOUNT = "account.account"
VERSIONS = {"jsonrpc": range(14, 20), "json2": range(19, 30)}
KNOWS_HAS_ACCESS = 18
RIGHTS = (("account.move", "create"), ("account.move", "write"), ("ir.model.data", "read"), ("ir.attachment", "create"))

LISTS: dict[MappingKind, tuple[str, list[Any]]] = {
    MappingKind.CUSTOMER: ("res.partner", ["|", ["is_company", "=", True], ["customer_rank", ">", 0]]),
    MappingKind.JOB: ("account.analytic.account", []),
    MappingKind.TAX: ("account.tax", [["type_tax_use", "=", "sale"]]),
}
GROUPS = {MappingKind.ACCOUNT: "income", MappingKind.RETAINAGE_ACCOUNT: ASSET}


class SetUp:
    """What people ask of a connection before it works."""

    def __init__(self, odoo: Odoo, settings: OdooSettings, periods: Periods) -> None:
        self.odoo = odoo
        self.settings = settings
        self.periods = periods

    async def check(self) -> Sequence[Check]:
        """In this order, and no further than the log-in where that fails."""
        version = await self.odoo.version()
        if not isinstance(version, str):
            return [Check("version", WRONG, version.text, "see that Odoo runs, and the url and api of the connection")]
        log_in = await self.log_in()
        if log_in.result is not OK:
            return [self.version(version), log_in]
        rest: Sequence[Callable[[], Awaitable[Check]]] = (
            *(self.currency_check(currency) for currency in sorted(self.settings.currencies)),
            self.journal,
            *self.account_checks(),
            self.lock_dates,
        )
        rights = [await self.right(model, right, major(version)) for model, right in RIGHTS]
        return [self.version(version), log_in, *rights, *[await one() for one in rest]]

    async def prepare(self) -> Sequence[Check]:
        """The retainage account, where the settings name one."""
        code = self.settings.retainage_account
        if code is None:
            return []
        before = await self.account(code, ASSET, "retainage account")
        if before.result is not MISSING:
            return [before]
        name = self.settings.retainage_account_name
        values = {"code": code, "name": name, "account_type": "asset_current", "reconcile": True}
        made = await self.odoo.ask(IDS, ACCOUNT, "create", vals_list=values, writes=True)
        if isinstance(made, Failure):
            return [Check(before.what, WRONG, made.text, "make it by hand: a current asset that can be reconciled")]
        return [Check(before.what, PREPARED, f"{code} {name}")]

    async def choices(self, kind: MappingKind) -> Sequence[Choice] | LookUpFailure | None:
        """By name; None for items, which Odoo's invoices do not need."""
        if kind in GROUPS:
            return await self.accounts(GROUPS[kind])
        if kind not in LISTS:
            return None
        model, domain = LISTS[kind]
        answer = await self.odoo.ask(LISTING, model, "search_read", domain=domain, fields=["display_name"])
        if not isinstance(answer, tuple):
            return look_up_failure(answer)
        return [Choice(str(one.id), one.display_name) for one in answer]

    async def accounts(self, group: str) -> Sequence[Choice] | LookUpFailure:
        """By code, without those that are out of use."""
        known = await self.odoo.ask(NAMES, ACCOUNT, "fields_get", allfields=["deprecated"], attributes=["type"])
        if not isinstance(known, dict):
            return look_up_failure(known)
        domain = [["internal_group", "=", group], *([["deprecated", "=", False]] if known else [])]
        answer = await self.odoo.ask(ACCOUNTS, ACCOUNT, "search_read", domain=domain, fields=ACCOUNT_FIELDS)
        if not isinstance(answer, tuple):
            return look_up_failure(answer)
        return [Choice(one.code, one.name) for one in answer]

    def version(self, version: str) -> Check:
        """Whether the interface that is set goes with it."""
        fits = major(version) in VERSIONS[self.settings.api]
        remedy = "" if fits else 'api = "jsonrpc" is for Odoo 14 to 18, api = "json2" for 19 and newer'
        return Check("version", OK if fits else WRONG, f"Odoo {version} over {self.settings.api}", remedy)

    async def log_in(self) -> Check:
        """By reading something that everybody may read."""
        said = await self.odoo.ask(LISTING, "res.currency", "search_read", domain=[], fields=["display_name"], limit=1)
        if isinstance(said, tuple):
            return Check("log-in", OK, f"accepted by {self.settings.database}")
        return Check("log-in", WRONG, said.text, "see the database, the user and the API key")

    async def right(self, model: str, right: str, version: int) -> Check:
        """Whether the user may do this at all."""
        what = f"right to {right} {model}"
        if version >= KNOWS_HAS_ACCESS:
            said = await self.odoo.ask(YES, model, "has_access", ids=[], operation=right)
        else:
            said = await self.odoo.ask(YES, model, "check_access_rights", operation=right, raise_exception=False)
        if isinstance(said, bool):
            remedy = "" if said else f"give the user a group that may {right} {model}"
            return Check(what, OK if said else WRONG, "yes" if said else "no", remedy)
        return Check(what, UNTOLD, said.text, "see the groups of the user")

    def currency_check(self, code: str) -> Callable[[], Awaitable[Check]]:
        """Whether a currency is active."""
        return lambda: self.there(f"currency {code}", "res.currency", [["name", "=", code]], "activate it in Odoo")

    async def journal(self) -> Check:
        """A journal for sales."""
        code = self.settings.journal
        domain = [["type", "=", "sale"], *([["code", "=", code]] if code else [])]
        return await self.there("sales journal", "account.journal", domain, "make one, or set its code")

    def account_checks(self) -> list[Callable[[], Awaitable[Check]]]:
        """Those that the settings name."""
        income, retainage = self.settings.income_account, self.settings.retainage_account
        checks: list[Callable[[], Awaitable[Check]]] = []
        if income is not None:
            checks.append(lambda: self.account(income, "income", "income account"))
        if retainage is not None:
            checks.append(lambda: self.account(retainage, ASSET, "retainage account"))
        return checks

    async def account(self, code: str, group: str, what: str) -> Check:
        """There once, and of the right group."""
        answer = await self.odoo.ask(
            ACCOUNTS, ACCOUNT, "search_read", domain=[["code", "=", code]], fields=ACCOUNT_FIELDS
        )
        if not isinstance(answer, tuple):
            return Check(what, UNTOLD, answer.text)
        if not answer:
            makes = "connections check --prepare makes it" if group == ASSET else "make it, or set another code"
            return Check(what, MISSING, f"there is no account {code}", makes)
        return of_group(what, code, answer, group)

    async def lock_dates(self) -> Check:
        """Up to which day the books are closed."""
        closed = await self.periods.closed_until()
        if not isinstance(closed, date | None):
            return Check("lock dates", WRONG, closed.text, "set company_id, or the user's companies")
        return Check("lock dates", OK, "nothing is closed" if closed is None else f"closed up to {closed}")

    async def there(self, what: str, model: str, domain: Sequence[Any], remedy: str) -> Check:
        """At least one."""
        answer = await self.odoo.ask(LISTING, model, "search_read", domain=domain, fields=["display_name"])
        if not isinstance(answer, tuple):
            return Check(what, UNTOLD, answer.text)
        names = ", ".join(one.display_name for one in answer)
        return Check(what, OK, names) if answer else Check(what, MISSING, "there is none", remedy)


def of_group(what: str, code: str, accounts: Sequence[Account], group: str) -> Check:
    """What was found under a code."""
    if len(accounts) > 1:
        return Check(what, WRONG, f"{len(accounts)} accounts have the code {code}", "set company_id")
    [account] = accounts
    fits = account.internal_group == group
    remedy = "" if fits else f"take an account whose type is one of {group}"
    return Check(what, OK if fits else WRONG, f"{code} {account.name} ({account.internal_group})", remedy)


def major(version: str) -> int:
    """17 of 17.0-20240709, and of saas~17.4."""
    digits = version.removeprefix("saas~").partition(".")[0]
    return int(digits) if digits.isdigit() else 0
