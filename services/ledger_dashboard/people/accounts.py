"""Local accounts. The command line writes them as the database's owner; the dashboard's role can only read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.people.person import ACCOUNT, Holder
from services.ledger_dashboard.people.roles import Role, known_roles
from services.ledger_dashboard.people.sessions import end_all
from services.ledger_dashboard.people.tables import accounts

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,199}")
columns = accounts.c


class LoginTaken(Exception):
    """There is an account with this login, perhaps a disabled one."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account as it stands."""

    id: int
    login: str
    shown_name: str
    roles: frozenset[Role]
    companies: frozenset[str] | None
    procore_user_id: str | None
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    password_hash: str = field(repr=False)

    @property
    def who(self) -> str:
        """As it goes into the ledger."""
        return f"{ACCOUNT}{self.id}"

    @property
    def holder(self) -> Holder:
        """Whom a session of this account stands for."""
        return Holder(self.who, self.shown_name, self.roles, self.companies, self.procore_user_id)


def normal_login(text: str) -> str | None:
    """In lower case, without spaces around; None for what no account can be called."""
    login = text.strip().lower()
    return login if LOGIN.fullmatch(login) else None


async def any_account(connection: AsyncConnection) -> bool:
    """Whether anybody at all could sign in with a password."""
    return bool(await connection.scalar(select(exists().where(columns.disabled_at.is_(None)))))


async def account_of(connection: AsyncConnection, login: str) -> Account | None:
    """Also a disabled one."""
    row = (await connection.execute(select(accounts).where(columns.login == login))).one_or_none()
    return None if row is None else _account(row)


async def all_accounts(connection: AsyncConnection) -> Sequence[Account]:
    """By login."""
    return [_account(row) for row in await connection.execute(select(accounts).order_by(columns.login))]


async def add_account(
    connection: AsyncConnection, login: str, holder: Holder, password_hash: str, created_by: str
) -> Account:
    """The holder's `who` is not looked at: the new id makes it. Raises LoginTaken."""
    row = _standing(holder) | {"login": login, "password_hash": password_hash, "created_by": created_by}
    added = insert(accounts).values(row).on_conflict_do_nothing(index_elements=["login"]).returning(*columns)
    account = (await connection.execute(added)).one_or_none()
    if account is None:
        raise LoginTaken(login)
    return _account(account)


async def change_account(connection: AsyncConnection, login: str, holder: Holder, *, is_enabled: bool) -> None:
    """What stands in the holder counts from the next request of that person's; disabled, there is none."""
    disabled_at = None if is_enabled else func.coalesce(columns.disabled_at, func.now())
    values = _standing(holder) | {"disabled_at": disabled_at}
    await connection.execute(update(accounts).where(columns.login == login).values(values))
    if not is_enabled:
        await end_all(connection, holder.who)


async def set_password(connection: AsyncConnection, account: Account, password_hash: str) -> None:
    """Ends every session that was begun with the old one."""
    changed = update(accounts).where(columns.id == account.id).values(password_hash=password_hash)
    await connection.execute(changed)
    await end_all(connection, account.who)


def _standing(holder: Holder) -> dict[str, Any]:
    return {
        "shown_name": holder.shown_name,
        "roles": sorted(holder.roles),
        "companies": None if holder.companies is None else sorted(holder.companies),
        "procore_user_id": holder.procore_user_id,
    }


def _account(row: Row[Any]) -> Account:
    values: dict[str, Any] = row._asdict()
    companies = None if row.companies is None else frozenset(row.companies)
    return Account(**values | {"roles": known_roles(row.roles), "companies": companies})
