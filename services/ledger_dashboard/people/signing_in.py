"""How somebody gets a session, and how they give it back; each step leaves its record."""

from dataclasses import dataclass
from datetime import timedelta

from services.ledger_dashboard.people.accounts import Account, account_of, normal_login
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.claims import Unusable
from services.ledger_dashboard.people.person import Holder, Person, stranger
from services.ledger_dashboard.people.reception import Reception
from services.ledger_dashboard.people.throttle import begin_attempt, succeed

NO_LOGIN = "?"  # in place of what cannot be a login: perhaps it is a password, typed into the wrong field
SIGNED_IN, SIGNED_OUT, FAILED = "signed in", "signed out", "failed to sign in"
DASHBOARD = "dashboard"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The new session's cookie."""

    cookie: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """No such account, another password, or a disabled account: whoever fails is not told which."""


@dataclass(frozen=True, slots=True)
class TooOften:
    """The password was not even looked at."""

    wait: timedelta


async def sign_in(reception: Reception, login: str, password: str, address: str) -> SignedIn | Wrong | TooOften:
    """With a local account. The attempt is committed before the password is verified: many at once count as many."""
    name = normal_login(login) or NO_LOGIN
    async with reception.engine.begin() as connection:
        attempt = await begin_attempt(connection, name, address)
        account = None if name == NO_LOGIN else await account_of(connection, name)
    if isinstance(attempt, timedelta):
        return TooOften(attempt)
    fits = await reception.passwords.fits(password, account.password_hash if account else None)
    if account is None or not fits or account.disabled_at:
        async with reception.engine.begin() as connection:
            await record(connection, stranger(address), FAILED, DASHBOARD, login=name)
        return Wrong()
    return await _welcome(reception, account, attempt, address)


async def welcome_from_provider(reception: Reception, holder: Holder, address: str) -> SignedIn:
    """Whom the identity provider vouches for."""
    async with reception.engine.begin() as connection:
        cookie = await reception.sessions.begin(connection, holder)
        await record(connection, _person(holder, address), SIGNED_IN, DASHBOARD, by="identity provider")
    return SignedIn(cookie)


async def turn_away(reception: Reception, who: Unusable, address: str) -> None:
    """Somebody whom the identity provider knows, and who has no role here."""
    nobody = stranger(address, who.who)
    async with reception.engine.begin() as connection:
        await record(connection, nobody, FAILED, DASHBOARD, by="identity provider", why=who.why)


async def sign_out(reception: Reception, person: Person, cookie: str) -> None:
    """The cookie opens nothing any more, wherever a copy of it is."""
    async with reception.engine.begin() as connection:
        await reception.sessions.end(connection, cookie)
        await record(connection, person, SIGNED_OUT, DASHBOARD)


async def _welcome(reception: Reception, account: Account, attempt: int, address: str) -> SignedIn:
    async with reception.engine.begin() as connection:
        await succeed(connection, attempt)
        cookie = await reception.sessions.begin(connection, account.holder)
        await record(connection, _person(account.holder, address), SIGNED_IN, DASHBOARD, by="password")
    return SignedIn(cookie)


def _person(holder: Holder, address: str) -> Person:
    return Person(
        holder.who, holder.shown_name, holder.roles, holder.companies, holder.procore_user_id, address=address
    )
