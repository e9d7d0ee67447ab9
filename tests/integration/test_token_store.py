"""Rotating log-ins in a real Postgres: encrypted, stored before they are used, renewed by one at a time."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker.core.outcomes import AuthExpired, LookUpFailure, Unavailable
from services.export_worker.erp.adapter import Tokens
from services.export_worker.token_keeper import StoredTokenKeeper
from shared.connections.token_store import (
    TokenCipher,
    TokenStore,
    UndecipherableToken,
    all_told,
    connection_tokens,
    set_refresh_token,
)
from shared.database import Role, create_engine
from tests.support.database import execute

KEY = "a random key of ours"
NAME = "harbor-quickbooks"
HOUR = timedelta(hours=1)
LOCK_HOLDERS = """
    FROM pg_stat_activity JOIN pg_locks USING (pid)
    WHERE locktype = 'advisory' AND datname = current_database()
"""


class Intuit:
    """A twin of an OAuth server that takes each refresh token once."""

    def __init__(self) -> None:
        self.good = "first"
        self.anew = "from a person"
        self.asked: list[str] = []
        self.lasts = HOUR
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.was_asked = asyncio.Event()

    async def renew(self, refresh_token: str) -> Tokens | LookUpFailure:
        self.asked.append(refresh_token)
        self.was_asked.set()
        await self.may_answer.wait()
        if refresh_token not in {self.good, self.anew}:
            return AuthExpired("not any more")
        self.good = f"refresh-{len(self.asked)}"
        now = datetime.now(UTC)
        return Tokens(f"access-{len(self.asked)}", self.good, now + self.lasts, now + 100 * 24 * HOUR)


@pytest.fixture
async def intuit() -> Intuit:
    return Intuit()


@pytest.fixture
def store(worker_engine: AsyncEngine) -> TokenStore:
    return TokenStore(worker_engine, TokenCipher(KEY))


Keeper = Callable[[], StoredTokenKeeper]


@pytest.fixture
def keeper(store: TokenStore) -> Keeper:
    """Each as a process of its own would have it."""
    return lambda: StoredTokenKeeper(store, NAME, "first")


async def stored(engine: AsyncEngine, cipher: TokenCipher) -> tuple[str, str, int]:
    """Refresh token, access token and version in the database."""
    async with engine.connect() as connection:
        row = (await connection.execute(select(connection_tokens))).one()
    return cipher.opened(NAME, row.refresh_token), cipher.opened(NAME, row.access_token), row.version


async def test_the_first_log_in_comes_from_the_secrets(
    keeper: Keeper, intuit: Intuit, worker_engine: AsyncEngine
) -> None:
    assert await keeper().access_token(intuit.renew) == "access-1"
    assert intuit.asked == ["first"]
    assert await stored(worker_engine, TokenCipher(KEY)) == ("refresh-1", "access-1", 1)


async def test_a_stored_token_serves_every_process(keeper: Keeper, intuit: Intuit) -> None:
    tokens = [await keeper().access_token(intuit.renew) for _ in range(3)]
    assert tokens == ["access-1"] * 3
    assert intuit.asked == ["first"]


async def test_a_refused_token_is_renewed_with_the_newest(keeper: Keeper, intuit: Intuit) -> None:
    ours, theirs = keeper(), keeper()
    await ours.access_token(intuit.renew)
    assert await theirs.access_token(intuit.renew, "access-1") == "access-2"
    assert await ours.access_token(intuit.renew, "access-1") == "access-2"
    assert intuit.asked == ["first", "refresh-1"]


async def test_a_token_about_to_end_is_renewed_before(keeper: Keeper, intuit: Intuit) -> None:
    intuit.lasts = timedelta(seconds=30)
    ours = keeper()
    await ours.access_token(intuit.renew)
    assert await ours.access_token(intuit.renew) == "access-2"


async def test_many_processes_at_once_renew_once(keeper: Keeper, intuit: Intuit) -> None:
    workers = [keeper() for _ in range(6)]
    got = await asyncio.gather(*(worker.access_token(intuit.renew) for worker in workers for _ in range(4)))
    assert set(got) == {"access-1"}
    assert intuit.asked == ["first"]


async def test_who_gives_up_waiting_loses_no_token(keeper: Keeper, intuit: Intuit, worker_engine: AsyncEngine) -> None:
    """The adapter's time limit ends its call; the refresh token that came of it must be stored all the same."""
    intuit.may_answer.clear()
    ours = keeper()
    impatient = asyncio.create_task(ours.access_token(intuit.renew))
    await intuit.was_asked.wait()
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    intuit.may_answer.set()

    assert await ours.access_token(intuit.renew) == "access-1"
    assert (await stored(worker_engine, TokenCipher(KEY)))[0] == "refresh-1"
    assert intuit.asked == ["first"]


async def test_a_database_that_breaks_while_renewing_loses_no_token(
    keeper: Keeper, intuit: Intuit, worker_engine: AsyncEngine, database_url: str
) -> None:
    """Not used before it is stored, and remembered until it is."""
    intuit.may_answer.clear()
    ours = keeper()
    waiting = asyncio.create_task(ours.access_token(intuit.renew))
    await intuit.was_asked.wait()
    execute(database_url, f"SELECT pg_terminate_backend(pid) {LOCK_HOLDERS}")
    intuit.may_answer.set()
    assert isinstance(await waiting, Unavailable)

    assert await ours.access_token(intuit.renew) == "access-1"
    assert (await stored(worker_engine, TokenCipher(KEY)))[0] == "refresh-1"
    assert intuit.asked == ["first"]


async def test_no_transaction_stands_open_while_renewing(keeper: Keeper, intuit: Intuit, database_url: str) -> None:
    """Else the database would end it after ten seconds, between the ERP's answer and our commit."""
    intuit.may_answer.clear()
    waiting = asyncio.create_task(keeper().access_token(intuit.renew))
    await intuit.was_asked.wait()
    watcher = await asyncpg.connect(database_url)
    states = await watcher.fetch(f"SELECT state {LOCK_HOLDERS}")
    await watcher.close()
    intuit.may_answer.set()
    await waiting
    assert [row["state"] for row in states] == ["idle"]


async def test_a_refusal_of_the_erp_is_told_and_changes_nothing(
    keeper: Keeper, intuit: Intuit, worker_engine: AsyncEngine
) -> None:
    await keeper().access_token(intuit.renew)
    intuit.good = "revoked"
    assert isinstance(await keeper().access_token(intuit.renew, "access-1"), AuthExpired)
    assert await stored(worker_engine, TokenCipher(KEY)) == ("refresh-1", "access-1", 1)


async def test_what_a_person_sets_wins_over_a_renewal(
    keeper: Keeper, intuit: Intuit, owner_engine: AsyncEngine
) -> None:
    ours = keeper()
    await ours.access_token(intuit.renew)
    intuit.may_answer.clear()
    intuit.was_asked.clear()
    waiting = asyncio.create_task(ours.access_token(intuit.renew, "access-1"))
    await intuit.was_asked.wait()
    async with owner_engine.begin() as session:
        await set_refresh_token(session, TokenCipher(KEY), NAME, intuit.anew, by="ada")
    intuit.may_answer.set()

    assert await waiting == "access-3"
    assert intuit.asked == ["first", "refresh-1", "from a person"]
    assert (await stored(owner_engine, TokenCipher(KEY)))[0] == "refresh-3"


async def test_without_any_log_in_the_remedy_is_told(store: TokenStore, intuit: Intuit) -> None:
    answer = await StoredTokenKeeper(store, NAME).access_token(intuit.renew)
    assert isinstance(answer, AuthExpired)
    assert f"tokens set {NAME}" in answer.text
    assert intuit.asked == []


async def test_keys_change_without_losing_a_log_in(keeper: Keeper, intuit: Intuit, worker_engine: AsyncEngine) -> None:
    await keeper().access_token(intuit.renew)
    both = StoredTokenKeeper(TokenStore(worker_engine, TokenCipher(f"a newer key of ours, {KEY}")), NAME)
    assert await both.access_token(intuit.renew, "access-1") == "access-2"
    newer = StoredTokenKeeper(TokenStore(worker_engine, TokenCipher("a newer key of ours")), NAME)
    assert await newer.access_token(intuit.renew) == "access-2"
    older = await keeper().access_token(intuit.renew)
    assert isinstance(older, AuthExpired)
    assert "TOKEN_ENCRYPTION_KEY" in older.text


async def test_nothing_stored_can_be_read_without_the_key(
    keeper: Keeper, intuit: Intuit, owner_engine: AsyncEngine
) -> None:
    await keeper().access_token(intuit.renew)
    async with owner_engine.connect() as session:
        row = (await session.execute(select(connection_tokens))).one()
    assert b"access-1" not in row.access_token
    assert b"refresh-1" not in row.refresh_token
    with pytest.raises(UndecipherableToken):
        TokenCipher(KEY).opened("another connection", row.refresh_token)


async def test_a_log_in_says_all_but_its_tokens(store: TokenStore, keeper: Keeper, intuit: Intuit) -> None:
    await keeper().access_token(intuit.renew)
    async with store.turn(NAME) as turn:
        kept = await turn.load()
        told = await all_told(turn.session)
    assert "access-1" not in f"{kept!r} {told!r}"
    assert "refresh-1" not in f"{kept!r} {told!r}"
    assert (told[0].connection, told[0].set_by) == (NAME, "secrets")
    assert told[0].renewed_at
    assert told[0].refresh_until


@pytest.mark.parametrize("role", [Role.RECEIVER, Role.DASHBOARD])
async def test_only_the_worker_reaches_the_tokens(database_url: str, role: Role) -> None:
    engine = create_engine(database_url, role, application_name="test")
    for statement in ("SELECT connection FROM connection_tokens", "DELETE FROM connection_tokens"):
        async with engine.connect() as session:
            with pytest.raises(DBAPIError, match="permission denied"):
                await session.execute(text(statement))
    await engine.dispose()
