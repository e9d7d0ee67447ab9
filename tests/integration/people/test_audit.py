"""The audit trail: what is recorded, and that nobody changes it."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Role
from services.ledger_dashboard.people.signing_in import SignedIn, Wrong, sign_in, sign_out
from tests.support.people import PASSWORD, an_account, audited

OLGA = Person("account:1", "Olga", frozenset({Role.OPERATOR}), None, None, address="192.0.2.7")
CHANGES = ["UPDATE audit_records SET did = 'nothing'", "DELETE FROM audit_records", "TRUNCATE audit_records"]


async def recorded(engine):
    async with engine.begin() as connection:
        await record(connection, OLGA, "asked", "export 12", "4907", action="replay", why="period is open again")


async def test_a_record_tells_who_did_what(dashboard_engine, owner_engine):
    await recorded(dashboard_engine)
    (row,) = await audited(owner_engine)
    assert (row.who, row.shown_name, row.address) == ("account:1", "Olga", "192.0.2.7")
    assert (row.did, row.what, row.company_id) == ("asked", "export 12", "4907")
    assert row.detail == {"action": "replay", "why": "period is open again"}
    assert row.at


@pytest.mark.parametrize("change", CHANGES)
async def test_the_dashboard_cannot_change_a_record(dashboard_engine, owner_engine, change):
    await recorded(dashboard_engine)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with dashboard_engine.begin() as connection:
            await connection.execute(text(change))
    assert len(await audited(owner_engine)) == 1


@pytest.mark.parametrize("change", CHANGES)
async def test_not_even_the_superuser_changes_a_record(dashboard_engine, owner_engine, change):
    await recorded(dashboard_engine)
    async with owner_engine.connect() as connection:
        assert await connection.scalar(text("SELECT current_setting('is_superuser')")) == "on"
    with pytest.raises(DBAPIError, match="append-only"):
        async with owner_engine.begin() as connection:
            await connection.execute(text(change))
    (row,) = await audited(owner_engine)
    assert row.did == "asked"


@pytest.mark.parametrize("table", ["accounts", "api_tokens"])
async def test_the_dashboard_cannot_make_people(dashboard_engine, table):
    for change in (
        f"INSERT INTO {table} DEFAULT VALUES",
        f"UPDATE {table} SET roles = '{{admin}}'",
        f"DELETE FROM {table}",
    ):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with dashboard_engine.begin() as connection:
                await connection.execute(text(change))


async def test_what_was_rolled_back_is_not_recorded(dashboard_engine, owner_engine):
    async with dashboard_engine.connect() as connection:
        await record(connection, OLGA, "asked", "export 12")
        await connection.rollback()
    assert await audited(owner_engine) == []


async def test_signing_in_and_out_is_recorded(reception, owner_engine):
    account = await an_account(owner_engine)
    outcome = await sign_in(reception, " Olga ", PASSWORD, "192.0.2.7")
    assert isinstance(outcome, SignedIn)
    person = await reception.person_with_cookie(outcome.cookie, "192.0.2.8")
    await sign_out(reception, person, outcome.cookie)
    came, left = await audited(owner_engine)
    assert (came.did, came.who, came.address) == ("signed in", account.who, "192.0.2.7")
    assert (left.did, left.who, left.address) == ("signed out", account.who, "192.0.2.8")
    assert await reception.person_with_cookie(outcome.cookie, "192.0.2.8") is None


@pytest.mark.parametrize(
    ("login", "told"), [("olga", "olga"), ("Nobody", "nobody"), ("my password, typed here", "?"), ("", "?")]
)
async def test_a_failure_tells_the_login_and_never_the_password(reception, owner_engine, login, told):
    await an_account(owner_engine)
    assert await sign_in(reception, login, "a wrong password", "192.0.2.7") == Wrong()
    (row,) = await audited(owner_engine)
    assert (row.did, row.who, row.detail) == ("failed to sign in", "nobody", {"login": told})
    assert "password" not in str(tuple(row))


async def test_a_disabled_account_fails_like_any_other(reception, owner_engine):
    await an_account(owner_engine)
    async with owner_engine.begin() as connection:
        await connection.execute(text("UPDATE accounts SET disabled_at = now()"))
    assert await sign_in(reception, "olga", PASSWORD, "192.0.2.7") == Wrong()
