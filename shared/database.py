"""How every part reaches Postgres: one address, one role per service, one naming of constraints."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import ExitStack
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
from sqlalchemy import MetaData, event
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# What a query or a connection attempt can fail with when the database, not the program, is at fault.
DATABASE_ERRORS: tuple[type[Exception], ...] = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)


INVALID_DATA = "22"  # the class of SQLSTATEs that say: this value can never be stored


def is_passing(error: Exception) -> bool:
    """Whether the database, not what was to be written, is at fault: the same may work later."""
    if not isinstance(error, DATABASE_ERRORS):
        return False
    told: object = getattr(error, "orig", error)
    return not str(getattr(told, "sqlstate", "") or "").startswith(INVALID_DATA)


class Role(StrEnum):
    """The database role that a service's sessions take on; OWNER stays whoever the address names."""

    RECEIVER = "invoice_export_receiver"
    WORKER = "invoice_export_worker"
    DASHBOARD = "invoice_export_dashboard"
    OWNER = "invoice_export_owner"


STATEMENT_TIMEOUT: Mapping[Role, str] = MappingProxyType(
    {Role.RECEIVER: "5s", Role.WORKER: "30s", Role.DASHBOARD: "10s", Role.OWNER: "0"}
)
# A process that stands still inside a transaction would keep its row locks, and claims skip locked rows. The
# second also ends a session that waits for its client between the messages of one statement.
IDLE_IN_TRANSACTION = "10s"
LONGEST_TRANSACTION = "30s"
KNOWS_TRANSACTION_TIMEOUT = (17,)
CONNECT_SECONDS = 10
LIBPQ_ONLY = frozenset(
    {
        "channel_binding",
        "connect_timeout",
        "gssencmode",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "tcp_user_timeout",
    }
)


def create_engine(url: str, role: Role, *, application_name: str, pool_size: int = 10) -> AsyncEngine:
    """An engine on a plain postgresql:// address, whose libpq parameters (sslmode, host, ...) all count.

    asyncpg reads the address itself, because SQLAlchemy would hand it `sslmode` as an unknown argument.
    """

    async def connect() -> asyncpg.Connection:
        return await connect_raw(url, role, application_name=application_name)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, pool_size=pool_size, max_overflow=0)
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def create_pool(url: str, role: Role, *, application_name: str, size: int) -> asyncpg.Pool:
    """Sessions of asyncpg itself, without an engine; to be entered before it is used. It connects as it is asked.

    JSON comes and goes as Python values, and rows have their columns as attributes, as on an engine's sessions.
    """

    async def connect(_dsn: None, *, record_class: type, **_known: Any) -> asyncpg.Connection:
        return await connect_raw(url, role, application_name=application_name, record_class=record_class)

    return asyncpg.create_pool(
        connect=connect, init=_speak_json, reset=_keep_settings, record_class=Row, min_size=0, max_size=size
    )


class Row(asyncpg.Record):  # type: ignore[misc]
    """A row with its columns as attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


async def _speak_json(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


async def _keep_settings(_: asyncpg.Connection) -> None:
    """asyncpg rolls back what was left open. Its own way asks for more each time, and would forget the time limit."""


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """The pool then opens another one. asyncpg hears of the end by itself; to ask each time took three round trips."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError("the session has ended")


async def connect_raw(
    url: str, role: Role, *, application_name: str = "invoice-export", record_class: type = asyncpg.Record
) -> asyncpg.Connection:
    """A connection without a pool, for LISTEN. Raises one of DATABASE_ERRORS."""
    settings = {
        "application_name": application_name,
        "timezone": "UTC",
        "statement_timeout": STATEMENT_TIMEOUT[role],
    }
    if role is not Role.OWNER:
        settings["role"] = role.value
        settings["idle_in_transaction_session_timeout"] = IDLE_IN_TRANSACTION
    with ExitStack() as failing:
        connection = await asyncpg.connect(
            _plain(url), timeout=CONNECT_SECONDS, server_settings=settings, record_class=record_class
        )
        failing.callback(connection.terminate)
        if role is not Role.OWNER and connection.get_server_version() >= KNOWS_TRANSACTION_TIMEOUT:
            await connection.execute(f"SET transaction_timeout = '{LONGEST_TRANSACTION}'")
        failing.pop_all()
    return connection


async def hold_lock(session: asyncpg.Connection, number: int, *, every: float) -> None:
    """Waits until nobody else has this advisory lock; it is the session's until that ends. `every` is in seconds.

    Asked again and again: a statement that waits would run into the role's time limit.
    """
    while not await session.fetchval("SELECT pg_try_advisory_lock($1)", number):  # noqa: ASYNC110 - Postgres's event
        await asyncio.sleep(every)


def _plain(url: str) -> str:
    """The address for asyncpg, which takes any parameter that it does not know for a setting of the server."""
    parts = urlsplit(url)
    known = [(name, value) for name, value in parse_qsl(parts.query) if name not in LIBPQ_ONLY]
    return urlunsplit(parts._replace(scheme=parts.scheme.partition("+")[0], query=urlencode(known)))
