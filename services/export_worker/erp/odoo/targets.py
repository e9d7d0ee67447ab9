"""From codes and mapped ids to Odoo's database ids. What was found is kept until something is refused."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Failure, Refusal, Refused
from services.export_worker.erp.odoo.mapping import Targets
from services.export_worker.erp.odoo.reading import ASSET
from services.export_worker.erp.odoo.settings import OdooSettings
from services.export_worker.erp.odoo.transport import Odoo
from services.export_worker.erp.odoo.wire import ACCOUNT_FIELDS, ACCOUNTS, LISTING, Account


@dataclass(frozen=True)
class Codes:
    """Account codes: of each line's account as mapped, and of the retainage, where it moves."""

    work: Mapping[str | None, str]
    retainage: str | None


class TargetFinder:
    """Looks up what a document points to. Safe to use from many tasks at once."""

    def __init__(self, odoo: Odoo, settings: OdooSettings) -> None:
        self.odoo = odoo
        self.settings = settings
        self.records: dict[tuple[str, str], int] = {}
        self.accounts: dict[str, Account] = {}

    def forget(self) -> None:
        """Look everything up anew: somebody may have changed it."""
        self.records.clear()
        self.accounts.clear()

    async def of(self, document: Document) -> Targets | Failure:
        """All ids that the document needs, or the first thing that is missing."""
        codes = self.codes(document)
        if isinstance(codes, Refused):
            return codes
        accounts = await self.chart({*codes.work.values(), *([codes.retainage] if codes.retainage else [])})
        if not isinstance(accounts, dict):
            return accounts
        return retainage_problem(codes, accounts) or await self.with_records(document, codes, accounts)

    def codes(self, document: Document) -> Codes | Refused:
        """Account codes as mapped, else as the settings have them."""
        work = {line.account: line.account or self.settings.income_account for line in document.lines}
        retainage = document.retainage_account or self.settings.retainage_account
        if document.is_retained and retainage is None:
            return missing("retainage_account", "Retainage moves, and no account is mapped for it.")
        if document.tax and not document.tax_code:
            return missing("tax", "The invoice has tax, and no tax of Odoo is mapped.")
        known = {account: code for account, code in work.items() if code is not None}
        if known != work:
            return missing("account", "A line has no account: map its cost code, or all others by *.")
        return Codes(known, retainage if document.is_retained else None)

    async def with_records(self, document: Document, codes: Codes, accounts: dict[str, Account]) -> Targets | Failure:
        """The same, and the other records, asked for at once."""
        wanted = {
            "customer": ("res.partner", "id", document.customer),
            "currency": ("res.currency", "name", document.currency),
            "journal": ("account.journal", "code", self.settings.journal),
            "job": ("account.analytic.account", "id", document.job),
            "tax": ("account.tax", "id", document.tax_code if document.tax else None),
        }
        needed = {what: (model, field, code) for what, (model, field, code) in wanted.items() if code is not None}
        answers = await asyncio.gather(*(self.one(what, *where) for what, where in needed.items()))
        failed = [answer for answer in answers if not isinstance(answer, int)]
        if failed:
            return failed[0]
        ids = {what: answer for what, answer in zip(needed, answers, strict=True) if isinstance(answer, int)}
        return Targets(
            accounts={account: accounts[code].id for account, code in codes.work.items()},
            retainage=accounts[codes.retainage].id if codes.retainage else None,
            customer=ids["customer"],
            currency=ids["currency"],
            journal=ids.get("journal"),
            job=ids.get("job"),
            tax=ids.get("tax"),
        )

    async def chart(self, codes: Iterable[str]) -> dict[str, Account] | Failure:
        """Accounts by code."""
        unknown = sorted(set(codes) - self.accounts.keys())
        if unknown:
            domain = [["code", "in", unknown]]
            answer = await self.odoo.ask(
                ACCOUNTS, "account.account", "search_read", domain=domain, fields=ACCOUNT_FIELDS
            )
            if not isinstance(answer, tuple):
                return answer
            for code in unknown:
                named = [account for account in answer if account.code == code]
                if len(named) != 1:
                    return missing("account", told(len(named), "account", code))
                self.accounts[code] = named[0]
        return dict(self.accounts)

    async def one(self, what: str, model: str, field: str, code: str) -> int | Failure:
        """Exactly one record, by its database id or by a code."""
        if (known := self.records.get((model, code))) is not None:
            return known
        if field == "id" and not (code.isascii() and code.isdigit()):
            return missing(what, f"The {what} {code!r} is not the number of a record in Odoo.")
        domain = [[field, "=", int(code) if field == "id" else code]]
        answer = await self.odoo.ask(LISTING, model, "search_read", domain=domain, fields=["display_name"])
        if not isinstance(answer, tuple):
            return answer
        if len(answer) != 1:
            return missing(what, told(len(answer), what, code))
        self.records[model, code] = answer[0].id
        return answer[0].id


def retainage_problem(codes: Codes, accounts: Mapping[str, Account]) -> Refused | None:
    """An account that would not be known again as retainage."""
    retainage = codes.retainage
    if retainage is None:
        return None
    if accounts[retainage].internal_group != ASSET:
        return missing("retainage_account", f"The retainage account {retainage} is not an asset in Odoo.")
    if retainage in codes.work.values():
        return missing("retainage_account", f"Work is mapped to the retainage account {retainage} itself.")
    return None


def missing(field: str, text: str) -> Refused:
    """Something that a person has to map."""
    return Refused(Refusal.CURRENCY if field == "currency" else Refusal.MISSING_MAPPING, text, field)


def told(count: int, what: str, code: str) -> str:
    """None, or too many."""
    if not count:
        return f"There is no {what} {code} in Odoo, or it is no longer in use there."
    return f"Odoo has {count} times the {what} {code}, for several companies: set company_id."
