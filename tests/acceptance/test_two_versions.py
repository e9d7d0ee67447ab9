"""An older worker beside a newer one: what it cannot read of an export it leaves to the newer, and loses nothing."""

from typing import Any

import pytest

from shared.ledger.entries import Received
from tests.support.house import House

# A new worker joins its group at once; at the fallback broker that takes 5 s and more for each story.
pytestmark = pytest.mark.real_kafka

ADDED = "UPDATE exports SET state = state || '{\"of_tomorrow\": 1}' WHERE payment_application_id = :invoice"
KNOWN = "UPDATE exports SET state = state - 'of_tomorrow' WHERE payment_application_id = :invoice"
ORDERED = """
    INSERT INTO commands (nonce, export_id, body, received_at)
    SELECT 'of-tomorrow', id, jsonb_build_object('nonce', 'of-tomorrow', 'action', 'postpone', 'export_id', id,
        'company_id', company_id, 'project_id', project_id, 'by', 'a', 'role', 'operator', 'why', 'b', 'at', now()),
        now()
    FROM exports WHERE payment_application_id = :invoice
"""
DUE = "UPDATE work SET due_at = now() FROM exports WHERE exports.id = export_id AND payment_application_id = :invoice"


async def drafted(house: House) -> int:
    """A draft that was looked at, of which a newer version then wrote something that this one does not know."""
    invoice = await house.invoice(contract=await house.another_contract())
    await house.export_of(invoice, "skipped")
    await house.at_rest(invoice)
    return invoice


async def postponed(house: House, event: str, **facts: Any) -> None:
    async def is_told() -> bool:
        return any(facts.items() <= line.items() for line in house.logged(event))

    await house.view.until(is_told, event)


async def test_an_approval_waits_for_the_version_that_can_read_its_export(house):
    invoice = await drafted(house)
    export = await house.export_of(invoice)
    await house.view.execute(ORDERED, invoice=str(invoice))
    await house.view.execute(DUE, invoice=str(invoice))
    await postponed(house, "export.postponed", export=export.id, why="a newer version of invoice-export wrote action")
    await house.view.execute("DELETE FROM commands")
    await house.view.execute(ADDED, invoice=str(invoice))
    await house.view.execute(DUE, invoice=str(invoice))
    await postponed(
        house, "export.postponed", export=export.id, why="a newer version of invoice-export wrote of_tomorrow"
    )
    await house.approve(invoice)
    await postponed(house, "record.postponed")
    await house.export_of(await house.approved(contract=await house.another_contract()), "exported")
    assert house.logged("export.broken") == house.logged("record.set_aside") == []
    await house.workers.stop()
    await house.view.execute(KNOWN, invoice=str(invoice))
    assert sum(isinstance(entry, Received) for entry in await house.view.entries(invoice)) == 1
    house.workers.start()
    exported = await house.export_of(invoice, "exported")
    assert exported.state.authority is not None
    assert exported.state.authority.users == (str(house.ada),)
    assert sum(isinstance(entry, Received) for entry in await house.view.entries(invoice)) == 2
