"""Signing in and out as a browser does, at the whole dashboard on a port of its own."""

import re

import pytest
from sqlalchemy import text

from services.ledger_dashboard.people.sessions import COOKIE
from services.ledger_dashboard.people.throttle import FAILURES_OF_LOGIN
from tests.support.people import PASSWORD, an_account, audited, served, visitor


@pytest.fixture
async def address(database_url):
    async with served(database_url) as address:
        yield address


@pytest.fixture
async def olga(owner_engine):
    return await an_account(owner_engine)


def form(login="olga", password=PASSWORD, **fields):
    return {"login": login, "password": password} | fields


def csrf_in(page):
    return re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)[1]


async def test_nothing_but_the_way_to_a_first_account_is_shown(address, owner_engine):
    async with visitor(address) as client:
        for path in ("/", "/exports", "/sign-in", "/exports/1"):
            page = await client.get(path)
            assert page.status_code == 503
            assert "invoice-export accounts add" in page.text
            assert 'type="password"' not in page.text
        assert (await client.get("/api/v1/exports")).json()["detail"].startswith("Nobody can sign in yet")
        await an_account(owner_engine)
        assert (await client.get("/sign-in")).status_code == 200


async def test_somebody_signs_in_works_and_signs_out(address, olga):
    async with visitor(address) as client:
        sent = await client.get("/exports?status=held")
        assert sent.status_code == 303
        page = await client.get(sent.headers["location"])
        assert 'name="next" value="/exports?status=held"' in page.text
        came = await client.post("/sign-in", data=form(next="/exports?status=held"))
        assert (came.status_code, came.headers["location"]) == (303, "/exports?status=held")
        shown = await client.get("/exports?status=held")
        assert shown.status_code == 200
        assert "Olga Operator" in shown.text
        left = await client.post("/sign-out", data={"csrf": csrf_in(shown)})
        assert (left.status_code, left.headers["location"]) == (303, "/sign-in?notice=signed_out")
        assert COOKIE not in client.cookies
        assert "You are signed out." in (await client.get(left.headers["location"])).text
        assert (await client.get("/exports")).status_code == 303


async def test_the_cookie_is_for_this_site_and_no_script(address, olga):
    async with visitor(address) as client:
        came = await client.post("/sign-in", data=form())
    cookie = came.headers["set-cookie"].lower()
    assert {"httponly", "path=/", "samesite=lax"} <= set(cookie.split("; "))
    assert "secure" not in cookie
    assert "max-age" not in cookie


async def test_the_cookie_travels_by_https_where_people_do(database_url, olga):
    async with served(database_url, dashboard_url="https://exports.example") as address, visitor(address) as client:
        came = await client.post("/sign-in", data=form(), headers={"origin": "https://exports.example"})
    assert "secure" in came.headers["set-cookie"].lower().split("; ")


async def test_a_wrong_password_is_told_without_saying_which(address, olga):
    async with visitor(address) as client:
        wrong = await client.post("/sign-in", data=form(password="a wrong password", next="/exports"))
        unknown = await client.post("/sign-in", data=form(login="nobody", next="/exports"))
    assert wrong.status_code == unknown.status_code == 403
    assert "set-cookie" not in wrong.headers
    assert wrong.text.replace('value="olga"', "") == unknown.text.replace('value="nobody"', "")
    assert 'name="next" value="/exports"' in wrong.text
    assert "a wrong password" not in wrong.text


async def test_too_many_failures_are_told_when_to_come_again(address, olga):
    async with visitor(address) as client:
        for _ in range(FAILURES_OF_LOGIN):
            await client.post("/sign-in", data=form(password="a wrong password"))
        refused = await client.post("/sign-in", data=form())
    assert refused.status_code == 429
    assert 800 < int(refused.headers["retry-after"]) <= 900
    assert "Try again in 15 min." in refused.text


@pytest.mark.parametrize(
    "next_path", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/sign-in"]
)
async def test_no_way_leads_off_the_site(address, olga, next_path):
    async with visitor(address) as client:
        page = await client.get("/sign-in", params={"next": next_path})
        assert 'name="next" value="/"' in page.text
        came = await client.post("/sign-in", data=form(next=next_path))
    assert came.headers["location"] == "/"


async def test_what_was_typed_is_never_markup(address, olga):
    attack = '"><script>alert(1)</script>'
    async with visitor(address) as client:
        page = await client.get("/sign-in", params={"next": f"/{attack}", "notice": attack})
        wrong = await client.post("/sign-in", data=form(login=attack, next=attack))
    assert "<script>alert" not in page.text + wrong.text


@pytest.mark.parametrize("login", ["\x00", "olga\x00", "' OR 1=1 --", "é" * 300, ""])
async def test_odd_input_is_refused_like_any_other(address, olga, login):
    async with visitor(address) as client:
        assert (await client.post("/sign-in", data=form(login=login))).status_code == 403
        assert (await client.post("/sign-in", data={})).status_code in {403, 429}


async def test_another_sites_page_cannot_sign_anybody_in(address, olga):
    async with visitor(address, **{"origin": "https://evil.example", "sec-fetch-site": "cross-site"}) as client:
        refused = await client.post("/sign-in", data=form())
    assert refused.status_code == 403
    assert "nothing was done" in refused.text
    assert "set-cookie" not in refused.headers


async def test_a_form_after_the_session_comes_back_with_a_notice(address, olga, owner_engine):
    async with visitor(address) as client:
        await client.post("/sign-in", data=form())
        page = await client.get("/exports?status=failed")
        async with owner_engine.begin() as connection:
            await connection.execute(text("UPDATE sessions SET seen_at = now() - interval '61 minutes'"))
        sent = await client.post(
            "/replays", data={"csrf": csrf_in(page)}, headers={"referer": f"{address}/exports?status=failed"}
        )
        assert sent.status_code == 303
        back = await client.get(sent.headers["location"])
    assert "nothing was done" in back.text
    assert 'name="next" value="/exports?status=failed"' in back.text


async def test_each_log_in_is_a_session_of_its_own(address, olga, owner_engine):
    async with visitor(address) as one, visitor(address) as other:
        await one.post("/sign-in", data=form())
        await other.post("/sign-in", data=form())
        assert one.cookies[COOKIE] != other.cookies[COOKIE]
        await one.post("/sign-out", data={"csrf": csrf_in(await one.get("/"))})
        assert (await other.get("/")).status_code == 200
    assert [row.did for row in await audited(owner_engine) if row.did.startswith("signed")] == [
        "signed in",
        "signed in",
        "signed out",
    ]


async def test_without_a_provider_there_is_no_way_to_one(address, olga):
    async with visitor(address) as client:
        assert "/sign-in/provider" not in (await client.get("/sign-in")).text
        assert (await client.get("/sign-in/provider")).status_code == 404
        assert (await client.get("/sign-in/answer?code=x&state=y")).status_code == 404
