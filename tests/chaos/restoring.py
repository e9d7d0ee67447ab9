"""Yesterday's ledger is restored, and the product runs on with it: the ERPs have more than it remembers."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from tests.chaos.ground import Ground
from tests.chaos.journal import Journal
from tests.chaos.office import Office

BACKUP = "yesterday"
FORGOTTEN = 24  # approvals that the restored ledger knows nothing of


async def go_back(
    ground: Ground, office: Office, journal: Journal, comes_to_rest: Callable[[], Awaitable[bool]]
) -> None:
    """A backup, a day's work, the backup restored; `comes_to_rest` waits each time."""
    ledger = urlsplit(ground.environment()["DATABASE_URL"]).path[1:]
    await asyncio.to_thread(ground.close_house)
    await _at_the_server(ground, f'CREATE DATABASE {BACKUP} TEMPLATE "{ledger}"')
    await asyncio.to_thread(ground.open_house)
    journal.tell("backed up")
    await office.work_on(FORGOTTEN)
    await comes_to_rest()
    await asyncio.to_thread(ground.close_house)
    await _at_the_server(ground, f'DROP DATABASE "{ledger}"', f'ALTER DATABASE {BACKUP} RENAME TO "{ledger}"')
    await asyncio.to_thread(ground.open_house)
    journal.tell("yesterday's ledger is restored", forgotten=FORGOTTEN)
    await office.reconcile()
    await comes_to_rest()


async def _at_the_server(ground: Ground, *statements: str) -> None:
    server = urlsplit(ground.environment()["DATABASE_URL"])
    connection = await asyncpg.connect(urlunsplit(server._replace(path="/postgres")))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
