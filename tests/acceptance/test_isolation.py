"""Law 9: one slow ERP harms nobody else, and one project does not wait for another."""

import pytest

from deploy.sandbox.faulty.orders import ErpStep, FaultKind
from tests.support.house import House
from tests.support.neighbour import beside

# A new worker joins its group at once; at the fallback broker that takes 5 s and more for each story.
pytestmark = pytest.mark.real_kafka

PATIENT = {"read_timeout_seconds": 60, "settles_after_seconds": 70}
AT_ONCE = 2


async def waits(house: House, step: ErpStep) -> int:
    """How many requests of this step the ERP has in hand without an answer."""
    return len(await house.erp.waiting(house.book, step))


@pytest.mark.parametrize("kind", [FaultKind.HOLD_BEFORE, FaultKind.SILENCE_BEFORE])
async def test_an_erp_that_does_not_answer_delays_no_other_connection(opens, kind):
    house = await opens(erp=PATIENT, concurrency=AT_ONCE)
    async with beside(house, "alder") as neighbour:
        await house.order(kind, ErpStep.FIND, count=None)
        kept = [await house.approved(contract=await house.another_contract()) for _ in range(AT_ONCE + 2)]

        async def is_full() -> bool:
            return await waits(house, ErpStep.FIND) == AT_ONCE

        await house.view.until(is_full, "lane that is full")
        for _ in range(3):
            invoice = await neighbour.approved(contract=await neighbour.another_contract())
            await neighbour.export_of(invoice, "exported", within=10)
        assert await is_full()
        assert [(await house.export_of(invoice)).status for invoice in kept].count("exported") == 0
        await house.erp.clear(house.book)
        await house.erp.release(house.book)
        if kind is FaultKind.SILENCE_BEFORE:
            await house.erp.go_away(0.1)
        for invoice in kept:
            await house.export_of(invoice, "exported")


async def test_projects_of_one_connection_are_exported_side_by_side(opens):
    house = await opens(erp=PATIENT)
    other = await house.procore.create_project(company_id=house.company)
    await house.hook(other)
    await house.order(FaultKind.HOLD_BEFORE, ErpStep.CREATE, count=None)
    contracts = [house.contract, await house.another_contract(project=other)]
    invoices = [await house.approved(contract=contract) for contract in contracts]

    async def both() -> bool:
        return await waits(house, ErpStep.CREATE) == len(invoices)

    await house.view.until(both, "two that are created at once")
    await house.erp.clear(house.book)
    await house.erp.release(house.book)
    for invoice in invoices:
        await house.export_of(invoice, "exported")
