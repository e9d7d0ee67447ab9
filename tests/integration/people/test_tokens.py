"""API tokens: what opens, what does not, and what is kept of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from services.ledger_dashboard.people.roles import Role
from services.ledger_dashboard.people.tables import api_tokens
from services.ledger_dashboard.people.tokens import add_token, all_tokens, revoke_token
from shared.terminology import Dictionary
from tests.support.people import ADA, OLGA, SITE, a_token, an_account, browser


async def found(reception, token):
    return await reception.person_with_token(token, "192.0.2.7")


async def test_a_token_tells_what_it_may(reception, owner_engine):
    token = await a_token(owner_engine, ADA, shown_name="nightly", companies=frozenset({"4907"}))
    person = await found(reception, token)
    assert (person.who, person.shown_name, person.roles) == ("token:1", "nightly", {Role.ACCOUNTING_APPROVER})
    assert (person.companies, person.procore_user_id, person.csrf) == ({"4907"}, "160586", "")
    assert person.dictionary is Dictionary.GENERAL_CONTRACTORS


async def test_only_a_hash_is_kept(owner_engine):
    token = await a_token(owner_engine)
    assert token.startswith("ie_")
    assert len(token) >= 46
    async with owner_engine.connect() as connection:
        row = (await connection.execute(select(api_tokens))).one()
        told = await all_tokens(connection)
    assert token not in str(tuple(row))
    assert row.key_hash not in str(told).encode()
    assert len(row.key_hash) == 32


async def test_a_revoked_token_opens_nothing(reception, owner_engine):
    token, other = await a_token(owner_engine), await a_token(owner_engine)
    async with owner_engine.begin() as connection:
        assert await revoke_token(connection, 1)
        assert not await revoke_token(connection, 1)
        assert not await revoke_token(connection, 99)
    assert await found(reception, token) is None
    assert await found(reception, other)


@pytest.mark.parametrize(("lasts", "opens"), [(timedelta(minutes=5), True), (timedelta(seconds=-1), False)])
async def test_a_token_ends_when_it_was_said_to(reception, owner_engine, lasts, opens):
    async with owner_engine.begin() as connection:
        _, token = await add_token(connection, OLGA, "cli:test", datetime.now(UTC) + lasts)
    assert (await found(reception, token) is not None) is opens


@pytest.mark.parametrize("token", ["", "ie_", "ie_x", "x" * 46, "ie_" + "é" * 40, "ie_" + "x" * 200, "\x00"])
async def test_what_is_no_token_of_ours_opens_nothing(reception, token):
    assert await found(reception, token) is None


async def test_a_token_needs_no_mark_and_no_origin(app, owner_engine):
    token = await a_token(owner_engine)
    async with browser(app, authorization=f"bearer  {token}", origin="https://elsewhere.example") as client:
        assert (await client.post("/api/v1/exports")).json() == {"who": "token:1", "csrf": ""}
        assert (await client.get("/exports")).status_code == 200


async def test_a_wrong_token_is_refused_beside_a_good_cookie(app, reception, owner_engine):
    await an_account(owner_engine)
    async with reception.engine.begin() as connection:
        cookie = await reception.sessions.begin(connection, replace(OLGA, who="oidc:o-2"))
    async with browser(app, cookie, authorization="Bearer ie_wrong") as client:
        refused = await client.get("/api/v1/exports")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert "revoked" in refused.json()["detail"]


async def test_another_kind_of_authorization_counts_for_nothing(app, owner_engine):
    token = await a_token(owner_engine)
    await an_account(owner_engine)
    async with browser(app, authorization=f"Basic {token}", origin=SITE) as client:
        assert (await client.get("/api/v1/exports")).status_code == 401


async def test_tokens_work_before_there_is_any_account(app, owner_engine):
    token = await a_token(owner_engine)
    async with browser(app, authorization=f"Bearer {token}") as client:
        assert (await client.get("/api/v1/exports")).status_code == 200
