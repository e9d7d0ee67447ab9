"""QuickBooks Online's lists, its closing date, and whether a company is set up for us."""

from datetime import date
from typing import Any

import pytest

from services.export_worker.erp.adapter import Check, CheckResult, Choice, ErpAdapter, Place
from services.export_worker.erp.catalog import make_adapter
from shared.connections.mappings import MappingKind
from shared.connections.problems import CatalogErrors
from tests.contract.erp.quickbooks_harness import QuickBooksHarness


@pytest.fixture
async def erp(quickbooks_url: str) -> Any:
    harness = await QuickBooksHarness.open(quickbooks_url)
    yield harness
    await harness.close()


async def test_lists_hold_what_a_mapping_may_name(erp: QuickBooksHarness, adapter: ErpAdapter) -> None:
    assert await adapter.choices(MappingKind.CUSTOMER) == [
        Choice("1", "Harbor Library District"),
        Choice("3", "Northgate School Board"),
        Choice("5", "Alder Street LLC"),
    ]
    jobs = await adapter.choices(MappingKind.JOB)
    assert isinstance(jobs, list)
    assert jobs[0] == Choice("2", "Harbor Library District:Harbor Branch Library")
    items = await adapter.choices(MappingKind.ITEM)
    assert isinstance(items, list)
    assert Choice("10", "Construction work") in items
    assert "All work" not in {item.name for item in items}
    assert await adapter.choices(MappingKind.RETAINAGE_ACCOUNT) == [
        Choice("12", "Retainage"),
        Choice("1180", "Held back"),
    ]
    taxes = await adapter.choices(MappingKind.TAX)
    assert isinstance(taxes, list)
    assert Choice("3", "Harbor county") in taxes
    assert await adapter.choices(MappingKind.ACCOUNT) is None


async def test_a_list_longer_than_a_page_comes_whole(erp: QuickBooksHarness, adapter: ErpAdapter) -> None:
    customers = {str(n): {"name": f"Owner {n}"} for n in range(1, 2302)}
    await erp.control.set_up(erp.book, customers=customers)
    listed = await adapter.choices(MappingKind.CUSTOMER)
    assert isinstance(listed, list)
    assert [choice.id for choice in listed] == list(customers)


async def test_the_first_open_day_follows_the_closing_date(erp: QuickBooksHarness, adapter: ErpAdapter) -> None:
    assert await adapter.first_open_day(date(2026, 10, 31)) == date(2026, 10, 31)
    await erp.rules(closed_until="2026-10-31")
    assert await adapter.first_open_day(date(2026, 10, 31)) == date(2026, 11, 1)
    assert await adapter.first_open_day(date(2026, 11, 2)) == date(2026, 11, 2)


async def checked(adapter: ErpAdapter) -> dict[str, Check]:
    return {check.what: check for check in await adapter.check()}


async def test_a_company_that_is_set_up_passes_every_check(erp: QuickBooksHarness, adapter: ErpAdapter) -> None:
    checks = await checked(adapter)
    assert checks["log-in"].seen == "Ironside Builders, US"
    assert {check.result for check in checks.values()} == {CheckResult.OK, CheckResult.UNTOLD}
    assert "12 Retainage" in checks["retainage item"].seen


WRONG = [
    ({"custom_numbers": False}, {}, "custom transaction numbers", CheckResult.WRONG),
    ({"country": "CA"}, {}, "country", CheckResult.WRONG),
    ({}, {"currencies": ["USD", "CAD"]}, "currency", CheckResult.WRONG),
    ({"items": {}}, {}, "items", CheckResult.MISSING),
    ({"items": {"10": {"name": "Work", "account": "79"}}}, {}, "retainage item", CheckResult.MISSING),
    ({"is_subscribed": False}, {}, "log-in", CheckResult.WRONG),
]


@pytest.mark.parametrize(("rules", "settings", "what", "result"), WRONG)
async def test_what_is_not_set_up_is_told_with_its_remedy(
    erp: QuickBooksHarness, rules: dict[str, Any], settings: dict[str, Any], what: str, result: CheckResult
) -> None:
    await erp.control.set_up(erp.book, **rules)
    check = (await checked(erp.adapter(**settings)))[what]
    assert check.result is result
    assert check.remedy


async def test_preparing_makes_the_retainage_item_once(erp: QuickBooksHarness) -> None:
    assert await erp.adapter().prepare() == []
    adapter = erp.adapter(retainage_account_id="85", retainage_item_name="Owner's retainage")

    [made] = await adapter.prepare()
    [again] = await adapter.prepare()

    assert (made.result, again.result) == (CheckResult.PREPARED, CheckResult.OK)
    assert made.seen == again.seen
    listed = await adapter.choices(MappingKind.RETAINAGE_ACCOUNT)
    assert isinstance(listed, list)
    assert [choice.name for choice in listed].count("Owner's retainage") == 1


async def test_an_item_with_another_account_is_left_for_a_person(erp: QuickBooksHarness) -> None:
    [told] = await erp.adapter(retainage_account_id="85", retainage_item_name="Construction work").prepare()
    assert told.result is CheckResult.WRONG
    assert "79" in told.seen


def test_without_a_keeper_of_tokens_there_is_no_adapter() -> None:
    secrets = {"client_id": "x", "client_secret": "hush"}
    with pytest.raises(CatalogErrors, match="TOKEN_ENCRYPTION_KEY is missing") as caught:
        make_adapter("quickbooks_online", Place("main", {"realm_id": "1"}, secrets))
    assert "hush" not in str(caught.value)
