"""How often a password may be tried, also by many at once."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import literal, select, update

from services.ledger_dashboard.people.signing_in import SignedIn, TooOften, Wrong, sign_in
from services.ledger_dashboard.people.tables import log_in_attempts
from services.ledger_dashboard.people.throttle import FAILURES_OF_ADDRESS, FAILURES_OF_LOGIN, WINDOW, begin_attempt
from tests.support.people import PASSWORD, an_account

HERE, THERE = "192.0.2.7", "198.51.100.9"


@pytest.fixture(autouse=True)
async def olga(owner_engine):
    await an_account(owner_engine)


@pytest.fixture
def attempt(reception):
    async def attempt(password="a wrong password", login="olga", address=HERE):
        return await sign_in(reception, login, password, address)

    return attempt


async def fail(reception, times, login="olga", address=HERE):
    """Attempts that nobody finishes: they count like failures."""
    for _ in range(times):
        async with reception.engine.begin() as connection:
            assert isinstance(await begin_attempt(connection, login, address), int)


async def later(owner_engine, passed):
    async with owner_engine.begin() as connection:
        moved = update(log_in_attempts).values(at=log_in_attempts.c.at - literal(passed))
        await connection.execute(moved)


async def test_after_five_failures_the_right_password_waits(attempt):
    assert [await attempt() for _ in range(FAILURES_OF_LOGIN)] == [Wrong()] * FAILURES_OF_LOGIN
    refused = await attempt(PASSWORD)
    assert isinstance(refused, TooOften)
    assert timedelta(minutes=14) < refused.wait <= WINDOW


async def test_nobody_is_locked_out_elsewhere(attempt, reception):
    await fail(reception, FAILURES_OF_LOGIN)
    assert isinstance(await attempt(PASSWORD), TooOften)
    assert isinstance(await attempt(PASSWORD, address=THERE), SignedIn)
    assert isinstance(await attempt(PASSWORD), TooOften)


async def test_many_logins_from_one_address_wait_too(attempt, reception):
    for number in range(FAILURES_OF_ADDRESS):
        await fail(reception, 1, login=f"guess{number}")
    assert isinstance(await attempt(PASSWORD), TooOften)
    assert isinstance(await attempt(PASSWORD, address=THERE), SignedIn)


async def test_the_wait_ends_when_the_window_has_passed(attempt, reception, owner_engine):
    await fail(reception, FAILURES_OF_LOGIN)
    await later(owner_engine, timedelta(minutes=10))
    refused = await attempt(PASSWORD)
    assert timedelta(minutes=4) < refused.wait <= timedelta(minutes=5)
    await later(owner_engine, timedelta(minutes=6))
    assert isinstance(await attempt(PASSWORD), SignedIn)


async def test_a_success_forgives_what_failed_before(attempt, reception):
    await fail(reception, FAILURES_OF_LOGIN - 1)
    assert isinstance(await attempt(PASSWORD), SignedIn)
    await fail(reception, FAILURES_OF_LOGIN - 1)
    assert isinstance(await attempt(PASSWORD), SignedIn)


async def test_ones_own_success_forgives_no_guessing_of_others(attempt, reception):
    for number in range(FAILURES_OF_ADDRESS - 1):
        await fail(reception, 1, login=f"guess{number}")
    assert isinstance(await attempt(PASSWORD), SignedIn)
    await fail(reception, 1, login="guess")
    assert isinstance(await attempt(PASSWORD), TooOften)


async def test_many_at_once_do_not_slip_through(attempt):
    outcomes = await asyncio.gather(*(attempt() for _ in range(16)))
    assert outcomes.count(Wrong()) == FAILURES_OF_LOGIN
    assert all(isinstance(outcome, Wrong | TooOften) for outcome in outcomes)


async def test_many_at_once_with_many_logins_do_not_either(attempt):
    outcomes = await asyncio.gather(*(attempt(login=f"guess{number}") for number in range(30)))
    assert outcomes.count(Wrong()) == FAILURES_OF_ADDRESS


async def test_old_attempts_are_forgotten(attempt, reception, owner_engine):
    await fail(reception, 3)
    await later(owner_engine, timedelta(days=2))
    await attempt(PASSWORD)
    async with owner_engine.connect() as connection:
        assert (await connection.scalars(select(log_in_attempts.c.succeeded))).all() == [True]


async def test_unknown_logins_take_as_long_as_known_ones(reception, attempt):
    """The same work is done; that it takes the same time follows, and cannot be measured on a busy machine."""
    verified = []
    verify = reception.passwords._verify

    def counted(password_hash, password):
        verified.append(password_hash.split("$")[1:4])
        return verify(password_hash, password)

    reception.passwords._verify = counted
    for login in ("olga", "nobody", "no login at all"):
        assert await attempt(login=login) == Wrong()
    assert len(verified) == 3
    assert verified[0] == verified[1] == verified[2]
