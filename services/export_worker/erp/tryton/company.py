"""Whose books these are, and the records that an invoice names: looked up afresh for each, by what people call them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import TypeAdapter

from services.export_worker.core.outcomes import Refusal, Refused, Unavailable
from services.export_worker.erp.tryton.settings import TrytonSettings
from services.export_worker.erp.tryton.transport import Domain, Stopped, Tryton
from services.export_worker.erp.tryton.wire import (
    Account,
    Address,
    Company,
    Defaults,
    Named,
    PartySaid,
    Preferences,
    Said,
)

Row = TypeVar("Row", bound=Said)
MODULE = "owner_invoice_retainage"
CAN_BE_BOOKED = (["closed", "!=", True], ["type", "!=", None])


@dataclass(frozen=True)
class Customer:
    """A party as an invoice names it: its own id, its address, its receivable account, its payment term."""

    id: int
    address: int
    receivable: int
    payment_term: int | None


class Books:
    """One company's books. Only the company itself is remembered: its id never comes to mean another one."""

    def __init__(self, tryton: Tryton, settings: TrytonSettings) -> None:
        self.tryton = tryton
        self.settings = settings
        self.known: Company | None = None

    async def company(self) -> Company:
        """The one of the settings, else the user's own. Raises Stopped."""
        if self.known is None:
            self.known = await self.look_for_company()
        return self.known

    async def look_for_company(self) -> Company:
        """By name, or by what Tryton keeps for the user."""
        wanted: list[Any] = [["rec_name", "=", self.settings.company]]
        if self.settings.company is None:
            mine = await self.tryton.ask(TypeAdapter(Preferences), "model.res.user.get_preferences", True, ENGLISH)
            wanted = [["id", "=", mine.company or 0]]
        fields = ("rec_name", "currency", "currency.code", "currency.digits")
        found = await self.tryton.rows(Company, "company.company", wanted, fields, ENGLISH)
        if len(found) != 1:
            name = self.settings.company or "of its own"
            raise Stopped(Unavailable(f"Tryton's user {self.settings.user} has no company {name}."))
        if self.settings.module and not await self.has_module():
            raise Stopped(Unavailable(f"The settings say module = true, and Tryton has no module {MODULE}."))
        return found[0]

    async def context(self) -> dict[str, Any]:
        """What each call is told last."""
        return ENGLISH | {"company": (await self.company()).id}

    async def has_module(self) -> bool:
        """Whether ours is activated."""
        active = [["name", "=", MODULE], ["state", "=", "activated"]]
        return bool(await self.tryton.rows(Named, "ir.module", active, ("name",), ENGLISH))

    async def rows(self, shape: type[Row], model: str, domain: Domain, *fields: str, **how: Any) -> list[Row]:
        """Of this company. Raises Stopped."""
        return await self.tryton.rows(shape, model, domain, fields, await self.context(), **how)

    async def customer(self, code: str) -> Customer:
        """A party by its code. Raises Stopped."""
        fields = ("name", "code", "account_receivable", "customer_payment_term")
        found = await self.rows(PartySaid, "party.party", [["code", "=", code]], *fields)
        if len(found) != 1:
            raise Stopped(unmapped(f"Tryton has no active party with the code {code}.", "customer"))
        party = found[0]
        addresses = await self.rows(Address, "party.address", [["party", "=", party.id]], "invoice")
        if not addresses:
            text = f"Party {code} has no address in Tryton, and an invoice needs one. Add it, then replay."
            raise Stopped(Refused(Refusal.MISSING_FIELD, text, "customer"))
        address = next((one for one in addresses if one.invoice), addresses[0])
        defaults = await self.defaults()
        receivable = await self.receivable(party.account_receivable or defaults.default_account_receivable)
        term = party.customer_payment_term or defaults.default_customer_payment_term
        return Customer(party.id, address.id, receivable, await self.payment_term(term))

    async def defaults(self) -> Defaults:
        """For customers that have nothing of their own."""
        fields = ("default_account_receivable", "default_customer_payment_term")
        found = await self.rows(Defaults, "account.configuration", [], *fields)
        return found[0] if found else Defaults(id=0)

    async def receivable(self, usual: int | None) -> int:
        """The account that customers owe on: of the settings, else the usual one. Raises Stopped."""
        code = self.settings.receivable_account
        if code is not None:
            return (await self.accounts({code}))[code].id
        if usual is None:
            text = "Tryton has no receivable account for this customer. Set one, then replay."
            raise Stopped(Refused(Refusal.MISSING_FIELD, text, "customer"))
        return usual

    async def payment_term(self, usual: int | None) -> int | None:
        """For an invoice without a due date: of the settings, else the usual one. Raises Stopped."""
        name = self.settings.payment_term
        if name is None:
            return usual
        found = await self.rows(Named, "account.invoice.payment_term", [["name", "=", name]], "name")
        if not found:
            raise Stopped(unmapped(f"Tryton has no payment term {name}.", "payment_term"))
        return found[0].id

    async def accounts(self, codes: Collection[str]) -> dict[str, Account]:
        """Those that can be booked on, by their codes. Raises Stopped when one is missing or there are two."""
        domain = [["code", "in", sorted(codes)], *CAN_BE_BOOKED, *await self.own()]
        found = await self.rows(Account, "account.account", domain, "code", "party_required")
        for code in sorted(codes):
            count = sum(one.code == code for one in found)
            if count != 1:
                there = "no open account" if not count else f"{count} accounts"
                raise Stopped(unmapped(f"Tryton has {there} with the code {code}.", "account"))
        return {one.code: one for one in found if one.code is not None}

    async def account(self, account_id: int) -> Account:
        """One by its id. Raises Stopped."""
        found = await self.rows(Account, "account.account", [["id", "=", account_id]], "code", "party_required")
        if not found:
            raise Stopped(unmapped(f"Tryton has no account {account_id}.", "account"))
        return found[0]

    async def journal(self, code: str | None, *kinds: str) -> int:
        """By its code, else the first of the first of these kinds that there is. Raises Stopped."""
        found = await self.rows(Named, "account.journal", [["code", "=", code]], "code") if code else []
        for kind in () if code else kinds:
            found = found or await self.rows(Named, "account.journal", KINDS[kind], "code")
        if not found:
            raise Stopped(unmapped(f"Tryton has no journal {code or ' or '.join(kinds)}.", "journal"))
        return found[0].id

    async def own(self) -> Sequence[Any]:
        """What keeps other companies' records out of a search."""
        return [["company", "=", (await self.company()).id]]


ENGLISH: dict[str, Any] = {"language": "en"}
KINDS: dict[str, Domain] = {
    "revenue": [["type", "=", "revenue"]],
    "miscellaneous": [["type", "=", "general"], ["code", "=", "MISC"]],
    "general": [["type", "=", "general"]],
}


def unmapped(sentence: str, field: str) -> Refused:
    """A mapping or a setting names what is not there."""
    return Refused(Refusal.MISSING_MAPPING, f"{sentence} Correct the mapping, then replay.", field)
