"""Sessions: how long they last, what they keep, and what ends them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, literal, select, update

from services.ledger_dashboard.people.accounts import change_account, set_password
from services.ledger_dashboard.people.person import Holder
from services.ledger_dashboard.people.reception import Reception
from services.ledger_dashboard.people.roles import Role
from services.ledger_dashboard.people.sessions import choose_dictionary
from services.ledger_dashboard.people.tables import sessions
from shared.terminology import Dictionary
from tests.support.people import ADA, OLGA, PASSWORD_HASH, a_session, an_account, dashboard_settings

NICK = Holder("oidc:n-3", "Nick", frozenset({Role.VIEWER}), frozenset({"4907"}), None)


async def found(reception, cookie):
    return await reception.person_with_cookie(cookie, "192.0.2.7")


async def aged(owner_engine, *, seen=timedelta(0), begun=timedelta(0)):
    """Every session was last seen and begun so much earlier."""
    async with owner_engine.begin() as connection:
        moved = {
            "seen_at": sessions.c.seen_at - literal(seen),
            "created_at": sessions.c.created_at - literal(begun),
            "expires_at": sessions.c.expires_at - literal(begun),
        }
        await connection.execute(update(sessions).values(moved))


async def test_a_session_tells_who_it_is(reception, owner_engine):
    account = await an_account(owner_engine, holder=ADA, companies=frozenset({"4907"}))
    person = await found(reception, await a_session(reception))
    assert (person.who, person.shown_name, person.roles) == (account.who, "Ada Approver", ADA.roles)
    assert (person.companies, person.procore_user_id, person.address) == ({"4907"}, "160586", "192.0.2.7")
    assert person.dictionary is Dictionary.GENERAL_CONTRACTORS


async def test_two_sessions_have_nothing_in_common(reception, owner_engine):
    await an_account(owner_engine)
    first, second = await a_session(reception), await a_session(reception)
    assert first != second
    assert len(first) >= 43
    assert (await found(reception, first)).csrf != (await found(reception, second)).csrf


async def test_the_database_cannot_give_a_cookie_away(reception, owner_engine):
    await an_account(owner_engine)
    cookie = await a_session(reception)
    async with owner_engine.connect() as connection:
        row = (await connection.execute(select(sessions))).one()
    assert cookie not in str(tuple(row))
    for stolen in (row.key_hash.hex(), row.key_hash.decode("latin-1")):
        assert await found(reception, stolen) is None


async def test_another_key_knows_no_session_of_ours(reception, dashboard_engine, owner_engine):
    await an_account(owner_engine)
    other = Reception(dashboard_engine, dashboard_settings(session_key="another-session-key"))
    assert await found(other, await a_session(reception)) is None


@pytest.mark.parametrize("cookie", ["", "x", "é", "x" * 65, "'; DROP TABLE sessions", "\x00"])
async def test_what_is_no_cookie_of_ours_opens_nothing(reception, cookie):
    assert await found(reception, cookie) is None


@pytest.mark.parametrize(
    ("seen", "begun", "lasts"),
    [
        (timedelta(minutes=59), timedelta(0), True),
        (timedelta(minutes=61), timedelta(0), False),
        (timedelta(0), timedelta(hours=11, minutes=59), True),
        (timedelta(0), timedelta(hours=12, minutes=1), False),
    ],
)
async def test_a_session_ends_idle_and_in_any_case(reception, owner_engine, seen, begun, lasts):
    await an_account(owner_engine)
    cookie = await a_session(reception)
    await aged(owner_engine, seen=seen, begun=begun)
    assert (await found(reception, cookie) is not None) is lasts


async def test_settings_say_how_long_a_session_lasts(dashboard_engine, owner_engine):
    await an_account(owner_engine)
    short = Reception(dashboard_engine, dashboard_settings(session_idle_minutes=5, session_hours=1))
    cookie = await a_session(short)
    await aged(owner_engine, seen=timedelta(minutes=4), begun=timedelta(minutes=59))
    assert await found(short, cookie)
    await aged(owner_engine, seen=timedelta(minutes=6))
    assert await found(short, cookie) is None


async def test_requests_keep_a_session_alive_sparingly(reception, owner_engine):
    await an_account(owner_engine)
    cookie = await a_session(reception)

    async def seen_at():
        async with owner_engine.connect() as connection:
            return await connection.scalar(select(sessions.c.seen_at))

    begun = await seen_at()
    await found(reception, cookie)
    assert await seen_at() == begun
    await aged(owner_engine, seen=timedelta(minutes=2))
    await found(reception, cookie)
    assert await seen_at() > begun


async def test_an_accounts_roles_count_as_they_stand_now(reception, owner_engine):
    account = await an_account(owner_engine)
    cookie = await a_session(reception)
    changed = replace(account.holder, roles=frozenset({Role.VIEWER}), companies=frozenset({"1"}), shown_name="O.")
    async with owner_engine.begin() as connection:
        await change_account(connection, "olga", changed, is_enabled=True)
    person = await found(reception, cookie)
    assert (person.roles, person.companies, person.shown_name) == ({Role.VIEWER}, {"1"}, "O.")


async def test_a_disabled_account_ends_its_sessions_at_once(reception, owner_engine):
    account = await an_account(owner_engine)
    cookie = await a_session(reception)
    async with owner_engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE accounts SET disabled_at = now()")
    assert await found(reception, cookie) is None
    async with owner_engine.begin() as connection:
        await change_account(connection, "olga", account.holder, is_enabled=False)
        await change_account(connection, "olga", account.holder, is_enabled=True)
    assert await found(reception, cookie) is None


async def test_a_new_password_ends_what_the_old_one_began(reception, owner_engine):
    account = await an_account(owner_engine)
    await an_account(owner_engine, "ada", ADA)
    cookie, others = await a_session(reception), await a_session(reception, "ada")
    async with owner_engine.begin() as connection:
        await set_password(connection, account, PASSWORD_HASH)
    assert await found(reception, cookie) is None
    assert await found(reception, others)


async def test_a_providers_roles_count_as_of_the_log_in(reception):
    async with reception.engine.begin() as connection:
        cookie = await reception.sessions.begin(connection, NICK)
    person = await found(reception, cookie)
    assert (person.who, person.roles, person.companies) == ("oidc:n-3", {Role.VIEWER}, {"4907"})


async def test_a_subject_like_an_accounts_is_no_account(reception, owner_engine):
    account = await an_account(owner_engine)
    async with reception.engine.begin() as connection:
        cookie = await reception.sessions.begin(connection, replace(NICK, who=f"oidc:{account.who}"))
    assert (await found(reception, cookie)).roles == {Role.VIEWER}


async def test_a_session_that_was_ended_stays_ended(reception, owner_engine):
    await an_account(owner_engine)
    cookie, other = await a_session(reception), await a_session(reception)
    async with reception.engine.begin() as connection:
        await reception.sessions.end(connection, cookie)
    assert await found(reception, cookie) is None
    assert await found(reception, other)


async def test_what_is_over_is_forgotten_by_the_way(reception, owner_engine):
    await an_account(owner_engine)
    await a_session(reception)
    await aged(owner_engine, begun=timedelta(hours=13))
    await a_session(reception)
    async with owner_engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(sessions)) == 1


async def test_a_dictionary_is_kept_for_the_next_log_in(reception, owner_engine):
    account = await an_account(owner_engine)
    cookie = await a_session(reception)
    for dictionary in (Dictionary.SPECIALTY_CONTRACTORS, Dictionary.OWNERS):
        async with reception.engine.begin() as connection:
            await choose_dictionary(connection, account.who, dictionary)
    assert (await found(reception, cookie)).dictionary is Dictionary.OWNERS
    assert (await found(reception, await a_session(reception))).dictionary is Dictionary.OWNERS


async def test_an_unknown_role_or_dictionary_is_no_error(reception, owner_engine):
    await an_account(owner_engine, holder=OLGA)
    cookie = await a_session(reception)
    async with owner_engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE accounts SET roles = '{owner,operator}'")
        await connection.exec_driver_sql("UPDATE sessions SET dictionary = 'klingon'")
    person = await found(reception, cookie)
    assert (person.roles, person.dictionary) == ({Role.OPERATOR}, Dictionary.GENERAL_CONTRACTORS)
