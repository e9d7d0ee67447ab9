"""What the projects are called, as reconciliation saw it."""

from sqlalchemy import text

from services.export_worker.project_names import keep_names
from services.export_worker.reconciliation import Reconciliation
from shared.connections.catalog import Catalog
from shared.connections.connection import Connection
from shared.procore.directory import Project
from tests.support.hook_site import site

__all__ = ["site"]


async def test_reconciliation_keeps_what_projects_are_called(site, worker_engine, owner_engine):
    for named in (None, [site.library]):
        one = Connection(name="harbor", company_id=site.company, adapter="erp_sandbox", project_ids=named)
        await Reconciliation(worker_engine, site.webhooks.client, Catalog((one,)), share=1).run()
    async with owner_engine.connect() as connection:
        rows = await connection.execute(text("SELECT company_id, project_id, name FROM projects ORDER BY name"))
        assert [tuple(row) for row in rows] == [
            (site.company, site.library, "Library"),
            (site.company, site.pier, "Pier"),
        ]


async def test_a_project_renamed_takes_its_new_name(worker_engine, owner_engine):
    for name, number in (("Pier", None), ("Pier\x00 9", "P-9")):
        async with worker_engine.begin() as connection:
            await keep_names(connection, "1", [Project("7", name, number, None), Project("7", name, number, None)])
    async with owner_engine.connect() as connection:
        rows = await connection.execute(text("SELECT name, number FROM projects"))
        assert [(row.name.replace("\ufffd", ""), row.number) for row in rows] == [("Pier 9", "P-9")]


async def test_names_that_may_not_be_listed_stop_nothing(site, worker_engine):
    one = Connection(name="harbor", company_id=site.company, adapter="erp_sandbox", project_ids=[site.library])
    await site.control.order_fault(403, times=1)
    found = await Reconciliation(worker_engine, site.webhooks.client, Catalog((one,)), share=1).run()
    assert (found["harbor"].projects, found["harbor"].unreadable) == (1, [])
