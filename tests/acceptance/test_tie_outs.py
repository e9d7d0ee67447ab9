"""What people do in the ERP after an export is found, and holds it; what only looks so does not."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from deploy.sandbox.faulty.orders import ErpStep, FaultKind
from services.export_worker.arrivals import doubt
from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.erp.adapter import Place
from services.export_worker.erp.sandbox.adapter import SandboxErpAdapter
from shared.events.command import Action
from shared.ledger.entries import Confirmed, Finding, TieOutFound
from shared.ledger.tie_out import Part, Sum, Verdict
from shared.ledger.tie_out_reader import TieOutRun
from shared.ledger.words import EntryKind, Reason
from tests.support.house import HASTY, House
from tests.support.tie_outs import (
    another_worker,
    exported,
    last_run,
    month_of,
    receivable,
    requested,
    tied_out,
    verdicts,
)

# A new worker joins its group at once; at the fallback broker that takes 5 s and more for each story.
pytestmark = pytest.mark.real_kafka


@pytest.fixture
async def house(opens) -> House:
    """Of its ERP a look-up counts soon after an export, so that nobody waits long."""
    return await opens(erp=HASTY | {"read_timeout_seconds": 0.8, "settles_after_seconds": 1.5})


async def test_what_stands_as_it_was_sent_is_left_alone(house):
    invoice = await exported(house)
    before = await house.view.kinds(invoice)
    assert await verdicts(house, invoice) == {Verdict.STANDS: 1}
    assert await house.view.kinds(invoice) == before


async def test_a_cancelled_receivable_is_held_and_never_sent_again_by_itself(house):
    invoice = await exported(house)
    await house.erp.cancel(house.book, await receivable(house))
    _, [finding] = await tied_out(house, invoice)
    assert (finding.verdict, finding.amount) == (Verdict.CANCELLED, Decimal("54000.00"))
    export = await house.export_of(invoice, "held", reason=Reason.CANCELLED_IN_ERP)
    assert export.details == f"{finding.erp_number} is cancelled"
    number = export.state.look.invoice_number if export.state.look else None
    await house.command(invoice, Action.REPLAY)
    await house.followed(invoice, EntryKind.REPLAY_ACCEPTED)
    await house.export_of(invoice, "held", reason=Reason.CANCELLED_IN_ERP)
    assert await house.requested(ErpStep.CREATE) == 1
    await house.command(invoice, Action.REPLAY, afresh=True, invoice_number=number)
    await house.export_of(invoice, "exported")
    assert await house.totals() == [Decimal("54000.00")]


async def test_a_receivable_edited_by_a_cent_is_held_until_it_is_mended(house):
    invoice = await exported(house)
    await house.erp.edit(house.book, await receivable(house), tax_amount="0.01")
    assert await verdicts(house, invoice) == {Verdict.TOTALS_DIFFER: 1}
    export = await house.export_of(invoice, "held", reason=Reason.TOTALS_DIFFER)
    assert export.details == "ours 54000.00, in the ERP 54000.01"
    await house.erp.edit(house.book, await receivable(house), tax_amount="0.00")
    await house.command(invoice, Action.REPLAY)
    await house.export_of(invoice, "exported")
    assert await verdicts(house, invoice) == {Verdict.STANDS: 1}


async def test_a_receivable_that_lost_its_reference_is_held_and_not_doubled(house):
    invoice = await exported(house)
    ref, reference = await receivable(house), (await house.receivables())[0].content.external_reference
    await house.erp.edit(house.book, ref, external_reference="somebody's own words")
    assert await verdicts(house, invoice) == {Verdict.UNLINKED: 1}
    export = await house.export_of(invoice, "held", reason=Reason.CHANGED_IN_ERP)
    assert "does not carry" in export.details
    number = export.state.look.invoice_number if export.state.look else None
    await house.command(invoice, Action.REPLAY, afresh=True, invoice_number=number)
    await house.followed(invoice, EntryKind.COMMAND_REFUSED)
    await house.erp.edit(house.book, ref, external_reference=reference)
    await house.command(invoice, Action.REPLAY)
    await house.export_of(invoice, "exported")
    assert await house.requested(ErpStep.CREATE) == 1


async def test_a_draft_that_people_posted_is_told_and_not_held(opens):
    house = await opens(erp=HASTY, finish="draft")
    invoice = await exported(house)
    assert await verdicts(house, invoice) == {Verdict.STANDS: 1}
    await house.erp.post(house.book, await receivable(house))
    _, [finding] = await tied_out(house, invoice)
    assert finding.verdict is Verdict.POSTED_BY_HAND
    assert (await house.at_rest(invoice)).status == "exported"
    assert EntryKind.TIE_OUT_FOUND not in await house.view.kinds(invoice)


async def test_a_draft_that_people_deleted_is_held_and_may_be_dismissed(opens):
    house = await opens(erp=HASTY, finish="draft")
    invoice = await exported(house)
    await house.erp.delete(house.book, await receivable(house))
    assert await verdicts(house, invoice) == {Verdict.GONE: 1}
    await house.export_of(invoice, "held", reason=Reason.CANCELLED_IN_ERP)
    await house.command(invoice, Action.RESOLVE, dismissed=True)
    await house.export_of(invoice, "skipped", reason=Reason.DISMISSED)
    assert await house.receivables() == []


async def test_a_double_is_found_and_held_until_one_is_void(house):
    invoice = await exported(house)
    attempt = (await house.export_of(invoice)).state.attempt
    assert attempt is not None
    settings = {"url": house.erp_url, "book": house.book}
    zombie = SandboxErpAdapter(Place("zombie", settings, {"client_secret": house.secrets.erp_secret}))
    twin = await zombie.perform(Step.CREATE, Document.model_validate(attempt.document), None)
    await zombie.close()
    _, [finding] = await tied_out(house, invoice)
    assert finding.verdict is Verdict.DOUBLE
    assert finding.detail.endswith(f"{twin.ref} (draft)")
    await house.export_of(invoice, "held", reason=Reason.FOUND_SEVERAL)
    await house.erp.delete(house.book, twin.ref)
    await house.command(invoice, Action.REPLAY)
    await house.export_of(invoice, "exported")


async def test_an_erp_that_is_away_is_no_difference(house):
    first = await exported(house)
    for _ in range(4):
        await exported(house, contract=await house.another_contract())
    await tied_out(house, first)
    asked = await house.requested(ErpStep.FIND)
    await house.order(FaultKind.STATUS_BEFORE, ErpStep.FIND, status=503, count=None)
    run, findings = await tied_out(house, first)
    assert run.verdicts == {Verdict.NOT_ASKED: 5}
    assert run.failure is not None
    assert {each.verdict for each in findings} == {Verdict.NOT_ASKED}
    assert await house.requested(ErpStep.FIND) == asked + 3
    assert EntryKind.TIE_OUT_FOUND not in await house.view.kinds(first)
    await house.erp.clear(house.book)
    assert await verdicts(house, first) == {Verdict.STANDS: 5}


async def test_an_export_under_way_is_counted_and_not_asked(house):
    await exported(house)
    await house.order(FaultKind.HOLD_AFTER, ErpStep.CREATE)
    second = await house.approved(contract=await house.another_contract())
    await house.waiting(ErpStep.CREATE)
    period = await month_of(house, second)
    await requested(house, period)
    async with another_worker(house, "tying out") as tie_outs:
        await tie_outs.run_due()
    run, _ = await last_run(house, period)
    assert run is not None
    assert run.tally is not None
    [account] = run.tally.accounts
    assert account.parts[Part.WAITING] == Sum(1, Decimal("54000.00"))
    assert sum(run.verdicts.values()) == 1
    await house.erp.release(house.book)
    await house.export_of(second, "exported")
    assert EntryKind.TIE_OUT_FOUND not in await house.view.kinds(second)


async def test_what_changed_while_the_erp_was_asked_is_not_doubted(house):
    invoice = await exported(house)
    await tied_out(house, invoice)
    await house.erp.cancel(house.book, await receivable(house))
    await house.order(FaultKind.HOLD_BEFORE, ErpStep.READ)
    period = await month_of(house, invoice)
    await requested(house, period)
    async with another_worker(house, "tying out") as tie_outs:
        running = asyncio.create_task(tie_outs.run_due())
        await house.waiting(ErpStep.READ)
        await house.command(invoice, Action.RESOLVE, erp_number="AR-77")
        await house.followed(invoice, EntryKind.RESOLVED_BY_HAND)
        await house.erp.release(house.book)
        await running
    _, [finding] = await last_run(house, period)
    assert (finding.verdict, finding.detail) == (
        Verdict.NOT_ASKED,
        "it changed in the ledger while the ERP was asked",
    )
    assert EntryKind.TIE_OUT_FOUND not in await house.view.kinds(invoice)
    assert await verdicts(house, invoice) == {Verdict.BY_HAND: 1}


async def test_a_doubt_that_the_erp_does_not_bear_out_is_forgotten(house):
    invoice = await exported(house)
    export = await house.export_of(invoice)
    async with house.view.engine.begin() as connection:
        seen = Finding(reason=Reason.CANCELLED_IN_ERP, detail="as a stale look-up had it")
        assert await doubt(connection, export.id, export.state.version, seen, datetime.now(UTC))
    assert isinstance(await house.followed(invoice, EntryKind.CONFIRMED), Confirmed)
    export = await house.export_of(invoice, "exported")
    assert not export.state.is_doubted
    assert isinstance((await house.view.entries(invoice))[-2], TieOutFound)


async def test_a_killed_tie_out_is_taken_up_where_it_stood(house):
    invoice = await exported(house)
    for _ in range(2):
        await exported(house, contract=await house.another_contract())
    await tied_out(house, invoice)
    period = await month_of(house, invoice)
    asked = await house.requested(ErpStep.FIND)
    await house.order(FaultKind.HOLD_BEFORE, ErpStep.FIND, skip=1)
    await requested(house, period)
    async with another_worker(house, "killed", lease=timedelta(seconds=2)) as killed:
        running = asyncio.create_task(killed.run_due())
        await house.waiting(ErpStep.FIND)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await house.erp.release(house.book)
    before, _ = await last_run(house, period)
    async with another_worker(house, "next") as tie_outs:

        async def look() -> TieOutRun | None:
            await tie_outs.run_due()
            run, _ = await last_run(house, period)
            return run if run != before else None

        run = await house.view.until(look, "tie-out by the next worker")
    assert run.verdicts == {Verdict.STANDS: 3}
    assert await house.requested(ErpStep.FIND) == asked + 4
