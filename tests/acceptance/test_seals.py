"""The worker seals by itself what it appended."""

from sqlalchemy import select

from shared.ledger.tables import entries, seals
from tests.support.house import House


async def test_a_worker_seals_what_was_appended(house: House) -> None:
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    house.workers.start()  # a worker looks when it starts, and only then every half a minute

    async def sealed() -> int | None:
        async with house.view.engine.connect() as connection:
            return (await connection.scalars(select(seals.c.last_entry_id))).one_or_none()

    upto = await house.view.until(sealed, "a seal")
    async with house.view.engine.connect() as connection:
        assert upto in (await connection.scalars(select(entries.c.id))).all()
