"""What an ERP does to an export that is on its way, and what becomes of it: never two, never lost."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from deploy.sandbox.faulty.effects import LOG_IN_REPEATED
from deploy.sandbox.faulty.orders import ErpStep, FaultKind
from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.erp.adapter import Place
from services.export_worker.erp.sandbox.adapter import SandboxErpAdapter
from shared.events.command import Action
from shared.ledger.entries import AttemptClosed, StepDone
from shared.ledger.tables import connection_states, exports
from shared.ledger.words import Closing, EntryKind, Reason
from tests.support.house import HASTY, House

# A new worker joins its group at once; at the fallback broker that takes 5 s and more for each story.
pytestmark = pytest.mark.real_kafka

FIRST = Decimal("54000.00")


async def closings(house: House, invoice: int) -> list[Closing]:
    return [body.closing for body in await house.view.entries(invoice) if isinstance(body, AttemptClosed)]


async def stands_once(house: House) -> None:
    assert await house.totals() == [FIRST]
    assert [known.state for known in await house.receivables()] == ["posted"]


async def test_an_erp_that_is_down_gets_the_invoice_when_it_is_back(house):
    await house.erp.go_away(1)
    invoice = await house.approved()
    export = await house.export_of(invoice, "exported")
    assert Closing.UNAVAILABLE in await closings(house, invoice)
    assert export.state.retries == 0
    await stands_once(house)


async def test_an_open_circuit_holds_back_the_others_without_calls(house):
    await house.order(FaultKind.STATUS_BEFORE, ErpStep.FIND, status=429, retry_after=2)
    first = await house.approved()
    await house.export_of(first, "retrying")
    await house.at_rest(first)
    calls = len(await house.erp.requests(house.book))
    second = await house.approved(contract=await house.another_contract())
    await house.export_of(second, "waiting", reason=Reason.CIRCUIT_OPEN)
    assert len(await house.erp.requests(house.book)) == calls
    await house.export_of(first, "exported")
    await house.export_of(second, "exported")


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        (FaultKind.SILENCE_AFTER, ErpStep.CREATE),
        (FaultKind.SILENCE_AFTER, ErpStep.FINISH),
        (FaultKind.GARBAGE, ErpStep.CREATE),
    ],
)
async def test_an_erp_that_takes_it_and_does_not_say_so_is_looked_up(opens, kind, step):
    house = await opens(erp=HASTY)
    await house.order(kind, step)
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    assert Closing.UNKNOWN in await closings(house, invoice)
    assert await house.requested(ErpStep.CREATE) == 1
    await stands_once(house)


async def test_an_erp_that_never_took_it_gets_it_again_once_that_is_proven(opens):
    house = await opens(erp=HASTY)
    await house.order(FaultKind.SILENCE_BEFORE, ErpStep.CREATE)
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    assert await house.requested(ErpStep.CREATE) == 2
    await stands_once(house)


async def test_an_erp_that_commits_after_the_first_look_up_has_it_once(opens):
    house = await opens(erp=HASTY | {"settles_after_seconds": 5})
    await house.order(FaultKind.HOLD_BEFORE, ErpStep.CREATE)
    invoice = await house.approved()
    await house.export_of(invoice, "retrying")

    async def looked_up() -> bool:
        export = await house.view.export(invoice)
        is_left = export is not None and export.fencing_token > 1 and export.is_at_rest
        return is_left and await house.requested(ErpStep.FIND) == 2

    await house.view.until(looked_up, "look-up that shows nothing")
    assert await house.receivables() == []
    await house.erp.release(house.book)
    await house.export_of(invoice, "exported")
    found = [body for body in await house.view.entries(invoice) if isinstance(body, StepDone) and body.found]
    assert [body.step for body in found] == ["create"]
    assert await house.requested(ErpStep.CREATE) == 1
    await stands_once(house)


async def test_a_write_that_left_late_in_its_step_is_waited_for(opens):
    """Its log-in ended and was slow to renew: what the ERP may still commit counts from when the write left."""
    house = await opens(erp={"read_timeout_seconds": 2, "connect_timeout_seconds": 0.5, "settles_after_seconds": 5})
    await house.order(FaultKind.EXPIRE_LOG_IN, ErpStep.CREATE)
    await house.order(FaultKind.SLOW, ErpStep.LOG_IN, skip=1, seconds=1.6)
    await house.order(FaultKind.COMMIT_LATE, ErpStep.CREATE, seconds=4.9)
    invoice = await house.approved()
    await house.export_of(invoice, "exported", within=30)
    assert Closing.UNKNOWN in await closings(house, invoice)
    assert await house.requested(ErpStep.CREATE) == 2  # refused at the door, then kept late
    await stands_once(house)


async def test_a_stale_read_cache_never_makes_a_second_one(opens):
    house = await opens(erp=HASTY | {"look_up_staleness_seconds": 1})
    await house.erp.set_up(house.book, client_secret=house.secrets.erp_secret, read_staleness_seconds=1)
    await house.order(FaultKind.SILENCE_AFTER, ErpStep.CREATE)
    invoice = await house.approved()
    await house.export_of(invoice, "exported", within=25)
    assert await house.requested(ErpStep.CREATE) == 1
    await stands_once(house)


async def test_what_an_erp_repeats_of_a_secret_is_kept_nowhere(house):
    words = f"Nobody comes in with {house.secrets.erp_secret} or {LOG_IN_REPEATED}."
    await house.order(FaultKind.REFUSE, ErpStep.FIND, code="plain", text=words)
    await house.order(FaultKind.REFUSE, ErpStep.FINISH, code="plain", text=words)
    invoice = await house.approved()
    export = await house.export_of(invoice, "failed")
    assert export.details == "Nobody comes in with [secret] or Bearer [secret]."
    kept = [body.model_dump_json() for body in await house.view.entries(invoice)]
    assert sum("Nobody comes in" in entry for entry in kept) == 2
    async with house.view.engine.connect() as database:
        kept += [str(row) for table in (connection_states, exports) for row in await database.execute(select(table))]
    assert [entry for entry in kept if house.secrets.erp_secret in entry] == []


async def test_an_erp_that_asks_gets_the_answer_of_a_person(house):
    await house.order(FaultKind.WARN, ErpStep.FINISH, name="credit_limit", text="The credit limit is exceeded.")
    invoice = await house.approved()
    export = await house.export_of(invoice, "held", reason=Reason.ERP_ASKS)
    assert export.details == "The credit limit is exceeded."
    await house.command(invoice, Action.ACCEPT, warning="another_question")
    await house.followed(invoice, EntryKind.COMMAND_REFUSED)
    await house.command(invoice, Action.ACCEPT, warning="credit_limit")
    await house.export_of(invoice, "exported")
    assert await house.requested(ErpStep.CREATE) == 1
    await stands_once(house)


async def test_a_refused_invoice_goes_after_it_was_mended_and_replayed(house):
    await house.erp.set_up(house.book, client_secret=house.secrets.erp_secret, closed_until="2099-12-31")
    invoice = await house.approved()
    export = await house.export_of(invoice, "failed", reason=Reason.PERIOD_CLOSED)
    assert "closed" in export.details
    await house.procore.edit_invoice(invoice, total_amount_paid="100.00", user_id=house.ada)
    await house.at_rest(invoice)
    assert await house.requested(ErpStep.FINISH) == 1
    await house.erp.set_up(house.book, client_secret=house.secrets.erp_secret, closed_until=None)
    await house.command(invoice, Action.REPLAY)
    await house.export_of(invoice, "exported")
    assert await house.requested(ErpStep.CREATE) == 1
    await stands_once(house)


async def test_a_draft_that_somebody_changed_is_held_before_it_is_final(opens):
    house = await opens(erp={"read_timeout_seconds": 2, "connect_timeout_seconds": 0.5, "settles_after_seconds": 2.5})
    await house.order(FaultKind.HOLD_AFTER, ErpStep.CREATE)
    invoice = await house.approved()
    await house.waiting(ErpStep.CREATE)
    draft = (await house.receivables())[0]
    await house.erp.edit(house.book, draft.id, tax_amount="7.00")
    await house.erp.release(house.book)
    await house.export_of(invoice, "held", reason=Reason.DRAFT_DIFFERS)
    assert [known.state for known in await house.receivables()] == ["draft"]
    await house.erp.delete(house.book, draft.id)
    await house.command(invoice, Action.REPLAY)
    await house.export_of(invoice, "exported")
    await stands_once(house)


async def test_a_receivable_with_other_totals_is_held_when_read_back(house):
    await house.order(FaultKind.HOLD_AFTER, ErpStep.FINISH)
    invoice = await house.approved()
    await house.waiting(ErpStep.FINISH)
    await house.erp.edit(house.book, (await house.receivables())[0].id, tax_amount="7.00")
    await house.erp.release(house.book)
    export = await house.export_of(invoice, "held", reason=Reason.TOTALS_DIFFER)
    assert export.details == "ours 54000.00, in the ERP 54007.00"


async def test_two_receivables_under_one_reference_are_held(house):
    await house.order(FaultKind.HOLD_BEFORE, ErpStep.FIND)
    invoice = await house.approved()
    await house.waiting(ErpStep.FIND)
    attempt = (await house.export_of(invoice)).state.attempt
    assert attempt is not None
    settings = {"url": house.erp_url, "book": house.book}
    stranger = SandboxErpAdapter(Place("stranger", settings, {"client_secret": house.secrets.erp_secret}))
    twice = [await stranger.perform(Step.CREATE, Document.model_validate(attempt.document), None) for _ in range(2)]
    await stranger.close()
    await house.erp.release(house.book)
    await house.export_of(invoice, "held", reason=Reason.FOUND_SEVERAL)
    await house.erp.delete(house.book, twice[0].ref)
    await house.command(invoice, Action.REPLAY)
    await house.export_of(invoice, "exported")
    await stands_once(house)
