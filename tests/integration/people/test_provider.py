"""Log-in by an identity provider: the whole dance, over real HTTP, with a stand-in that can lie."""

import asyncio
import html
import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from deploy.sandbox.identity.server import CLIENT_ID, CLIENT_SECRET, IdentityServer
from deploy.sandbox.local.processes import free_port
from services.ledger_dashboard.people.provider import COOKIE as LOG_IN_COOKIE
from services.ledger_dashboard.people.sessions import COOKIE
from tests.support.people import PASSWORD, an_account, audited, served, visitor

ROLES = "ops=operator, finance=accounting_approver|viewer"


@pytest.fixture
async def identity():
    server = IdentityServer()
    serving = asyncio.create_task(server.serve())
    yield server
    server.should_exit = True
    await serving


def provided(database_url, issuer, **changes):
    settings = {
        "oidc_issuer": issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_roles": ROLES,
    }
    return served(database_url, **settings | changes)


@pytest.fixture
async def address(database_url, identity):
    async with provided(database_url, identity.url) as address:
        comes_back_to(identity, address)
        yield address


def comes_back_to(identity, address):
    client = identity.tenant.clients[CLIENT_ID]
    identity.tenant.clients[CLIENT_ID] = type(client)(CLIENT_ID, CLIENT_SECRET, (f"{address}/sign-in/answer",))


async def sent_to_provider(client, next_path="/"):
    sent = await client.get("/sign-in/provider", params={"next": next_path})
    assert sent.status_code == 302, sent.text
    return sent.headers["location"]


async def chosen(way, person):
    """At the provider: who presses which button; the address back."""
    async with httpx.AsyncClient(timeout=30, verify=False) as there:
        page = await there.get(way)
        assert page.status_code == 200, page.text
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        fields = {name: html.unescape(value) for name, value in fields.items()}
        back = await there.post(
            f"{urlsplit(way).scheme}://{urlsplit(way).netloc}/authorize", data=fields | {"person": person}
        )
    return back.headers["location"]


async def logged_in(client, person="olga", next_path="/"):
    back = await chosen(await sent_to_provider(client, next_path), person)
    return await client.get(back, headers={"sec-fetch-site": "cross-site"})


async def test_groups_become_a_session_with_roles(address, owner_engine):
    async with visitor(address) as client:
        assert 'href="/sign-in/provider?next=/exports"' in (await client.get("/sign-in?next=/exports")).text
        came = await logged_in(client, "ada", "/exports?status=held")
        assert (came.status_code, came.headers["location"]) == (303, "/exports?status=held")
        assert LOG_IN_COOKIE not in client.cookies
        page = await client.get("/exports")
        assert (page.status_code, "Ada" in page.text) == (200, True)
    came, *_ = [row for row in await audited(owner_engine) if row.did == "signed in"]
    assert (came.who, came.shown_name, came.detail) == ("oidc:a-1", "Ada", {"by": "identity provider"})


async def test_the_way_out_is_guarded(address):
    async with visitor(address) as client:
        way = await sent_to_provider(client, "/exports")
        cookie = client.cookies[LOG_IN_COOKIE]
    asked = {name: values[0] for name, values in parse_qs(urlsplit(way).query).items()}
    assert (asked["response_type"], asked["client_id"], asked["scope"]) == ("code", CLIENT_ID, "openid profile email")
    assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
    assert asked["redirect_uri"] == f"{address}/sign-in/answer"
    assert len(asked["state"]) >= 20
    assert len(asked["nonce"]) >= 20
    assert cookie


async def test_nobody_without_a_group_gets_in(address, owner_engine):
    async with visitor(address) as client:
        refused = await logged_in(client, "nick")
        assert refused.status_code == 403
        assert "None of your groups" in refused.text
        assert COOKIE not in client.cookies
    (row,) = await audited(owner_engine)
    assert (row.did, row.shown_name) == ("failed to sign in", "oidc:n-3")


async def test_who_cancels_is_back_at_the_form(address):
    async with visitor(address) as client:
        refused = await logged_in(client, "")
    assert refused.status_code == 403
    assert "did not let you in" in refused.text
    assert 'type="password"' in refused.text


async def test_an_answer_counts_in_its_own_browser_alone(address):
    async with visitor(address) as client, visitor(address) as victim:
        back = await chosen(await sent_to_provider(client), "olga")
        without = await victim.get(back)
        await sent_to_provider(victim)
        with_another = await victim.get(back)
        assert (without.status_code, with_another.status_code) == (403, 403)
        assert "begin again" in without.text
        assert "begin again" in with_another.text
        assert COOKIE not in victim.cookies


async def test_an_answer_counts_once(address):
    async with visitor(address) as client:
        back = await chosen(await sent_to_provider(client), "olga")
        kept = client.cookies[LOG_IN_COOKIE]
        assert (await client.get(back)).status_code == 303
        client.cookies.set(LOG_IN_COOKIE, kept, path="/sign-in")
        again = await client.get(back)
    assert again.status_code == 403


async def test_a_changed_cookie_or_state_is_refused(address):
    async with visitor(address) as client:
        back = await chosen(await sent_to_provider(client), "olga")
        changed = await client.get(back.replace("state=", "state=x"))
        assert changed.status_code == 403
    async with visitor(address) as client:
        back = await chosen(await sent_to_provider(client), "olga")
        client.cookies.set(LOG_IN_COOKIE, client.cookies[LOG_IN_COOKIE][:-2] + "xx", path="/sign-in")
        assert (await client.get(back)).status_code == 403


@pytest.mark.parametrize(
    "lie",
    [
        {"aud": "another-client"},
        {"aud": "another-client", "azp": CLIENT_ID},
        {"iss": "https://evil.example"},
        {"nonce": "another"},
        {"exp": 1_000_000_000},
        {"iat": 4_000_000_000},
        {"sub": ""},
        {"sub": 7},
        {"groups": "nothing"},
    ],
    ids=str,
)
async def test_a_token_that_lies_lets_nobody_in(address, identity, lie):
    identity.tenant.twisted = lie
    async with visitor(address) as client:
        refused = await logged_in(client, "olga")
        assert refused.status_code == 403
        assert COOKIE not in client.cookies


async def test_a_token_of_another_key_lets_nobody_in(address, identity):
    async with visitor(address) as client:
        assert (await logged_in(client)).status_code == 303
    published = identity.tenant.public_keys()
    identity.tenant.rotate()
    identity.tenant.public_keys = lambda: published
    async with visitor(address) as client:
        assert (await logged_in(client)).status_code in {403, 503}
        assert COOKIE not in client.cookies


async def test_a_new_key_of_the_providers_is_fetched(address, identity):
    async with visitor(address) as client:
        assert (await logged_in(client)).status_code == 303
    identity.tenant.rotate()
    async with visitor(address) as client:
        assert (await logged_in(client)).status_code == 303


async def test_groups_may_be_told_only_when_asked(address, identity):
    identity.tenant.tells_groups_only_when_asked = True
    async with visitor(address) as client:
        assert (await logged_in(client)).status_code == 303


async def test_companies_bound_what_a_group_sees(database_url, identity, owner_engine):
    async with provided(database_url, identity.url, oidc_companies="ops=4001|4002") as address:
        comes_back_to(identity, address)
        async with visitor(address) as client:
            assert (await logged_in(client, "olga")).status_code == 303
    async with owner_engine.connect() as connection:
        row = (await connection.exec_driver_sql("SELECT roles, companies, procore_user_id FROM sessions")).one()
    assert tuple(row) == (["operator"], ["4001", "4002"], None)


async def test_a_provider_that_is_away_leaves_the_local_way(database_url, owner_engine):
    await an_account(owner_engine)
    async with provided(database_url, f"http://127.0.0.1:{free_port()}") as address, visitor(address) as client:
        away = await client.get("/sign-in/provider")
        assert away.status_code == 503
        assert "does not answer" in away.text
        assert (await client.post("/sign-in", data={"login": "olga", "password": PASSWORD})).status_code == 303


async def test_a_provider_may_come_later_and_go_in_between(database_url, identity):
    async with provided(database_url, identity.url) as address, visitor(address) as client:
        comes_back_to(identity, address)
        back = await chosen(await sent_to_provider(client), "olga")
        tokens = identity.tenant.redeem
        identity.tenant.redeem = lambda *_: 1 / 0
        assert (await client.get(back)).status_code in {403, 503}
        identity.tenant.redeem = tokens
        assert (await logged_in(client)).status_code == 303


async def test_a_provider_that_calls_itself_otherwise_is_refused(address, identity):
    identity.tenant.false_name = "https://evil.example"
    async with visitor(address) as client:
        refused = await logged_in(client)
        assert refused.status_code == 403
        assert "OIDC_ISSUER" in refused.text
        assert COOKIE not in client.cookies


async def test_a_provider_opens_the_door_without_any_account(address):
    async with visitor(address) as client:
        page = await client.get("/sign-in")
    assert page.status_code == 200
    assert "Sign in with 127.0.0.1" in page.text
