"""What only Odoo does: external ids that must not be loaded over, lock dates, retainage on an account of its own."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from deploy.sandbox.faulty.orders import ErpStep, Fault, FaultKind
from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document, DocumentLine
from services.export_worker.core.outcomes import Done, Found, Refusal, Refused, Reread
from services.export_worker.erp.adapter import CheckResult, ErpAdapter, Place
from services.export_worker.erp.odoo.adapter import OdooAdapter
from shared.connections.mappings import MappingKind
from tests.contract.erp.documents import an_invoice, done, found, sent
from tests.contract.erp.odoo_harness import KEY, Json2Harness, JsonRpcHarness, OdooHarness


@pytest.fixture(params=[JsonRpcHarness, Json2Harness], ids=["jsonrpc", "json2"])
async def odoo(request: pytest.FixtureRequest, odoo_url: str) -> AsyncIterator[OdooHarness]:
    harness = await request.param.open(odoo_url)
    yield harness
    await harness.close()


@pytest.fixture
def adapter(odoo: OdooHarness) -> ErpAdapter:
    return odoo.adapter()


@pytest.fixture
def document(odoo: OdooHarness) -> Document:
    return an_invoice(odoo)


async def test_a_late_create_leaves_the_posted_invoice_alone(odoo: OdooHarness, document: Document) -> None:
    """It looked before anything stood, and loads after another worker has posted another content."""
    late, other = odoo.adapter(), odoo.adapter()
    await odoo.control.order(odoo.book, Fault(kind=FaultKind.HOLD_BEFORE, step=ErpStep.CREATE))
    creating = asyncio.create_task(late.perform(Step.CREATE, document, None))
    await odoo.arrived(Step.CREATE)
    changed = document.model_copy(update={"retainage_held": Decimal("20000.00")})
    posted = await sent(other, changed)
    assert isinstance(posted, Found)

    await odoo.release()

    assert await creating == Done(posted.ref)
    assert await late.read(posted.ref) == posted
    assert len(await odoo.documents()) == 1


async def test_an_invoice_without_its_external_id_is_still_found(odoo: OdooHarness, document: Document) -> None:
    adapter = odoo.adapter()
    first = await sent(adapter, document)
    assert isinstance(first, Found)
    await odoo.control.forget_external_id(odoo.book, int(first.ref))

    assert await found(adapter, document) == [first]
    assert isinstance(await adapter.perform(Step.CREATE, document, None), Reread)


async def test_a_duplicate_made_in_odoo_shows_as_a_second(odoo: OdooHarness, document: Document) -> None:
    adapter = odoo.adapter()
    first = await done(adapter, Step.CREATE, document)
    other = await done(adapter, Step.CREATE, an_invoice(odoo, reference="a:b:2:0"))
    await odoo.control.edit(odoo.book, int(other), invoice_origin=document.reference)

    assert [one.ref for one in await found(adapter, document)] == [first, other]


async def test_an_invoice_that_was_credited_counts_as_cancelled(odoo: OdooHarness, document: Document) -> None:
    adapter = odoo.adapter()
    refs = []
    for _ in range(3):
        read = await sent(adapter, document)
        assert isinstance(read, Found)
        refs.append(read.ref)
        await odoo.control.credit(odoo.book, int(read.ref))

    assert [(one.ref, one.cancelled) for one in await found(adapter, document)] == [(ref, True) for ref in refs]
    assert len(set(refs)) == 3


async def test_a_closed_period_is_refused_before_odoo_dates_anew(odoo: OdooHarness, document: Document) -> None:
    adapter = odoo.adapter()
    await odoo.rules(closed_until="2026-10-31")
    ref = await done(adapter, Step.CREATE, document)

    outcome = await adapter.perform(Step.FINISH, document, ref)
    assert isinstance(outcome, Refused)
    assert (outcome.refusal, outcome.field) == (Refusal.PERIOD_CLOSED, "invoice_date")
    assert await adapter.first_open_day(date(2026, 10, 31)) == date(2026, 11, 1)

    await odoo.control.post(odoo.book, int(ref))
    [by_hand] = await odoo.control.documents(odoo.book)
    assert by_hand["date"] == "2026-11-01"


async def test_an_invoice_posted_while_we_post_is_done(odoo: OdooHarness, document: Document) -> None:
    adapter = odoo.adapter()
    ref = await done(adapter, Step.CREATE, document)
    await odoo.control.order(odoo.book, Fault(kind=FaultKind.HOLD_BEFORE, step=ErpStep.FINISH))
    posting = asyncio.create_task(adapter.perform(Step.FINISH, document, ref))
    await odoo.arrived(Step.FINISH)
    await odoo.control.post(odoo.book, int(ref))
    await odoo.release()

    assert await posting == Done(ref)


async def test_a_draft_posted_while_it_is_replaced_is_reread(odoo: OdooHarness, document: Document) -> None:
    adapter = odoo.adapter()
    ref = await done(adapter, Step.CREATE, an_invoice(odoo, "1.00", retainage_held=Decimal(0)))
    await odoo.control.order(odoo.book, Fault(kind=FaultKind.HOLD_BEFORE, step=ErpStep.REPLACE))
    replacing = asyncio.create_task(adapter.replace(ref, document))
    async with asyncio.timeout(30):
        assert await odoo.control.waiting(odoo.book, ErpStep.REPLACE, seconds=30)
    await odoo.control.post(odoo.book, int(ref))
    await odoo.release()

    assert isinstance(await replacing, Reread)


async def test_a_negative_total_stays_a_draft_in_odoo(odoo: OdooHarness) -> None:
    outcome = await sent(odoo.adapter(), an_invoice(odoo, retainage_held=Decimal("150000.01")))
    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.UNSUPPORTED
    assert outcome.text.startswith("Odoo takes no invoice whose total is below zero")
    assert "Traceback" not in outcome.text


def a_line(**changes: Any) -> tuple[DocumentLine, ...]:
    """One line of 100.00."""
    plain: dict[str, Any] = {"description": "Slab", "amount": Decimal(100), "account": "4000"}
    return (DocumentLine(**(plain | changes)),)


UNMAPPED: list[tuple[dict[str, Any], str]] = [
    ({"customer": "Harbor Library"}, "customer"),
    ({"customer": "404"}, "customer"),
    ({"job": "404"}, "job"),
    ({"lines": a_line(account="9999")}, "account"),
    ({"lines": a_line(account="1180")}, "retainage_account"),
    ({"retainage_account": "4000"}, "retainage_account"),
    ({"retainage_account": None}, "retainage_account"),
    ({"tax": Decimal("1.00"), "tax_code": None}, "tax"),
    ({"tax": Decimal("1.00"), "tax_code": "99"}, "tax"),
]


@pytest.mark.parametrize(("changes", "field"), UNMAPPED)
async def test_what_is_not_there_is_told_before_anything_is_made(
    odoo: OdooHarness, changes: dict[str, Any], field: str
) -> None:
    outcome = await odoo.adapter().perform(Step.CREATE, an_invoice(odoo, **changes), None)
    assert isinstance(outcome, Refused)
    assert (outcome.refusal, outcome.field) == (Refusal.MISSING_MAPPING, field)
    assert await odoo.documents() == []


async def test_a_currency_that_is_not_active_is_refused(odoo: OdooHarness) -> None:
    outcome = await odoo.adapter().perform(Step.CREATE, an_invoice(odoo, currency="EUR"), None)
    assert isinstance(outcome, Refused)
    assert (outcome.refusal, outcome.field) == (Refusal.CURRENCY, "currency")


async def test_taxes_and_jobs_stand_on_the_lines(odoo: OdooHarness) -> None:
    document = an_invoice(odoo, "150000.00", tax=Decimal("12375.01"), retainage_held=Decimal(1))
    await sent(odoo.adapter(), document)

    [invoice] = await odoo.control.documents(odoo.book)
    work, held = invoice["lines"]
    assert (work["tax_ids"], held["tax_ids"]) == ([3], [])
    assert (work["name"], held["name"]) == ("Line 1", "Retainage held")
    assert work["analytic_distribution"] == held["analytic_distribution"] == {"5": 100}
    assert (invoice["ref"], invoice["payment_reference"]) == (document.number, document.number)


async def test_a_connection_in_order_checks_out(odoo: OdooHarness) -> None:
    checks = await odoo.adapter(retainage_account="1180").check()

    assert {check.what: check.result for check in checks if check.result is not CheckResult.OK} == {}
    assert [check.what for check in checks][:2] == ["version", "log-in"]
    assert {"sales journal", "retainage account", "income account", "lock dates"} <= {one.what for one in checks}


async def test_a_missing_retainage_account_is_made_once(odoo: OdooHarness) -> None:
    adapter = odoo.adapter(retainage_account="118000")
    assert CheckResult.MISSING in {check.result for check in await adapter.check()}

    assert [check.result for check in await adapter.prepare()] == [CheckResult.PREPARED]
    assert [check.result for check in await adapter.prepare()] == [CheckResult.OK]
    read = await sent(adapter, an_invoice(odoo, retainage_account=None))
    assert isinstance(read, Found)
    assert read.totals.retainage_held == Decimal("15000.00")


async def test_a_check_tells_what_is_wrong(odoo: OdooHarness) -> None:
    [_, log_in] = await odoo.stranger().check()
    assert log_in.result is CheckResult.WRONG
    [version] = await odoo.nowhere().check()
    assert version.result is CheckResult.WRONG

    await odoo.control.set_up(odoo.book, may=["read"], companies=2)
    told = {check.what: check for check in await odoo.adapter(journal="XXX", income_account="1180").check()}
    assert told["right to create account.move"].result is CheckResult.WRONG
    assert told["right to read ir.model.data"].result is CheckResult.OK
    assert told["sales journal"].result is CheckResult.MISSING
    assert told["income account"].result is CheckResult.WRONG
    assert all(check.remedy for check in told.values() if check.result is CheckResult.WRONG)


async def test_json_2_is_told_to_be_missing_before_19(odoo_url: str) -> None:
    odoo = await JsonRpcHarness.open(odoo_url)
    settings = {"url": odoo.url, "database": odoo.book, "api": "json2"}
    adapter = OdooAdapter(Place("contract", settings, {"api_key": KEY}))

    found = await adapter.find("a:b:1:0")

    assert not isinstance(found, list)
    await adapter.close()
    await odoo.close()


async def test_the_lists_to_map_to_are_odoo_s_own(adapter: ErpAdapter) -> None:
    names = {}
    for kind in MappingKind:
        choices = await adapter.choices(kind)
        if choices is not None:
            assert isinstance(choices, list)
            names[kind] = {choice.id: choice.name for choice in choices}

    assert names[MappingKind.CUSTOMER]["7"] == "Harbor Library District"
    assert names[MappingKind.JOB]["5"] == "Harbor Branch Library"
    assert names[MappingKind.ACCOUNT]["4000"] == "Contract Revenue"
    assert set(names[MappingKind.RETAINAGE_ACCOUNT]) == {"1180", "121000"}
    assert names[MappingKind.TAX] == {"3": "Sales Tax"}
    assert MappingKind.ITEM not in names
