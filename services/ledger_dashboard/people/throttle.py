"""How often a password may be tried. Each attempt counts as failed until it has succeeded, so that many at once do not
slip through together. Only the address that fails is refused: nobody can lock an account for others elsewhere.
"""

from datetime import timedelta
from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network

from sqlalchemy import ColumnElement, delete, func, insert, literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.people.tables import log_in_attempts

WINDOW = timedelta(minutes=15)
FAILURES_OF_LOGIN = 5
FAILURES_OF_ADDRESS = 20
KEPT = timedelta(days=1)
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('log-in from ' || :address, 0))")
columns = log_in_attempts.c


async def begin_attempt(connection: AsyncConnection, login: str, address: str) -> int | timedelta:
    """The attempt's id, or how long this address has to wait. Commit before the password is verified."""
    where_from = network_of(address)
    await connection.execute(ONE_AT_A_TIME, {"address": where_from})
    wait = await _wait(connection, login, where_from)
    if wait is not None:
        return wait
    await connection.execute(delete(log_in_attempts).where(columns.at < func.now() - literal(KEPT)))
    attempt = {"login": login, "address": where_from, "at": func.clock_timestamp(), "succeeded": False}
    return int(await connection.scalar(insert(log_in_attempts).values(attempt).returning(columns.id)) or 0)


async def succeed(connection: AsyncConnection, attempt: int) -> None:
    """It was the right password: what failed before for this login from this address no longer counts against it."""
    await connection.execute(update(log_in_attempts).where(columns.id == attempt).values(succeeded=True))


def network_of(address: str) -> str:
    """What one household or machine can change at will is one: an IPv6 address counts by its /64."""
    try:
        six = IPv6Address(address)
    except AddressValueError:
        return address
    mapped: IPv4Address | None = six.ipv4_mapped
    return str(mapped) if mapped else str(IPv6Network((int(six), 64), strict=False))


async def _wait(connection: AsyncConnection, login: str, where_from: str) -> timedelta | None:
    is_failure = (columns.address == where_from) & ~columns.succeeded & (columns.at > func.now() - literal(WINDOW))
    is_ours = (columns.address == where_from) & (columns.login == login)
    last_success = select(func.max(columns.at)).where(is_ours, columns.succeeded).scalar_subquery()
    since_success = is_ours & (columns.at > func.coalesce(last_success, text("'-infinity'::timestamptz")))
    waits = [
        await _until_fewer(connection, is_failure & since_success, FAILURES_OF_LOGIN),
        await _until_fewer(connection, is_failure, FAILURES_OF_ADDRESS),
    ]
    return max((wait for wait in waits if wait is not None), default=None)


async def _until_fewer(connection: AsyncConnection, failed: ColumnElement[bool], most: int) -> timedelta | None:
    """When the window has left the oldest of the `most` newest failures behind; None when there are fewer."""
    left = (columns.at + literal(WINDOW) - func.clock_timestamp()).label("left")
    query = select(left).where(failed).order_by(columns.at.desc()).offset(most - 1).limit(1)
    wait: timedelta | None = await connection.scalar(query)
    return wait
