"""`connections check`: whether this Tryton is ready for exports, and what is missing."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from services.export_worker.core.outcomes import AuthExpired
from services.export_worker.erp.adapter import Check, CheckResult
from services.export_worker.erp.tryton.company import ENGLISH, MODULE, Books
from services.export_worker.erp.tryton.lists import open_period
from services.export_worker.erp.tryton.settings import TrytonSettings
from services.export_worker.erp.tryton.transport import Stopped, Tryton
from services.export_worker.erp.tryton.wire import IDS, NOTHING, KeptAccount, Preferences

PROVEN = ("8.0", "8.2")
NEEDED = ("account.invoice", "account.invoice.line", "account.move", "account.move.line", "ir.attachment")
ACCESS: TypeAdapter[dict[str, dict[str, bool | None]]] = TypeAdapter(dict[str, dict[str, bool | None]])
GROUP = "put the user into the group Accounting"


class Checks:
    """Every line of the table, in the order in which a person sets things up."""

    def __init__(self, tryton: Tryton, books: Books, settings: TrytonSettings, now: Callable[[], datetime]) -> None:
        self.tryton = tryton
        self.books = books
        self.settings = settings
        self.now = now

    async def all(self) -> list[Check]:
        """Changes nothing. Without a log-in or a company there is nothing more to check."""
        checks: list[Check] = []
        for one in (self.log_in, self.version, self.company):
            checks.append(await told(one))
            if checks[-1].result is CheckResult.WRONG and one != self.version:
                return checks
        further = (self.rights, self.module, self.journal, self.receivable, self.retainage, self.others, self.period)
        return checks + [await told(one) for one in further]

    async def prepare(self) -> list[Check]:
        """The retainage account of the settings, and with our module its type's mark."""
        if self.settings.retainage_account is None:
            return []
        return [await told(self.make_retainage_account)]

    async def log_in(self) -> Check:
        """By asking for something of one's own."""
        await self.tryton.ask(TypeAdapter(Preferences), "model.res.user.get_preferences", True, ENGLISH)
        return ok("log-in", f"as {self.settings.user} to {self.settings.database}")

    async def version(self) -> Check:
        """The series."""
        series = await self.tryton.server_series()
        if series in PROVEN:
            return ok("version", series)
        return Check("version", CheckResult.UNTOLD, series, f"proven on {' and '.join(PROVEN)}: try it on a copy first")

    async def company(self) -> Check:
        """And its currency."""
        company = await self.books.company()
        seen = f"{company.rec_name}, {company.told.code}"
        if company.told.code in self.settings.currencies:
            return ok("company", seen)
        return Check("company", CheckResult.WRONG, seen, f"set currencies = [{company.told.code!r}]")

    async def rights(self) -> Check:
        """To write what is exported, and to post it: an empty list is posted without any effect."""
        context = await self.books.context()
        access = await self.tryton.ask(ACCESS, "model.ir.model.access.get_access", list(NEEDED), context)
        lacking = [model for model in NEEDED if not may_write(access.get(model, {}))]
        if lacking:
            return Check("rights", CheckResult.WRONG, f"may not write {', '.join(lacking)}", GROUP)
        for model in ("account.invoice", "account.move"):
            await self.tryton.ask(NOTHING, f"model.{model}.post", [], context)
        return ok("rights", "may write and post")

    async def module(self) -> Check:
        """Whether the settings know."""
        there, said = await self.books.has_module(), self.settings.module
        seen = "installed" if there else "not installed"
        if there is said:
            return ok(f"module {MODULE}", seen)
        return Check(f"module {MODULE}", CheckResult.UNTOLD, seen, f"module = {str(there).lower()} would use it")

    async def journal(self) -> Check:
        """Of invoices, and of entries."""
        await self.books.journal(self.settings.journal, "revenue")
        if not self.settings.module:
            await self.books.journal(self.settings.entry_journal, "miscellaneous", "general", "revenue")
        return ok("journal", "found")

    async def receivable(self) -> Check:
        """Unless each customer has its own."""
        await self.books.receivable((await self.books.defaults()).default_account_receivable)
        return ok("receivable account", self.settings.receivable_account or "the company's own")

    async def retainage(self) -> Check:
        """As far as the settings name it; mappings may name another."""
        code = self.settings.retainage_account
        if code is None:
            return Check("retainage account", CheckResult.UNTOLD, "named by a mapping", "or set retainage_account")
        account = await self.retainage_account(code)
        if account is None:
            return Check("retainage account", CheckResult.MISSING, f"no account {code}", "check --prepare makes it")
        lacking = self.lacking(account)
        if lacking:
            return Check("retainage account", CheckResult.WRONG, f"{code} is not {' and '.join(lacking)}", "change it")
        return ok("retainage account", code)

    async def others(self) -> Check:
        """Accounts and payment term that settings name."""
        codes = {code for code in (self.settings.revenue_account, self.settings.tax_account) if code}
        if codes:
            await self.books.accounts(codes)
        await self.books.payment_term(None)
        return ok("other settings", "found" if codes or self.settings.payment_term else "none named")

    async def period(self) -> Check:
        """Of today."""
        today = self.now().date()
        period = await open_period(self.books, today)
        if period is None:
            return Check("period", CheckResult.WRONG, f"none is open on {today} or later", "open one")
        if period.start_date > today:
            return Check("period", CheckResult.WRONG, f"{today} is closed, {period.name} is open", "open today's")
        return ok("period", f"{period.name} is open")

    async def retainage_account(self, code: str) -> KeptAccount | None:
        """As it is."""
        fields = ["code", "party_required", "reconcile", "type", "type.assets", "type.statement"]
        fields += ["type.retainage"] if self.settings.module else []
        domain = [["code", "=", code], ["closed", "!=", True], *await self.books.own()]
        found = await self.books.rows(KeptAccount, "account.account", domain, *fields)
        return found[0] if found else None

    def lacking(self, account: KeptAccount) -> Sequence[str]:
        """What a retainage account has to be and this one is not."""
        wanted = {
            "an asset": account.told.assets and account.told.statement == "balance",
            "kept by party": account.party_required,
            "marked Retainage in its type": account.told.retainage or not self.settings.module,
        }
        return [what for what, is_so in wanted.items() if not is_so]

    async def make_retainage_account(self) -> Check:
        """Beside the receivable one, as far as the user may."""
        code = self.settings.retainage_account or ""
        account = await self.retainage_account(code)
        if account is None:
            await self.add_account(code)
            return Check("retainage account", CheckResult.PREPARED, f"{code} made")
        if self.settings.module and not account.told.retainage:
            await self.write("account.account.type", [account.type], {"retainage": True})
            return Check("retainage account", CheckResult.PREPARED, f"the type of {code} is marked Retainage")
        return await self.retainage()

    async def add_account(self, code: str) -> None:
        """With a type of its own."""
        usual = await self.books.receivable((await self.books.defaults()).default_account_receivable)
        fields = ("code", "party_required", "reconcile", "type", "parent", "type.parent")
        beside = (await self.books.rows(KeptAccount, "account.account", [["id", "=", usual]], *fields))[0]
        company = (await self.books.company()).id
        marked = {"retainage": True} if self.settings.module else {}
        kind = {"name": "Retainage receivable", "statement": "balance", "assets": True, "company": company}
        type_id = await self.make("account.account.type", kind | {"parent": beside.told.parent} | marked)
        account = {"name": "Retainage receivable", "code": code, "company": company, "type": type_id}
        kept = {"parent": beside.parent, "party_required": True, "reconcile": True}
        await self.make("account.account", account | kept)

    async def make(self, model: str, values: dict[str, Any]) -> int:
        """One record."""
        made = await self.tryton.do(IDS, f"model.{model}.create", [values], await self.books.context())
        return made[0]

    async def write(self, model: str, ids: Sequence[int], values: dict[str, Any]) -> None:
        """Into records."""
        await self.tryton.do(NOTHING, f"model.{model}.write", list(ids), values, await self.books.context())


def may_write(access: dict[str, bool | None]) -> bool:
    """None: there is no rule, so everybody may."""
    return all(access.get(what) is not False for what in ("read", "write", "create"))


def ok(what: str, seen: str) -> Check:
    """As it should be."""
    return Check(what, CheckResult.OK, seen)


async def told(one: Callable[[], Awaitable[Check]]) -> Check:
    """The check's line; what stopped it is one as well."""
    try:
        return await one()
    except Stopped as stopped:
        what = one.__name__.removeprefix("make_").replace("_", "-" if one.__name__ == "log_in" else " ")
        remedy = "see the user, the password and the address" if isinstance(stopped.failure, AuthExpired) else ""
        return Check(what, CheckResult.WRONG, stopped.failure.text, remedy)
