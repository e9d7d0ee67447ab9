"""Who gets through the guard, over a real database with the dashboard's own rights."""

import pytest

from services.ledger_dashboard.people.reception import Reception
from services.ledger_dashboard.people.roles import MAY, Deed, Role
from tests.support.people import a_session, a_token, an_account, browser, dashboard_settings, guarded_app

MATRIX = [(role, deed) for role in Role for deed in Deed]


@pytest.fixture
def reception(dashboard_engine):
    return Reception(dashboard_engine, dashboard_settings())


@pytest.fixture
def app(reception):
    return guarded_app(reception)


async def test_each_role_does_its_deeds_and_no_other(app, reception, owner_engine):
    told = {}
    for role in Role:
        await an_account(owner_engine, role.value, roles=frozenset({role}), procore_user_id="160586")
        async with browser(app, await a_session(reception, role.value)) as client:
            csrf = (await client.get("/")).json()["csrf"]
            for deed in Deed:
                seen = await client.get(f"/deeds/{deed}")
                done = await client.post(f"/deeds/{deed}", data={"csrf": csrf})
                assert seen.status_code == done.status_code
                told[role, deed] = done.status_code
    assert told == {(role, deed): 200 if deed in MAY[role] else 403 for role, deed in MATRIX}


async def test_nobody_releases_without_a_procore_user(app, owner_engine):
    token = await a_token(owner_engine, roles=frozenset({Role.ACCOUNTING_APPROVER}), procore_user_id=None)
    async with browser(app, authorization=f"Bearer {token}") as client:
        refused = await client.post("/deeds/release")
    assert refused.status_code == 403
    assert "Procore user id" in refused.json()["detail"]
