"""A real Tryton: what its ledger says after an export, what people undo, and how the connection is checked."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from deploy.sandbox.faulty.orders import ErpStep, Fault, FaultKind
from deploy.sandbox.tryton.clean import ADMINISTRATOR
from deploy.sandbox.tryton.oracle import LedgerSums
from services.export_worker.core.capabilities import Step
from services.export_worker.core.outcomes import Done, Found, LookUpFailure, Refused, Reread, Unavailable, Unknown
from services.export_worker.erp.adapter import CheckResult
from shared.connections.mappings import MappingKind
from tests.contract.erp.documents import all_done, an_invoice, done, found, sent
from tests.contract.erp.harness import Trouble
from tests.contract.erp.tryton_harness import TrytonHarness, TrytonModuleHarness
from tests.support.tryton import FIRST_START_SECONDS, Trytons, tryton_kinds

pytestmark = pytest.mark.timeout(FIRST_START_SECONDS)
ON_POSTGRES = "tryton_postgres"
BOTH_DATABASES = tuple(dict.fromkeys((*tryton_kinds(), ON_POSTGRES)))


async def opened(kind: str, trytons: Trytons) -> TrytonHarness:
    """With nothing in it but what was seeded."""
    return await (TrytonModuleHarness if "_module" in kind else TrytonHarness).open(trytons(kind))


@pytest.fixture(params=BOTH_DATABASES)
async def anywhere(request: pytest.FixtureRequest, trytons: Trytons) -> AsyncIterator[TrytonHarness]:
    harness = await opened(request.param, trytons)
    yield harness
    await harness.close()


@pytest.fixture(params=tryton_kinds())
async def tryton(request: pytest.FixtureRequest, trytons: Trytons) -> AsyncIterator[TrytonHarness]:
    harness = await opened(request.param, trytons)
    yield harness
    await harness.close()


async def test_the_ledger_holds_what_the_invoice_says(anywhere: TrytonHarness) -> None:
    changes = {"retainage_released": Decimal("5000.00"), "tax": Decimal("12375.01")}
    document = an_invoice(anywhere, **changes)

    read = await sent(anywhere.adapter(), document)

    assert isinstance(read, Found)
    assert read.totals == document.totals
    assert await asyncio.to_thread(anywhere.oracle.sums, document.reference) == LedgerSums(
        receivable=Decimal("152375.01"),
        retainage=Decimal("10000.00"),
        revenue=Decimal("-150000.00"),
        other=Decimal("-12375.01"),
    )
    [standing] = await asyncio.to_thread(anywhere.oracle.posted)
    assert standing.due == Decimal("152375.01")
    assert (await asyncio.to_thread(anywhere.oracle.sums)).is_balanced


async def test_four_finishing_at_once_post_one(anywhere: TrytonHarness) -> None:
    document = an_invoice(anywhere)
    ref = await done(anywhere.adapter(), Step.CREATE, document)
    workers = [anywhere.adapter() for _ in range(4)]

    outcomes = await asyncio.gather(*(worker.perform(Step.FINISH, document, ref) for worker in workers))

    assert Done(ref) in outcomes
    assert all(isinstance(outcome, Done | Unavailable | Reread) for outcome in outcomes)
    sums = await asyncio.to_thread(anywhere.oracle.sums, document.reference)
    assert sums.revenue == Decimal("-150000.00")
    assert await asyncio.to_thread(anywhere.oracle.numbers_missing) == []


async def test_a_session_that_tryton_forgot_is_renewed(tryton: TrytonHarness) -> None:
    """Behind the proxy: the server's own 401."""
    adapter, document = tryton.adapter(), an_invoice(tryton)
    ref = await done(adapter, Step.CREATE, document)
    user = tryton.tryton.running.user
    forget = f"DELETE FROM ir_session WHERE create_uid = (SELECT id FROM res_user WHERE login = '{user}')"
    await asyncio.to_thread(tryton.tryton.running.execute, forget)

    assert await adapter.perform(Step.FINISH, document, ref) == Done(ref)
    assert await tryton.log_ins() == 2


async def test_an_entry_taken_back_by_hand_is_entered_anew(tryton: TrytonHarness) -> None:
    if tryton.has_module:
        pytest.skip("with the module there is no entry")
    adapter, document = tryton.adapter(), an_invoice(tryton)
    read = await sent(adapter, document)
    assert isinstance(read, Found)
    entry = await asyncio.to_thread(
        tryton.oracle.tryton.the, "account.move", ["description", "=", f"Retainage {document.reference}"]
    )
    await tryton.act(lambda people: people.cancel_entry(entry))

    [shown] = await found(adapter, document)
    assert shown.done == {Step.CREATE, Step.FINISH}
    assert shown.totals.receivable == Decimal("150000.00")
    again = await sent(adapter, document)
    assert isinstance(again, Found)
    assert (again.done, again.totals) == (all_done(adapter, document), document.totals)
    sums = await asyncio.to_thread(tryton.oracle.sums, document.reference)
    assert (sums.receivable, sums.retainage) == (Decimal("120000.00"), Decimal("30000.00"))


@pytest.mark.parametrize("trouble", [Trouble.DROPS_BEFORE, Trouble.DROPS_AFTER, Trouble.GARBAGE])
@pytest.mark.parametrize("step", [Step.RECLASSIFY, Step.SETTLE])
async def test_retainage_whose_answer_was_lost_moves_once(tryton: TrytonHarness, step: Step, trouble: Trouble) -> None:
    adapter, document = tryton.adapter(), an_invoice(tryton)
    if step not in adapter.capabilities.steps:
        pytest.skip("with the module there is no entry")
    await tryton.trouble(trouble, step)

    assert isinstance(await sent(adapter, document), Unknown)
    read = await sent(tryton.adapter(), document)

    assert isinstance(read, Found)
    assert (read.done, read.totals) == (all_done(adapter, document), document.totals)
    sums = await asyncio.to_thread(tryton.oracle.sums, document.reference)
    assert (sums.receivable, sums.retainage) == (Decimal("135000.00"), Decimal("15000.00"))


async def test_each_step_done_twice_changes_nothing(tryton: TrytonHarness) -> None:
    adapter, document = tryton.adapter(), an_invoice(tryton)
    ref = await done(adapter, Step.CREATE, document)
    for step in adapter.capabilities.steps[1:]:
        await done(adapter, step, document, ref)
        await done(adapter, step, document, ref)

    sums = await asyncio.to_thread(tryton.oracle.sums, document.reference)
    assert (sums.receivable, sums.retainage) == (Decimal("135000.00"), Decimal("15000.00"))
    [standing] = await asyncio.to_thread(tryton.oracle.posted)
    assert standing.due == Decimal("135000.00")


async def test_an_entry_that_was_begun_is_gone_on_with(tryton: TrytonHarness) -> None:
    adapter, document = tryton.adapter(), an_invoice(tryton)
    if Step.RECLASSIFY not in adapter.capabilities.steps:
        pytest.skip("with the module there is no entry")
    between = Fault(kind=FaultKind.DROP_BEFORE, step=ErpStep.RECLASSIFY, skip=1)
    await tryton.control.order(tryton.book, between)

    assert isinstance(await sent(adapter, document), Unknown)
    assert isinstance(await sent(tryton.adapter(), document), Found)

    moves = await asyncio.to_thread(tryton.oracle.tryton.rows, "account.move", [], "state")
    assert [move["state"] for move in moves] == ["posted", "posted"]


async def test_a_user_without_rights_is_told_which(tryton: TrytonHarness) -> None:
    company = tryton.oracle.tryton.context["company"]
    visitor = {"login": f"visitor-{uuid4().hex}", "password": uuid4().hex}
    values = visitor | {"name": "Visitor", "companies": [["add", [company]]], "company": company}
    await asyncio.to_thread(lambda: tryton.oracle.tryton.create("res.user", **values))

    checks = await tryton.made({"user": visitor["login"]}, {"password": visitor["password"]}).check()

    [rights] = [check for check in checks if check.what == "rights"]
    assert rights.result is CheckResult.WRONG
    assert "account.invoice" in rights.seen or "not allowed" in rights.seen


async def test_a_closed_period_is_told_in_plain_words(tryton: TrytonHarness) -> None:
    await tryton.rules(closed_until="2026-10-31")

    outcome = await sent(tryton.adapter(), an_invoice(tryton))

    assert isinstance(outcome, Refused)
    assert outcome.text.startswith("Period 2026-10 is closed in Tryton. Open it or change the accounting-date rule")


async def test_the_first_open_day_is_one_that_tryton_takes(tryton: TrytonHarness) -> None:
    adapter = tryton.adapter()
    assert await adapter.first_open_day(date(2026, 10, 20)) == date(2026, 10, 20)
    await sent(adapter, an_invoice(tryton, invoice_date=date(2026, 10, 25)))
    assert await adapter.first_open_day(date(2026, 10, 20)) == date(2026, 10, 25)
    assert await adapter.first_open_day(date(2025, 12, 20)) == date(2025, 12, 20)

    await tryton.rules(closed_until="2026-10-31")
    first = await adapter.first_open_day(date(2026, 10, 20))
    assert first == date(2026, 11, 1)
    late = an_invoice(tryton, reference="ironside:1001:90002:0", invoice_date=first)
    assert isinstance(await sent(adapter, late), Found)
    assert await adapter.first_open_day(date(2100, 1, 1)) is None


async def test_a_good_connection_passes_every_check(tryton: TrytonHarness) -> None:
    checks = await tryton.adapter().check()

    assert {check.result for check in checks} == {CheckResult.OK}
    assert [check.what for check in checks][:4] == ["log-in", "version", "company", "rights"]


async def test_a_wrong_password_is_the_first_and_only_check(tryton: TrytonHarness) -> None:
    [check] = await tryton.stranger().check()
    assert (check.what, check.result) == ("log-in", CheckResult.WRONG)


async def test_a_missing_retainage_account_is_made_by_who_may(tryton: TrytonHarness) -> None:
    code = f"119{len(tryton.name)}"
    service = tryton.adapter(retainage_account=code)
    assert CheckResult.MISSING in {check.result for check in await service.check()}
    [refused] = await service.prepare()
    assert refused.result is CheckResult.WRONG

    master = tryton.made(
        {"user": ADMINISTRATOR, "retainage_account": code, "company": "Summit Ridge Builders"},
        {"password": tryton.tryton.running.passwords.administrator},
    )
    [made] = await master.prepare()
    assert made.result is CheckResult.PREPARED
    [repeated] = await master.prepare()
    assert repeated.result is CheckResult.OK
    assert {check.result for check in await service.check()} == {CheckResult.OK}
    held = await sent(service, an_invoice(tryton, retainage_account=None))
    assert isinstance(held, Found)
    assert held.totals.retainage_held == Decimal("15000.00")


async def test_choices_are_what_mappings_may_name(tryton: TrytonHarness) -> None:
    adapter = tryton.adapter()

    async def ids(kind: MappingKind) -> set[str]:
        answer = await adapter.choices(kind)
        assert answer is not None
        assert not isinstance(answer, LookUpFailure)
        return {choice.id for choice in answer}

    assert await ids(MappingKind.CUSTOMER) >= {"C-100", "C-200"}
    assert "4000" in await ids(MappingKind.ACCOUNT)
    assert "1180" in await ids(MappingKind.RETAINAGE_ACCOUNT)
    assert await adapter.choices(MappingKind.JOB) is None
