"""ERPNext's own lists, to map to. A mapping names a document as ERPNext does."""

from collections.abc import Callable, Sequence
from typing import TypeVar, assert_never

from services.export_worker.core.outcomes import Failure, LookUpFailure, look_up_failure
from services.export_worker.erp.adapter import Choice
from services.export_worker.erp.erpnext.site import Filter, Site
from services.export_worker.erp.erpnext.wire import Account, Customer, Item, Named, Project
from shared.connections.mappings import MappingKind

Entry = TypeVar("Entry", bound=Named)
IN_USE: Filter = ("disabled", "=", 0)
# Kinds of assets on which ERPNext itself books, or wants a party.
NO_RETAINAGE = frozenset(
    {"Receivable", "Bank", "Cash", "Stock", "Fixed Asset", "Accumulated Depreciation", "Capital Work in Progress"}
)
ACCOUNT_FIELDS = ("name", "company", "root_type", "account_type", "is_group", "disabled")


async def choices(site: Site, company: str, kind: MappingKind) -> Sequence[Choice] | LookUpFailure | None:
    """What a mapping of this kind may name."""
    told = await named(site, company, kind)
    return look_up_failure(told) if isinstance(told, Failure) else told


async def named(site: Site, company: str, kind: MappingKind) -> list[Choice] | Failure:
    """In use, and of our company where ERPNext keeps them by company."""
    match kind:
        case MappingKind.CUSTOMER:
            customers = await site.listed("Customer", Customer, [IN_USE], ["name", "customer_name"])
            return chosen(customers, lambda one: one.customer_name)
        case MappingKind.JOB:
            still_open: list[Filter] = [("status", "=", "Open"), ("company", "=", company)]
            projects = await site.listed("Project", Project, still_open, ["name", "project_name"])
            return chosen(projects, lambda one: one.project_name)
        case MappingKind.ITEM:
            sold: list[Filter] = [IN_USE, ("is_sales_item", "=", 1), ("has_variants", "=", 0)]
            items = await site.listed("Item", Item, sold, ["name", "item_name"])
            return chosen(items, lambda one: one.item_name)
        case MappingKind.ACCOUNT:
            return chosen(await accounts(site, company, ("root_type", "=", "Income")), lambda one: one.name)
        case MappingKind.TAX:
            return chosen(await accounts(site, company, ("account_type", "=", "Tax")), lambda one: one.name)
        case MappingKind.RETAINAGE_ACCOUNT:
            assets = await accounts(site, company, ("root_type", "=", "Asset"))
            fit = [one for one in assets if is_fit(one)] if isinstance(assets, list) else assets
            return chosen(fit, lambda one: one.name)
        case _:
            assert_never(kind)


async def accounts(site: Site, company: str, kind: Filter) -> list[Account] | Failure:
    """Accounts of a kind that can be booked on."""
    usable: list[Filter] = [("company", "=", company), ("is_group", "=", 0), IN_USE, kind]
    return await site.listed("Account", Account, usable, ACCOUNT_FIELDS)


def is_fit(account: Account) -> bool:
    """Whether retainage may stand there."""
    return account.account_type not in NO_RETAINAGE


def chosen(found: list[Entry] | Failure, name_of: Callable[[Entry], str]) -> list[Choice] | Failure:
    """For people to choose from."""
    if not isinstance(found, list):
        return found
    return [Choice(one.name, name_of(one) or one.name) for one in found]
