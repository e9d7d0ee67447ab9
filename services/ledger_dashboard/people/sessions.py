"""Sessions of people in a browser. The cookie is random; the database holds a mark of it, and all times are its own."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Row, Select, case, cast, delete, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.people.marks import Marks, Purpose
from services.ledger_dashboard.people.person import ACCOUNT, Holder, Person
from services.ledger_dashboard.people.roles import known_roles
from services.ledger_dashboard.people.tables import accounts, preferences, sessions
from shared.terminology import Dictionary

COOKIE = "invoice_export_session"
COOKIE_BYTES = 32
LONGEST_COOKIE = 64
SEEN_AT_MOST_EVERY = timedelta(minutes=1)
columns = sessions.c


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lasts without a request, and at all."""

    idle: timedelta
    whole: timedelta


class Sessions:
    """Each method runs in the caller's transaction."""

    def __init__(self, marks: Marks, limits: Limits) -> None:
        self._marks = marks
        self._limits = limits

    async def begin(self, connection: AsyncConnection, holder: Holder) -> str:
        """The new session's cookie. What is over is forgotten by the way."""
        cookie = secrets.token_urlsafe(COOKIE_BYTES)
        await connection.execute(delete(sessions).where(columns.expires_at < func.now()))
        row = {
            "key_hash": self._key_hash(cookie),
            "who": holder.who,
            "shown_name": holder.shown_name,
            "roles": sorted(holder.roles),
            "companies": None if holder.companies is None else sorted(holder.companies),
            "procore_user_id": holder.procore_user_id,
            "dictionary": await preferred_dictionary(connection, holder.who),
            "created_at": func.now(),
            "seen_at": func.now(),
            "expires_at": func.now() + self._limits.whole,
        }
        await connection.execute(insert(sessions).values(row))
        return cookie

    async def find(self, connection: AsyncConnection, cookie: str, address: str) -> Person | None:
        """Who holds this cookie; None when it is unknown or over, or the account is disabled.

        An account's roles and companies count as they stand now, an identity provider's as of the log-in.
        """
        if not cookie or len(cookie) > LONGEST_COOKIE or not cookie.isascii():
            return None
        key_hash = self._key_hash(cookie)
        row = (await connection.execute(_living(key_hash, self._limits.idle))).one_or_none()
        if row is None:
            return None
        if row.is_seen_long_ago:
            await connection.execute(update(sessions).where(columns.key_hash == key_hash).values(seen_at=func.now()))
        return self._person(row, cookie, address)

    async def end(self, connection: AsyncConnection, cookie: str) -> None:
        """Nothing happens when it is over already."""
        await connection.execute(delete(sessions).where(columns.key_hash == self._key_hash(cookie)))

    def csrf(self, cookie: str) -> str:
        """What proves that a form is from a page of this session's."""
        return self._marks.mark(Purpose.CSRF, cookie).hex()

    def _key_hash(self, cookie: str) -> bytes:
        return self._marks.mark(Purpose.SESSION, cookie)

    def _person(self, row: Row[Any], cookie: str, address: str) -> Person:
        return Person(
            who=row.who,
            shown_name=row.shown_name,
            roles=known_roles(row.roles),
            companies=None if row.companies is None else frozenset(row.companies),
            procore_user_id=row.procore_user_id,
            dictionary=known_dictionary(row.dictionary),
            csrf=self.csrf(cookie),
            address=address,
        )


async def end_all(connection: AsyncConnection, who: str) -> None:
    """Everywhere, when a password was changed or an account disabled."""
    await connection.execute(delete(sessions).where(columns.who == who))


async def choose_dictionary(connection: AsyncConnection, who: str, dictionary: Dictionary) -> None:
    """For all of a person's sessions, now and later."""
    row = {"who": who, "dictionary": dictionary.value}
    chosen = upsert(preferences).values(row)
    await connection.execute(
        chosen.on_conflict_do_update(index_elements=["who"], set_={"dictionary": dictionary.value})
    )
    await connection.execute(update(sessions).where(columns.who == who).values(dictionary=dictionary.value))


async def preferred_dictionary(connection: AsyncConnection, who: str) -> str:
    """As chosen at some time, else the general contractors'."""
    chosen = await connection.scalar(select(preferences.c.dictionary).where(preferences.c.who == who))
    return known_dictionary(chosen or "").value


def known_dictionary(word: str) -> Dictionary:
    """The general contractors' for a word that is none."""
    return next((one for one in Dictionary if one.value == word), Dictionary.GENERAL_CONTRACTORS)


def _living(key_hash: bytes, idle: timedelta) -> Select[Any]:
    account = accounts.c
    is_account = columns.who.startswith(ACCOUNT)
    account_id = case((is_account, cast(func.substr(columns.who, len(ACCOUNT) + 1), BigInteger)))

    def fresh(name: str) -> Any:
        return case((is_account, account[name]), else_=columns[name]).label(name)

    return (
        select(
            columns.who,
            *map(fresh, ("shown_name", "roles", "companies", "procore_user_id")),
            columns.dictionary,
            (columns.seen_at < func.now() - literal(SEEN_AT_MOST_EVERY)).label("is_seen_long_ago"),
        )
        .select_from(sessions.outerjoin(accounts, account.id == account_id))
        .where(
            columns.key_hash == key_hash,
            columns.expires_at > func.now(),
            columns.seen_at > func.now() - literal(idle),
            ~is_account | (account.id.is_not(None) & account.disabled_at.is_(None)),
        )
    )
