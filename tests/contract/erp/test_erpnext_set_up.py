"""Setting a connection to ERPNext up: what is seen, what is made, what can be mapped, and which days are open."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

import pytest

from deploy.sandbox.erpnext.rules import COMPANY, item
from services.export_worker.core.capabilities import Step
from services.export_worker.core.outcomes import Found
from services.export_worker.erp.adapter import Check, CheckResult, Choice
from shared.connections.mappings import MappingKind
from tests.contract.erp.documents import an_invoice as invoice
from tests.contract.erp.documents import done, sent
from tests.contract.erp.erpnext_harness import FIELD, KEY, SECRET, ErpNextHarness

GOOD = {
    "default_item": "Construction Work",
    "income_account": "Sales - HB",
    "retainage_account": "Retainage Receivable - HB",
    "cost_center": "Main - HB",
}
CLOSED = [{"document_type": "Sales Invoice", "closed": 1}]


@pytest.fixture
async def erp(erpnext_url: str) -> AsyncIterator[ErpNextHarness]:
    harness = await ErpNextHarness.open(erpnext_url, prepared=False)
    yield harness
    await harness.close()


async def test_a_site_that_is_ready_checks_out(erp: ErpNextHarness) -> None:
    adapter = erp.adapter(**GOOD)
    await adapter.prepare()

    checks = await adapter.check()

    assert [check for check in checks if check.result is not CheckResult.OK] == []
    assert [check.what for check in checks][:5] == ["log-in", "version", "company", "rights", "reference field"]


async def test_our_field_is_made_once(erp: ErpNextHarness) -> None:
    adapter = erp.adapter(**GOOD)
    assert named(await adapter.check(), "reference field").result is CheckResult.MISSING

    first, second = await adapter.prepare(), await adapter.prepare()

    assert [check.result for check in (*first, *second)] == [CheckResult.PREPARED, CheckResult.OK]
    assert isinstance(await sent(adapter, invoice(erp)), Found)


async def test_another_field_can_carry_the_reference(erp: ErpNextHarness) -> None:
    adapter = erp.adapter(reference_field="custom_source_key")
    await adapter.prepare()
    await done(adapter, Step.CREATE, invoice(erp))
    [stored] = await erp.control.documents(erp.book)
    assert stored["custom_source_key"] == "ironside:1001:90001:0"


async def test_a_field_that_is_not_unique_is_wrong(erp: ErpNextHarness) -> None:
    mine = {"dt": "Sales Invoice", "fieldname": FIELD, "fieldtype": "Data", "unique": 0}
    await erp.control.put(erp.book, "Custom Field", f"Sales Invoice-{FIELD}", **mine)

    check = named(await erp.adapter().check(), "reference field")

    assert (check.result, "unique" in check.remedy) == (CheckResult.WRONG, True)
    assert [one.result for one in await erp.adapter().prepare()] == [CheckResult.WRONG]


async def test_rights_that_lack_are_named(erp: ErpNextHarness) -> None:
    adapter = erp.adapter(**GOOD)
    await adapter.prepare()
    await set_up(erp, denied=["Sales Invoice:submit", "Custom Field"])

    checks = await adapter.check()

    rights = named(checks, "rights")
    assert (rights.result, rights.seen) == (CheckResult.MISSING, "may not submit Sales Invoice")
    assert named(checks, "reference field").result is CheckResult.UNTOLD
    assert [one.result for one in await erp.adapter(reference_field="other").prepare()] == [CheckResult.WRONG]


FAULTS: list[tuple[dict[str, Any], str, CheckResult]] = [
    ({"company": "Nobody Ltd"}, "company", CheckResult.MISSING),
    ({"retainage_account": "Debtors - HB"}, "retainage account", CheckResult.WRONG),
    ({"retainage_account": "Current Assets - HB"}, "retainage account", CheckResult.WRONG),
    ({"retainage_account": "Sales - HB"}, "retainage account", CheckResult.WRONG),
    ({"retainage_account": "Nowhere - HB"}, "retainage account", CheckResult.MISSING),
    ({"retainage_account": None}, "retainage account", CheckResult.UNTOLD),
    ({"default_item": "Nothing"}, "default item", CheckResult.MISSING),
    ({"tax_account": "Nowhere - HB"}, "tax account", CheckResult.MISSING),
]


@pytest.mark.parametrize(("settings", "what", "result"), FAULTS)
async def test_a_setting_that_does_not_fit_is_seen(
    erp: ErpNextHarness, settings: dict[str, Any], what: str, result: CheckResult
) -> None:
    check = named(await erp.adapter(**GOOD | settings).check(), what)
    assert check.result is result
    assert check.remedy


async def test_what_would_change_invoices_is_seen(erp: ErpNextHarness) -> None:
    template = {"company": COMPANY, "is_default": 1, "disabled": 0}
    await erp.control.put(erp.book, "Sales Taxes and Charges Template", "VAT - HB", **template)
    await erp.control.put(erp.book, "Selling Settings", "Selling Settings", allow_negative_rates_for_items=0)
    await set_up(erp, version="16.0.1")

    checks = await erp.adapter(**GOOD).check()

    assert named(checks, "default taxes").result is CheckResult.WRONG
    assert named(checks, "lines below zero").remedy
    assert named(checks, "version").result is CheckResult.UNTOLD


async def test_a_wrong_key_stops_the_check(erp: ErpNextHarness) -> None:
    [check] = await erp.stranger().check()
    assert (check.what, check.result) == ("log-in", CheckResult.WRONG)


@pytest.mark.parametrize("name", ["1181 - Retainage on Contracts - HB", "Retainage on Contracts - HB"])
async def test_a_retainage_account_is_made_once(erp: ErpNextHarness, name: str) -> None:
    adapter = erp.adapter(retainage_account=name, retainage_parent="Current Assets - HB")

    _, first = await adapter.prepare()
    _, second = await adapter.prepare()

    assert (first.result, first.seen) == (CheckResult.PREPARED, name)
    assert second.result is CheckResult.OK
    unmapped = invoice(erp).model_copy(update={"retainage_account": None})
    assert isinstance(await sent(adapter, unmapped), Found)


async def test_a_name_that_erpnext_would_change_is_refused(erp: ErpNextHarness) -> None:
    adapter = erp.adapter(retainage_account="Retainage", retainage_parent="Current Assets - HB")
    _, check = await adapter.prepare()
    assert check.result is CheckResult.WRONG
    assert "' - HB'" in check.remedy


KINDS = [
    (MappingKind.CUSTOMER, "Alder Street LLC", None),
    (MappingKind.JOB, "PROJ-0002", "PROJ-0003"),
    (MappingKind.ACCOUNT, "Sales - HB", "Debtors - HB"),
    (MappingKind.ITEM, "Sitework", None),
    (MappingKind.TAX, "Sales Tax - HB", "Sales - HB"),
    (MappingKind.RETAINAGE_ACCOUNT, "Retainage Receivable - HB", "Debtors - HB"),
]


@pytest.mark.parametrize(("kind", "there", "not_there"), KINDS)
async def test_each_kind_has_its_list(
    erp: ErpNextHarness, kind: MappingKind, there: str, not_there: str | None
) -> None:
    await erp.control.put(erp.book, "Project", "PROJ-0003", status="Completed")

    choices = await erp.adapter().choices(kind)

    assert isinstance(choices, list)
    ids = [choice.id for choice in choices]
    assert there in ids
    assert not_there not in ids


async def test_a_list_longer_than_a_page_is_whole(erp: ErpNextHarness) -> None:
    for number in range(501):
        await erp.control.put(erp.book, "Item", f"I-{number:03d}", **item("x"))
    choices = await erp.adapter().choices(MappingKind.ITEM)
    assert isinstance(choices, list)
    assert Choice("I-500", "x") in choices
    assert len({choice.id for choice in choices}) == len(choices) == 504


OPEN: list[tuple[list[tuple[str, str, dict[str, Any]]], date | None]] = [
    ([], date(2026, 10, 15)),
    ([("Accounts Settings", "Accounts Settings", {"acc_frozen_upto": "2026-10-31"})], date(2026, 11, 1)),
    ([("Company", COMPANY, {"accounts_frozen_till_date": "2026-11-10"})], date(2026, 11, 11)),
    ([("Period Closing Voucher", "V", {"period_end_date": "2026-12-31", "docstatus": 1})], date(2027, 1, 1)),
    ([("Period Closing Voucher", "V", {"period_end_date": "2026-12-31", "docstatus": 0})], date(2026, 10, 15)),
    ([("Accounting Period", "O", {"start_date": "2026-10-01", "end_date": "2026-10-31"})], date(2026, 11, 1)),
    (
        [
            ("Accounting Period", "N", {"start_date": "2026-11-01", "end_date": "2026-11-30"}),
            ("Accounting Period", "O", {"start_date": "2026-10-01", "end_date": "2026-10-31"}),
        ],
        date(2026, 12, 1),
    ),
    ([("Accounting Period", "D", {"start_date": "2026-11-01", "end_date": "2026-11-30"})], date(2026, 10, 15)),
    ([("Fiscal Year", "2026", {"disabled": 1})], date(2027, 1, 1)),
    ([("Fiscal Year", "2026", {"companies": [{"company": "Somebody else"}]})], date(2027, 1, 1)),
    ([("Period Closing Voucher", "V", {"period_end_date": "2031-12-31", "docstatus": 1})], None),
]


@pytest.mark.parametrize(("records", "first"), OPEN)
async def test_the_first_open_day_heeds_every_rule(
    erp: ErpNextHarness, records: list[tuple[str, str, dict[str, Any]]], first: date | None
) -> None:
    for doctype, name, values in records:
        ours = {"company": COMPANY} if "Period" in doctype else {}
        closed = {"closed_documents": CLOSED} if doctype == "Accounting Period" else {}
        await erp.control.put(erp.book, doctype, name, **ours, **closed, **values)

    assert await erp.adapter().first_open_day(date(2026, 10, 15)) == first


async def set_up(erp: ErpNextHarness, **rules: Any) -> None:
    """Rules beside the key that the suite has."""
    await erp.control.set_up(erp.book, api_key=KEY, api_secret=SECRET, **rules)


def named(checks: Sequence[Check], what: str) -> Check:
    """The check of this name."""
    [check] = [check for check in checks if check.what == what]
    return check
