"""Seals: what the ledger said at a moment, signed with a key that is kept outside the database (design law 8).

A seal covers the exports that have an entry since the seal before, each by its id, version and newest hash;
and a hash stands for all entries before it. Each seal signs the one before it too. So all seals together find
a changed, cut or re-hashed chain and a removed or added export. What they cannot show is that the newest seal
itself was removed: keep what `ledger seal` prints somewhere else too.
"""

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.ledger.tables import seals

FIRST = b""
OVER_SECONDS = 30.0
POLL_SECONDS = 0.1


class StillWriting(Exception):
    """A transaction that may hold an older entry is not over: seal later."""


@dataclass(frozen=True)
class Seal:
    """One row. `exports` counts those that the digest is over; `previous_mac` is empty in the first."""

    id: int
    at: datetime
    last_entry_id: int
    exports: int
    digest: bytes
    previous_mac: bytes
    mac: bytes


class Digest:
    """SHA-256 over exports as they come, which is in the order of their ids."""

    def __init__(self) -> None:
        self.exports = 0
        self._hash = hashlib.sha256()

    def add(self, export_id: int, version: int, newest_hash: bytes) -> None:
        """One more export."""
        self.exports += 1
        self._hash.update(f"{export_id}:{version}:{newest_hash.hex()}\n".encode())

    def value(self) -> bytes:
        """The digest so far."""
        return self._hash.digest()


async def seal(
    engine: AsyncEngine,
    key: SecretStr,
    *,
    now: datetime,
    every: timedelta = timedelta(0),
    within: float = OVER_SECONDS,
) -> Seal | None:
    """Seal what was appended since the last seal, unless that one is younger than `every`.

    None when there is nothing to seal, or another process was quicker: a seal has one successor only.
    Waits up to `within` seconds for transactions that had begun; raises StillWriting.
    """
    async with engine.begin() as connection:
        before = await newest_seal(connection)
        horizon = (await connection.execute(_HORIZON)).one()
    after = before.last_entry_id if before else 0
    if horizon.last_entry_id <= after or (before and now - before.at < every):
        return None
    await _until_over(engine, horizon.transaction, within)
    async with engine.begin() as connection:
        digest = await _digest(connection, after, horizon.last_entry_id)
        values = {
            "at": now,
            "last_entry_id": horizon.last_entry_id,
            "exports": digest.exports,
            "digest": digest.value(),
            "previous_mac": before.mac if before else FIRST,
        }
        made = upsert(seals).values(**values, mac=seal_mac(key, **values)).on_conflict_do_nothing()
        row = (await connection.execute(made.returning(*seals.c))).one_or_none()
    return Seal(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's public name


def seal_mac(
    key: SecretStr, *, at: datetime, last_entry_id: int, exports: int, digest: bytes, previous_mac: bytes
) -> bytes:
    """HMAC-SHA256 over the seal before and everything that this one says."""
    content = {
        "at": at.astimezone(UTC).isoformat(),
        "digest": digest.hex(),
        "exports": exports,
        "last_entry_id": last_entry_id,
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.digest(key.get_secret_value().encode(), previous_mac + canonical.encode(), "sha256")


async def newest_seal(connection: AsyncConnection) -> Seal | None:
    """None before the first."""
    row = (await connection.execute(select(*seals.c).order_by(seals.c.id.desc()).limit(1))).one_or_none()
    return Seal(**row._mapping) if row else None  # noqa: SLF001


async def all_seals(connection: AsyncConnection) -> list[Seal]:
    """In their order."""
    rows = await connection.execute(select(*seals.c).order_by(seals.c.id))
    return [Seal(**row._mapping) for row in rows]  # noqa: SLF001


async def _until_over(engine: AsyncEngine, transaction: str, within: float) -> None:
    """Entries are numbered when they are inserted but seen when they are committed: wait for those on their way."""
    deadline = time.monotonic() + within
    while not await _is_over(engine, transaction):
        if time.monotonic() > deadline:
            raise StillWriting(f"a transaction has been open for {within:.0f} s")
        await asyncio.sleep(POLL_SECONDS)


async def _is_over(engine: AsyncEngine, transaction: str) -> bool:
    async with engine.connect() as connection:
        return bool(await connection.scalar(_OVER, {"transaction": transaction}))


async def _digest(connection: AsyncConnection, after: int, upto: int) -> Digest:
    digest = Digest()
    async for head in await connection.stream(_HEADS, {"after": after, "upto": upto}):
        digest.add(head.export_id, head.seq, head.hash)
    return digest


# Our own transaction id is drawn after the newest entry was seen, so whoever numbered an older one has a lower id:
# the writer locks its export, and so has an id, before it inserts.
_HORIZON = text(
    "SELECT COALESCE(max(id), 0) AS last_entry_id, CAST(pg_current_xact_id() AS text) AS transaction FROM entries"
)
_OVER = text("SELECT pg_snapshot_xmin(pg_current_snapshot()) >= CAST(CAST(:transaction AS text) AS xid8)")
_HEADS = text(
    """
    SELECT DISTINCT ON (export_id) export_id, seq, hash FROM entries
    WHERE id > :after AND id <= :upto ORDER BY export_id, id DESC
    """
)
