"""A fault of ours: one export is held with an id that the log has too, the others go on, and a row of them stops."""

import pytest

from shared.events.command import Action
from shared.ledger.words import EntryKind, Reason
from tests.support.house import House
from tests.support.house_parts import CONNECTION
from tests.support.ledger_view import Export
from tests.support.outside import failing, seen_from_outside
from tests.support.raising_erp import RAISING

# A new worker joins its group at once; at the fallback broker that takes 5 s and more for each story.
pytestmark = pytest.mark.real_kafka

NEVER = """
    CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'no column takes it' USING ERRCODE = 'numeric_value_out_of_range'; END $$
"""


async def another(house: House) -> int:
    """A draft on a contract of its own, looked at: only its approval will be news."""
    invoice = await house.invoice(contract=await house.another_contract())
    await house.export_of(invoice, "skipped")
    await house.at_rest(invoice)
    return invoice


async def goes(house: House) -> None:
    """Those beside it go their way."""
    await house.export_of(await house.approved(contract=await house.another_contract()), "exported")


async def held_for_fault(house: House, invoice: int) -> Export:
    """Held once it is approved, with an id that is somebody's, and the same in the log."""
    await house.approve(invoice)
    export = await house.export_of(invoice, "held", reason=Reason.INTERNAL_ERROR)
    [line] = [line for line in house.logged("export.broken") if line["export"] == export.id]
    assert export.details == f"trace {line['trace_id']}"
    assert int(line["trace_id"], 16) != 0
    return export


async def test_a_fault_while_sending_holds_one_export(opens, faulty):
    house = await opens(adapter=RAISING)
    invoice = await another(house)
    faulty.invoices.add(invoice)
    await held_for_fault(house, invoice)
    assert EntryKind.ATTEMPT_CLOSED in await house.view.kinds(invoice)
    await goes(house)
    faulty.invoices.clear()
    await house.command(invoice, Action.REPLAY)
    await house.export_of(invoice, "exported")
    assert len(await house.receivables()) == 2


async def test_a_fault_before_sending_holds_the_export(opens, faulty):
    house = await opens(adapter=RAISING, accounting_date="first_open_day")
    faulty.open_days = True
    invoice = await another(house)
    await held_for_fault(house, invoice)
    assert EntryKind.ATTEMPT_OPENED not in await house.view.kinds(invoice)
    faulty.open_days = False
    await house.command(invoice, Action.REPLAY)
    await house.export_of(invoice, "exported")


async def test_an_event_that_began_no_trace_gets_an_id(opens, faulty):
    house = await opens(adapter=RAISING)
    faulty.everything = True
    details = {(await held_for_fault(house, await another(house))).details for _ in range(2)}
    assert len(details) == 2


async def test_what_the_ledger_can_never_store_is_held(house):
    await house.view.execute(NEVER)
    await house.view.execute(
        "CREATE TRIGGER never BEFORE INSERT ON entries FOR EACH ROW WHEN (NEW.kind = 'attempt_opened')"
        " EXECUTE FUNCTION never()"
    )
    invoice = await another(house)
    await held_for_fault(house, invoice)
    await house.view.execute("DROP TRIGGER never ON entries")
    await house.command(invoice, Action.REPLAY)
    await house.export_of(invoice, "exported")


async def test_five_faults_in_a_row_stop_the_connection(opens, faulty, command):
    house = await opens(adapter=RAISING)
    async with seen_from_outside(house.workers.first) as outside:

        async def is_ready() -> bool:
            return await failing(outside) == []

        await house.view.until(is_ready, "readiness")
        faulty.everything = True
        broken = []
        for _ in range(5):
            assert await is_ready()
            broken.append(await another(house))
            await held_for_fault(house, broken[-1])

        async def is_stopped() -> bool:
            return await failing(outside) == ["connections"]

        await house.view.until(is_stopped, "stop")
        waiting = await another(house)
        await house.approve(waiting)
        await house.export_of(waiting, "waiting", reason=Reason.PAUSED)
        checks = (await outside.get("/readyz")).json()
        assert checks["failing"] == ["connections"]
        assert CONNECTION in checks["checks"]["connections"]["detail"]
        faulty.everything = False
        resumed = await command("connections", "resume", CONNECTION)
        assert resumed.stdout == "harbor is resumed; 1 exports waited for it.\n"
        await house.export_of(waiting, "exported")
        await house.view.until(is_ready, "readiness again")
    await house.command(broken[0], Action.REPLAY)
    await house.export_of(broken[0], "exported")


async def test_exports_between_faults_keep_the_connection_going(opens, faulty):
    house = await opens(adapter=RAISING)
    for _ in range(5):
        invoice = await another(house)
        faulty.invoices.add(invoice)
        await held_for_fault(house, invoice)
        await goes(house)


async def test_a_log_in_that_procore_refuses_turns_readiness_red(house):
    await house.workers.stop()
    await house.procore.order_fault(401, path_prefix="/oauth/token", times=None)
    async with seen_from_outside(house.workers.start()) as outside:

        async def is_red() -> bool:
            return await failing(outside) == ["procore"]

        async def is_ready() -> bool:
            return await failing(outside) == []

        refused = await house.approved()
        await house.view.until(is_red, "red readiness")
        await house.received(refused, 2)
        assert (await house.export_of(refused)).status == "waiting"
        await house.procore.clear_faults()
        await goes(house)
        await house.view.until(is_ready, "readiness again")
