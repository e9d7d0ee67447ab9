"""QuickBooks' own lists, to map to."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from services.export_worker.core.outcomes import LookUpFailure
from services.export_worker.erp.adapter import Choice
from services.export_worker.erp.quickbooks_online.company import Company
from services.export_worker.erp.quickbooks_online.wire import Account, Customer, Item, TaxCode
from shared.connections.mappings import MappingKind

ACTIVE = "Active = true"
# A category only sorts items, a group stands for several: neither goes onto a line.
NO_LINE = frozenset({"Category", "Group"})
ASSET = "Other Current Asset"


async def choices(company: Company, kind: MappingKind) -> Sequence[Choice] | LookUpFailure | None:
    """What a mapping of this kind may name; None where QuickBooks wants none."""
    match kind:
        case MappingKind.CUSTOMER | MappingKind.JOB:
            customers = await company.query(Customer, ACTIVE)
            is_job = kind is MappingKind.JOB
            return customers if not isinstance(customers, list) else people(customers, jobs=is_job)
        case MappingKind.ITEM:
            items = await company.query(Item, ACTIVE)
            return items if not isinstance(items, list) else sellable(items)
        case MappingKind.RETAINAGE_ACCOUNT:
            kept = await retainage_items(company)
            return kept if not isinstance(kept, list) else sellable(kept)
        case MappingKind.TAX:
            codes = await company.query(TaxCode, ACTIVE)
            return codes if not isinstance(codes, list) else [Choice(one.id, one.name) for one in codes]
        case MappingKind.ACCOUNT:
            return None
        case _:
            assert_never(kind)


async def retainage_items(company: Company) -> list[Item] | LookUpFailure:
    """The items whose income goes to an account of other current assets: retainage receivable is one."""
    accounts = await company.query(Account, f"AccountType = '{ASSET}' and {ACTIVE}")
    if not isinstance(accounts, list):
        return accounts
    items = await company.query(Item, ACTIVE)
    if not isinstance(items, list):
        return items
    assets = {account.id for account in accounts}
    return [item for item in items if item.income_account_ref and item.income_account_ref.value in assets]


def people(customers: Iterable[Customer], *, jobs: bool) -> list[Choice]:
    """Customers, or the jobs below them with their whole path."""
    return [Choice(one.id, one.fully_qualified_name or one.display_name) for one in customers if one.job is jobs]


def sellable(items: Iterable[Item]) -> list[Choice]:
    """What a line may name."""
    return [Choice(one.id, one.name) for one in items if one.type not in NO_LINE]
