"""Who gets through the guard, over a real database with the dashboard's own rights."""

import httpx
import pytest

from services.ledger_dashboard.people.reception import Reception
from services.ledger_dashboard.people.roles import MAY, Deed, Role
from services.ledger_dashboard.people.sessions import COOKIE
from tests.support.people import (
    SITE,
    a_session,
    a_token,
    an_account,
    browser,
    dashboard_settings,
    guarded_app,
)

MATRIX = [(role, deed) for role in Role for deed in Deed]
EVIL = "https://evil.example"


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


async def test_a_refusal_names_the_roles_and_whom_to_ask(app, owner_engine):
    token = await a_token(owner_engine, roles=frozenset({Role.VIEWER}))
    async with browser(app, authorization=f"Bearer {token}") as client:
        refused = await client.post("/deeds/replay")
    assert "role operator or accounting approver or admin" in refused.json()["detail"]


async def test_nobody_releases_without_a_procore_user(app, owner_engine):
    token = await a_token(owner_engine, roles=frozenset({Role.ACCOUNTING_APPROVER}), procore_user_id=None)
    async with browser(app, authorization=f"Bearer {token}") as client:
        refused = await client.post("/deeds/release")
    assert refused.status_code == 403
    assert "Procore user id" in refused.json()["detail"]


async def test_a_page_sends_strangers_to_sign_in(app, owner_engine):
    await an_account(owner_engine)
    async with browser(app) as client:
        sent = await client.get("/exports?status=held&sort=-amount")
    assert sent.status_code == 303
    assert sent.headers["location"] == "/sign-in?next=%2Fexports%3Fstatus%3Dheld%26sort%3D-amount"


@pytest.mark.parametrize("path", ["/api/v1/exports", "/events"])
async def test_a_script_is_told_401(app, owner_engine, path):
    await an_account(owner_engine)
    async with browser(app) as client:
        refused = await client.get(path)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


async def test_what_a_page_fetches_is_told_401(app, owner_engine):
    await an_account(owner_engine)
    async with browser(app, **{"sec-fetch-mode": "cors"}) as client:
        assert (await client.get("/exports")).status_code == 401
    async with browser(app, **{"sec-fetch-mode": "navigate"}) as client:
        assert (await client.get("/exports")).status_code == 303


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        (f"{SITE}/exports?status=held", "%2Fexports%3Fstatus%3Dheld"),
        (f"{EVIL}/exports", "%2F"),
        (f"{SITE}//evil.example", "%2F"),
        ("", "%2F"),
    ],
)
async def test_a_form_after_the_session_says_nothing_was_done(app, owner_engine, referer, back):
    await an_account(owner_engine)
    async with browser(app, "an-old-cookie", referer=referer) as client:
        sent = await client.post("/exports", data={"csrf": "x"})
    assert sent.status_code == 303
    assert sent.headers["location"] == f"/sign-in?next={back}&notice=nothing_done"


@pytest.mark.parametrize("path", ["/", "/exports", "/events", "/api/v1/exports", "/deeds/see"])
async def test_nothing_is_shown_while_nobody_can_sign_in(app, path):
    async with browser(app) as client:
        closed = await client.get(path)
        assert closed.status_code == 503
        assert "invoice-export accounts add" in closed.json()["detail"]
        assert (await client.post("/exports")).status_code == 503


async def test_a_disabled_account_opens_nothing(app, owner_engine):
    account = await an_account(owner_engine)
    async with owner_engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE accounts SET disabled_at = now()")
    assert account.who
    async with browser(app) as client:
        assert (await client.get("/")).status_code == 503


@pytest.mark.parametrize("csrf", ["", "x", "é", "0" * 64])
async def test_a_form_without_its_sessions_mark_is_refused(app, reception, owner_engine, csrf):
    await an_account(owner_engine)
    async with browser(app, await a_session(reception)) as client:
        for sent in (
            await client.post("/exports", data={"csrf": csrf}),
            await client.post("/exports", headers={"x-csrf-token": csrf.encode().hex()}),
            await client.post("/exports", files={"csrf": ("csrf", csrf.encode())}),
            await client.post("/exports", json={"csrf": csrf}),
            await client.post("/exports"),
        ):
            assert sent.status_code == 403
            assert "nothing was done" in sent.json()["detail"]


async def test_another_sessions_mark_is_refused(app, reception, owner_engine):
    await an_account(owner_engine)
    other, ours = await a_session(reception), await a_session(reception)
    async with browser(app, other) as client:
        csrf = (await client.get("/")).json()["csrf"]
    async with browser(app, ours) as client:
        assert (await client.post("/exports", data={"csrf": csrf})).status_code == 403


async def test_a_mark_counts_in_a_form_and_in_a_header(app, reception, owner_engine):
    await an_account(owner_engine)
    async with browser(app, await a_session(reception)) as client:
        csrf = (await client.get("/")).json()["csrf"]
        assert (await client.post("/exports", data={"csrf": csrf})).status_code == 200
        assert (await client.post("/exports", data={"csrf": csrf}, files={"f": b"x"})).status_code == 200
        assert (await client.post("/exports", headers={"x-csrf-token": csrf})).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": SITE, "sec-fetch-site": "same-origin"}, 200),
        ({"origin": SITE}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"origin": SITE.upper()}, 200),
        ({"origin": f"{SITE}:80"}, 403),
        ({"origin": f"{SITE}.evil.example"}, 403),
        ({"origin": EVIL, "sec-fetch-site": "same-origin"}, 403),
        ({"origin": SITE, "sec-fetch-site": "cross-site"}, 403),
        ({"origin": SITE, "sec-fetch-site": "same-site"}, 403),
        ({"origin": SITE, "sec-fetch-site": "none"}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
    ],
)
async def test_only_pages_of_this_site_send_forms(app, reception, owner_engine, headers, status):
    await an_account(owner_engine)
    cookie = await a_session(reception)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=SITE, cookies={COOKIE: cookie}, verify=False
    ) as client:
        csrf = (await client.get("/")).json()["csrf"]
        assert (await client.post("/exports", data={"csrf": csrf}, headers=headers)).status_code == status


async def test_the_public_address_alone_counts_where_it_is_told(dashboard_engine, owner_engine):
    reception = Reception(dashboard_engine, dashboard_settings(dashboard_url="https://Exports.example:443/"))
    await an_account(owner_engine)
    async with browser(guarded_app(reception), await a_session(reception)) as client:
        csrf = (await client.get("/")).json()["csrf"]
        inside = await client.post("/exports", data={"csrf": csrf})
        public = await client.post("/exports", data={"csrf": csrf}, headers={"origin": "https://exports.example"})
    assert (inside.status_code, public.status_code) == (403, 200)


async def test_another_companys_thing_does_not_exist(app, owner_engine):
    some = await a_token(owner_engine, companies=frozenset({"4907"}))
    every = await a_token(owner_engine, companies=None)
    async with browser(app, authorization=f"Bearer {some}") as client:
        seen = [(await client.get(f"/companies/{company}/thing")).status_code for company in ("4907", "4908", "490")]
        absent = await client.get("/companies/4908/thing")
    async with browser(app, authorization=f"Bearer {every}") as client:
        assert (await client.get("/companies/4908/thing")).json() == "4908"
    assert seen == [200, 404, 404]
    assert "4908" not in absent.text
