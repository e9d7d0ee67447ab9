"""The log-in tokens that an ERP replaces as they are used, in Postgres: encrypted, and one turn at a time.

A renewal is a foreign call that must not run twice at once, and whose answer must be stored whatever else happens. No
transaction is held across it: the database would end one that stands still, just between the ERP's answer and our
commit. A turn holds an advisory lock of its session instead. It ends by itself when a process dies, and nothing has
to be waited out.
"""

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr
from sqlalchemy import Column, DateTime, Integer, LargeBinary, Table, Text, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.database import metadata

Moment = DateTime(timezone=True)
PURPOSE = b"invoice-export: tokens of connections"
LOCK = text("SELECT pg_advisory_lock(hashtextextended(:name, 0))")

connection_tokens = Table(
    "connection_tokens",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("refresh_token", LargeBinary, nullable=False, comment="encrypted"),
    Column("refresh_until", Moment, comment="null: the ERP does not tell"),
    Column("access_token", LargeBinary, comment="encrypted; null until the first renewal"),
    Column("access_until", Moment),
    Column("version", Integer, nullable=False, comment="rises with each change"),
    Column("set_at", Moment, nullable=False, comment="when a person gave the first of this line of refresh tokens"),
    Column("set_by", Text, nullable=False),
    Column("renewed_at", Moment),
)
columns = connection_tokens.c


class UndecipherableToken(Exception):
    """None of the keys opens what is stored."""


class TokenCipher:
    """Encrypts with the first of the keys, opens with any. A token opens only for the connection it was stored for."""

    def __init__(self, keys: str) -> None:
        self._ferns = MultiFernet([_fern(key.strip()) for key in keys.split(",")])

    def encrypted(self, connection: str, token: str) -> bytes:
        """For the database."""
        return self._ferns.encrypt(f"{connection}\n{token}".encode())

    def opened(self, connection: str, secret: bytes) -> str:
        """The token. Raises UndecipherableToken."""
        try:
            owner, _, token = self._ferns.decrypt(secret).decode().partition("\n")
        except InvalidToken:
            raise UndecipherableToken(connection) from None
        if owner != connection:
            raise UndecipherableToken(connection)
        return token


@dataclass(frozen=True)
class KeptTokens:
    """What is stored for one connection. `version` 0: nothing yet."""

    refresh_token: str = field(repr=False)
    refresh_until: datetime | None = None
    access_token: str | None = field(default=None, repr=False)
    access_until: datetime | None = None
    version: int = 0


@dataclass(frozen=True)
class TokensTold:
    """What may be shown of a connection's tokens."""

    connection: str
    set_at: datetime
    set_by: str
    renewed_at: datetime | None
    access_until: datetime | None
    refresh_until: datetime | None


@dataclass(frozen=True)
class Turn:
    """One connection's tokens, for as long as nobody else may renew them. Each write is a transaction of its own."""

    session: AsyncConnection
    cipher: TokenCipher
    connection: str

    async def load(self) -> KeptTokens | None:
        """None: nothing is stored. Raises UndecipherableToken."""
        query = select(connection_tokens).where(columns.connection == self.connection)
        row = (await self.session.execute(query)).one_or_none()
        if row is None:
            return None
        access = None if row.access_token is None else self.cipher.opened(self.connection, row.access_token)
        refresh = self.cipher.opened(self.connection, row.refresh_token)
        return KeptTokens(refresh, row.refresh_until, access, row.access_until, row.version)

    async def put(self, renewed: KeptTokens) -> bool:
        """Store what came of a renewal of `renewed.version`; False: somebody stored another meanwhile."""
        values = self.values_of(renewed) | {"version": renewed.version + 1, "renewed_at": func.now()}
        if renewed.version == 0:
            first = values | {"connection": self.connection, "set_at": func.now(), "set_by": "secrets"}
            stored = await self.session.execute(upsert(connection_tokens).values(first).on_conflict_do_nothing())
        else:
            is_ours = (columns.connection == self.connection) & (columns.version == renewed.version)
            stored = await self.session.execute(update(connection_tokens).where(is_ours).values(values))
        return bool(stored.rowcount)

    def values_of(self, tokens: KeptTokens) -> dict[str, Any]:
        """Encrypted."""
        access = tokens.access_token
        return {
            "refresh_token": self.cipher.encrypted(self.connection, tokens.refresh_token),
            "refresh_until": tokens.refresh_until,
            "access_token": None if access is None else self.cipher.encrypted(self.connection, access),
            "access_until": tokens.access_until,
        }


class TokenStore:
    """Every connection's tokens. The engine has the worker's rights, or its owner's."""

    def __init__(self, engine: AsyncEngine, cipher: TokenCipher) -> None:
        self._engine = engine
        self._cipher = cipher

    @classmethod
    def with_keys(cls, engine: AsyncEngine, keys: SecretStr | None) -> Self | None:
        """None where no key is given: then nothing can be stored."""
        return None if keys is None else cls(engine, TokenCipher(keys.get_secret_value()))

    @asynccontextmanager
    async def turn(self, connection: str) -> AsyncIterator[Turn]:
        """Waits for whoever has it in any process. Raises one of DATABASE_ERRORS, also when that takes too long."""
        name = {"name": f"connection_tokens:{connection}"}
        async with self._engine.connect() as session:
            await session.execution_options(isolation_level="AUTOCOMMIT")
            await session.execute(LOCK, name)
            try:
                yield Turn(session, self._cipher, connection)
            finally:
                # The lock ends with its session: whatever broke, none that holds it goes back into the pool.
                await session.invalidate()


async def set_refresh_token(
    session: AsyncConnection, cipher: TokenCipher, connection: str, token: str, *, by: str
) -> None:
    """A person connected the ERP anew: what stood before is forgotten. Within the caller's transaction."""
    values: Mapping[str, Any] = {
        "refresh_token": cipher.encrypted(connection, token),
        "refresh_until": None,
        "access_token": None,
        "access_until": None,
        "set_at": func.now(),
        "set_by": by,
        "renewed_at": None,
    }
    statement = upsert(connection_tokens).values(connection=connection, version=1, **values)
    again = {**values, "version": columns.version + 1}
    await session.execute(statement.on_conflict_do_update(index_elements=["connection"], set_=again))


async def all_told(session: AsyncConnection) -> Sequence[TokensTold]:
    """Every connection that has tokens, without them."""
    shown = [columns[name] for name in TokensTold.__dataclass_fields__]
    rows = await session.execute(select(*shown).order_by(columns.connection))
    return [TokensTold(*row) for row in rows]


def _fern(key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
