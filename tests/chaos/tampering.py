"""What somebody with all rights on the database may do to the ledger: `ledger verify`, with its seals, finds each.

Each is done to a copy, as a superuser, with the triggers that refuse it switched off.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from tests.chaos.ground import Ground

UNGUARDED = "SET session_replication_role = replica"
Tampering = Callable[[asyncpg.Connection], Awaitable[None]]


async def cut_tail(ledger: asyncpg.Connection) -> None:
    """The newest entries of an export are gone."""
    export = await _some_export(ledger)
    await ledger.execute("DELETE FROM entries WHERE export_id = $1 AND seq > 2", export)


async def remove_export(ledger: asyncpg.Connection) -> None:
    """An export is gone with everything that points at it: no chain is broken by that."""
    export = await _some_export(ledger)
    pointing = await ledger.fetch(
        "SELECT table_name FROM information_schema.columns WHERE column_name = 'export_id' AND table_schema = 'public'"
        " AND table_name IN (SELECT tablename FROM pg_tables WHERE schemaname = 'public')"
    )
    for each in pointing:
        await ledger.execute(f'DELETE FROM "{each["table_name"]}" WHERE export_id = $1', export)
    await ledger.execute("DELETE FROM exports WHERE id = $1", export)


async def hash_again(ledger: asyncpg.Connection) -> None:
    """An entry's body is changed, and every hash from there on is made to fit."""
    export = await _some_export(ledger)
    chain = await ledger.fetch("SELECT * FROM entries WHERE export_id = $1 ORDER BY seq", export)
    previous = chain[0]["previous_hash"]
    for entry in chain:
        body = json.loads(entry["body"])
        if entry["seq"] == 1:
            body["event_id"] = "another"
        said = {
            "seq": entry["seq"],
            "kind": entry["kind"],
            "at": entry["at"].astimezone(UTC).isoformat(),
            "body": body,
        }
        canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        made = hashlib.sha256(previous + canonical.encode()).digest()
        await ledger.execute(
            "UPDATE entries SET body = $1, previous_hash = $2, hash = $3 WHERE id = $4",
            *(json.dumps(body), previous, made, entry["id"]),
        )
        previous = made
    await ledger.execute("UPDATE exports SET last_hash = $1 WHERE id = $2", previous, export)


TAMPERINGS: Mapping[str, Tampering] = {
    "a tail of entries cut": cut_tail,
    "a whole export removed": remove_export,
    "a chain hashed again": hash_again,
}


async def undetected(ground: Ground) -> list[str]:
    """Seals the ledger as it is; the tamperings that verify does not find, and what it finds where there is none."""
    ground.run("ledger", "seal")
    missed = []
    async with _copy(ground, "untouched") as url:
        if said := _verified(ground, url):
            missed.append(f"an untouched copy is called broken: {said}")
    for name, tampering in TAMPERINGS.items():
        async with _copy(ground, "tampered") as url:
            ledger = await asyncpg.connect(url)
            await ledger.execute(UNGUARDED)
            await tampering(ledger)
            await ledger.close()
            if not _verified(ground, url):
                missed.append(f"{name}: ledger verify calls it clean")
    return missed


@asynccontextmanager
async def _copy(ground: Ground, name: str) -> AsyncIterator[str]:
    """The address of a copy of the ledger. Nobody may be connected to the ledger itself meanwhile."""
    server = urlsplit(ground.environment()["DATABASE_URL"])
    outside = await asyncpg.connect(urlunsplit(server._replace(path="/postgres")))
    try:
        await outside.execute(f'CREATE DATABASE {name} TEMPLATE "{server.path[1:]}"')
        yield urlunsplit(server._replace(path=f"/{name}"))
    finally:
        await outside.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await outside.close()


async def _some_export(ledger: asyncpg.Connection) -> int:
    """The newest that has a story. Raises AssertionError."""
    export = await ledger.fetchval("SELECT max(export_id) FROM entries WHERE seq > 3")
    assert isinstance(export, int), "no export has entries"
    return export


def _verified(ground: Ground, url: str) -> str:
    """What is broken; empty when all is clean."""
    try:
        ground.run("ledger", "verify", DATABASE_URL=url)
    except AssertionError as error:
        return str(error)
    return ""
