"""API tokens for scripts: shown once, kept as a hash, and revocable. The command line makes them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.people.person import TOKEN, Holder, Person
from services.ledger_dashboard.people.roles import Role, known_roles
from services.ledger_dashboard.people.tables import api_tokens

PREFIX = "ie_"
TOKEN_BYTES = 32
LONGEST = 128
columns = api_tokens.c
TOLD = tuple(column for column in columns if column.name != "key_hash")


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What may be shown of one."""

    id: int
    label: str
    roles: frozenset[Role]
    companies: frozenset[str] | None
    procore_user_id: str | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None

    @property
    def who(self) -> str:
        """As it goes into the ledger."""
        return f"{TOKEN}{self.id}"


async def add_token(
    connection: AsyncConnection, holder: Holder, created_by: str, expires_at: datetime | None = None
) -> tuple[int, str]:
    """Its id, and the token itself, which nobody can show again. The holder's `shown_name` is the label."""
    token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    row = {
        "key_hash": _key_hash(token),
        "label": holder.shown_name,
        "roles": sorted(holder.roles),
        "companies": None if holder.companies is None else sorted(holder.companies),
        "procore_user_id": holder.procore_user_id,
        "created_by": created_by,
        "expires_at": expires_at,
    }
    added = await connection.scalar(insert(api_tokens).values(row).returning(columns.id))
    return int(added or 0), token


async def all_tokens(connection: AsyncConnection) -> Sequence[ApiToken]:
    """The revoked and expired too, the newest first."""
    return [_told(row) for row in await connection.execute(select(*TOLD).order_by(columns.id.desc()))]


async def revoke_token(connection: AsyncConnection, token_id: int) -> bool:
    """From now on it opens nothing. False: there is none of this id that counts."""
    revoked = update(api_tokens).where(columns.id == token_id, columns.revoked_at.is_(None))
    return bool((await connection.execute(revoked.values(revoked_at=func.now()))).rowcount)


async def find_token(connection: AsyncConnection, token: str, address: str) -> Person | None:
    """Whom it stands for; None when it is unknown, revoked or expired."""
    if not token.startswith(PREFIX) or len(token) > LONGEST or not token.isascii():
        return None
    living = columns.revoked_at.is_(None) & (columns.expires_at.is_(None) | (columns.expires_at > func.now()))
    query = select(*TOLD).where(columns.key_hash == _key_hash(token), living)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    told = _told(row)
    return Person(told.who, told.label, told.roles, told.companies, told.procore_user_id, address=address)


def _key_hash(token: str) -> bytes:
    """A plain hash will do: nobody guesses 32 random bytes."""
    return sha256(token.encode()).digest()


def _told(row: Row[Any]) -> ApiToken:
    values: dict[str, Any] = row._asdict()
    companies = None if row.companies is None else frozenset(row.companies)
    return ApiToken(**values | {"roles": known_roles(row.roles), "companies": companies})
