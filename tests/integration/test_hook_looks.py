"""Hooks as Procore sees them, kept for the pages."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from services.export_worker.hook_looks import HookLooks
from services.export_worker.reconciliation import Reconciliation
from shared.connections.catalog import Catalog
from shared.connections.connection import Connection, Mode
from shared.database import Role, connect_raw
from shared.procore.errors import ProcoreError
from shared.procore.hook_health import health
from shared.procore.hook_state import HookState, state_of
from shared.procore.webhook_rows import Hook
from tests.support.hook_site import provision, receiver, site

__all__ = ["provision", "receiver", "site"]

SIX_HOURS = timedelta(hours=6)
PATIENCE = 30


@pytest.fixture
async def session(database_url):
    session = await connect_raw(database_url, Role.WORKER)
    yield session
    await session.close()


@pytest.fixture
def serving(site):
    """A catalog whose only connection serves the site's company, or some of its projects."""

    def serving(**changes):
        return Catalog((Connection(name="harbor", company_id=site.company, adapter="erp_sandbox", **changes),))

    return serving


@pytest.fixture
def looks(site, worker_engine, serving):
    def looks(**changes):
        return HookLooks(worker_engine, site.webhooks, serving(**changes), namespace="invoice-export")

    return looks


@pytest.fixture
def states(owner_engine):
    async def states():
        async with owner_engine.connect() as connection:
            rows = await connection.execute(text("SELECT project_id, state FROM hook_states"))
            return {row.project_id: HookState.model_validate(row.state) for row in rows}

    return states


async def test_hooks_are_seen_as_procore_sees_them(site, provision, serving, looks, states, session, worker_engine):
    async with site.receives(site.token):
        await provision("--project", site.library)
    await site.change()
    await site.another_hook(site.library, namespace="somebody-else")
    await Reconciliation(worker_engine, site.webhooks.client, serving(), share=1).run()
    assert await looks().run_due(session, SIX_HOURS) == 2
    found = await states()
    assert found[site.library].hook_ids == ((await site.hooks(site.library))[0].id,)
    assert (found[site.library].status, found[site.library].waiting, found[site.library].lost) == ("active", 1, 0)
    assert found[site.library].oldest is not None
    assert (found[site.pier].status, found[site.pier].hook_ids) == ("missing", ())


async def test_a_hook_is_looked_at_when_it_is_time(looks, site, session, states, owner_engine):
    assert await looks(project_ids=[site.library]).run_due(session, SIX_HOURS) == 1
    assert await looks(project_ids=[site.library]).run_due(session, SIX_HOURS) == 0
    async with owner_engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE hook_states SET seen_at = now() - interval '7 hours'")
    assert await looks(project_ids=[site.library], mode=Mode.PAUSED).run_due(session, SIX_HOURS) == 0
    assert await looks(project_ids=[site.library]).run_due(session, SIX_HOURS) == 1


async def test_only_one_worker_looks(looks, site, session, database_url):
    other = await connect_raw(database_url, Role.WORKER)
    assert await looks().run_due(other, SIX_HOURS) == 0
    assert await looks(project_ids=[site.library]).run_due(session, SIX_HOURS) == 0
    await other.close()


async def test_hooks_that_may_not_be_read_say_so(looks, site, session, states):
    await site.control.order_fault(403)
    assert await looks(project_ids=[site.library]).run_due(session, SIX_HOURS) == 1
    assert (await states())[site.library].failure


async def test_while_procore_is_away_nothing_is_said(looks, site, session, states):
    await site.control.order_fault(503)
    with pytest.raises(ProcoreError):
        await looks(project_ids=[site.library]).run_due(session, SIX_HOURS)
    assert await states() == {}


def test_of_several_hooks_the_worst_is_told():
    def a_hook(number, status):
        return Hook(number, "1", "2", "invoice-export", "v2.0", "https://here.example", status=status)

    assert state_of([]).status == "missing"
    told = state_of([(a_hook("1", "active"), health([])), (a_hook("2", "disabled"), health([]))])
    assert (told.hook_ids, told.status, told.last_success, told.oldest) == (("1", "2"), "disabled", None, None)
