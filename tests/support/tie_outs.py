"""Tie-outs of a house, as another worker makes them when somebody asks for one."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy.dialects.postgresql import insert as upsert

from services.export_worker.erp.catalog import ADAPTERS
from services.export_worker.links import make_links
from services.export_worker.tie_out import TieOuts
from shared.connections.catalog import load_catalog
from shared.database import Role, create_engine
from shared.ledger.tables import tie_outs
from shared.ledger.tie_out import Period, Verdict
from shared.ledger.tie_out_reader import Finding, TieOutRun, read_findings, read_last_run
from tests.support.house import House
from tests.support.house_parts import CONNECTION
from tests.support.ledger_view import PATIENCE

ALL = timedelta(minutes=10)


async def exported(house: House, **fields: Any) -> int:
    """A new invoice that reached the ERP."""
    invoice = await house.approved(**fields)
    await house.export_of(invoice, "exported")
    await house.at_rest(invoice)
    return invoice


async def month_of(house: House, invoice: int) -> Period:
    """The accounting month of its billing date."""
    look = (await house.export_of(invoice)).state.look
    assert look is not None
    assert look.billing_date is not None
    return Period.of(look.billing_date)


@asynccontextmanager
async def another_worker(house: House, name: str, *, lease: timedelta = ALL) -> AsyncIterator[TieOuts]:
    """Its tie-outs only; they are asked for, as `tie-out --hold` does it."""
    settings = house.workers.settings
    engine = create_engine(settings.database_url.get_secret_value(), Role.WORKER, application_name=name)
    links = make_links(load_catalog(settings.connections_file, adapters=ADAPTERS), os.environ)
    try:
        yield TieOuts(engine, links[CONNECTION], name, share=1, every=None, lease=lease)
    finally:
        await links[CONNECTION].adapter.close()
        await engine.dispose()


async def requested(house: House, period: Period) -> None:
    """As `tie-out --hold` asks for one, but the house's own worker is not told: it must not be quicker."""
    async with house.view.engine.begin() as connection:
        asked = upsert(tie_outs).values(connection=CONNECTION, period=str(period), requested_by="somebody")
        await connection.execute(asked.on_conflict_do_nothing())


async def last_run(house: House, period: Period) -> tuple[TieOutRun | None, list[Finding]]:
    """The newest that came to its end, with what it found."""
    async with house.view.engine.connect() as connection:
        run = await read_last_run(connection, CONNECTION, period)
        return run, list(await read_findings(connection, run.id)) if run else []


async def tied_out(house: House, invoice: int) -> tuple[TieOutRun, list[Finding]]:
    """A tie-out of the invoice's month, made when every export in it is old enough to be asked about."""
    period = await month_of(house, invoice)

    async def look() -> tuple[TieOutRun, list[Finding]] | None:
        before, _ = await last_run(house, period)
        await requested(house, period)
        async with another_worker(house, "tying out") as tie_outs:
            await tie_outs.run_due()
        run, findings = await last_run(house, period)
        is_young = any("only just now" in each.detail for each in findings)
        return (run, findings) if run and run != before and not is_young else None

    return await house.view.until(look, "tie-out", PATIENCE)


async def verdicts(house: House, invoice: int) -> dict[Verdict, int]:
    """How many of each a tie-out saw; its sums add up."""
    run, _ = await tied_out(house, invoice)
    assert run.tally is not None
    assert run.tally.adds_up
    return {verdict: count for verdict, count in run.verdicts.items() if count}


async def receivable(house: House) -> str:
    """The id of the only one in the ERP, or of the first."""
    return (await house.receivables())[0].id
