"""Proves the whole ledger, or names each thing that is broken. Memory does not grow with the ledger."""

import hmac
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.ledger.examination import Break, Examination
from shared.ledger.seals import FIRST, Digest, Seal, all_seals, seal_mac
from shared.ledger.tables import entries, exports

__all__ = ["Break", "Verification"]

BATCH = 200
NOWHERE = 2**63 - 1  # above every id


class Verification:
    """One run. The counts tell how far it came; seals are checked when the whole ledger is read with their key."""

    def __init__(self, engine: AsyncEngine, *, seal_key: SecretStr | None = None) -> None:
        self.exports = 0
        self.entries = 0
        self.seals = 0
        self._engine = engine
        self._seal_key = seal_key

    async def breaks(self) -> AsyncIterator[Break]:
        """Everything that is broken in the whole ledger."""
        sealed = await self._sealed()
        after = 0
        while True:
            async with self._snapshot() as connection:
                rows = await _rows(connection, after)
                upto = rows[-1].id if len(rows) == BATCH else NOWHERE
                async for broken in self._examined(connection, rows, after, upto, sealed):
                    yield broken
            if upto == NOWHERE:
                break
            after = upto
        if sealed is not None:
            self.seals = len(sealed.seals)
            for broken in sealed.breaks():
                yield broken

    async def breaks_of(self, export_id: int) -> AsyncIterator[Break]:
        """Everything that is broken in one export, which need not exist."""
        async with self._snapshot() as connection:
            rows = (await connection.execute(select(exports).where(exports.c.id == export_id))).all()
            if not rows:
                yield Break(f"export {export_id}", "there is no such export")
            async for broken in self._examined(connection, rows, export_id - 1, export_id, None):
                yield broken

    async def _sealed(self) -> "SealedDigests | None":
        if self._seal_key is None:
            return None
        async with self._snapshot() as connection:
            return SealedDigests(await all_seals(connection), self._seal_key)

    async def _examined(
        self, connection: AsyncConnection, rows: Sequence[Any], after: int, upto: int, sealed: "SealedDigests | None"
    ) -> AsyncIterator[Break]:
        examinations = {row.id: Examination(row) for row in rows}
        orphan = None
        async for entry in await connection.stream(_entries(after, upto)):
            self.entries += 1
            if sealed is not None:
                sealed.add(entry)
            if entry.export_id in examinations:
                for broken in examinations[entry.export_id].add(entry):
                    yield broken
            elif entry.export_id != orphan:
                orphan = entry.export_id
                yield Break(f"export {orphan}", "has entries but no row")
        for examination in examinations.values():
            self.exports += 1
            for broken in examination.end():
                yield broken

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[AsyncConnection]:
        """Rows and entries of one moment, while the worker goes on."""
        async with self._engine.connect() as plain:
            yield await plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


class SealedDigests:
    """Every seal's digest made again from the entries, which come in the order of export and `seq`."""

    def __init__(self, seals: Sequence[Seal], key: SecretStr) -> None:
        self.seals = seals
        self._key = key
        self._ends = [seal.last_entry_id for seal in seals]
        self._digests = [Digest() for _ in seals]
        self._export_id: int | None = None
        self._heads: dict[int, Any] = {}

    def add(self, entry: Any) -> None:
        """One more entry; those that are newer than the newest seal count in none."""
        if entry.export_id != self._export_id:
            self._close_export()
            self._export_id = entry.export_id
        at = bisect_left(self._ends, entry.id)
        if at < len(self._ends) and (at not in self._heads or self._heads[at].id < entry.id):
            self._heads[at] = entry

    def breaks(self) -> Iterator[Break]:
        """What is wrong with the seals, after the last entry."""
        self._close_export()
        previous, end = FIRST, 0
        for seal, digest in zip(self.seals, self._digests, strict=True):
            where = f"seal {seal.id}"
            if seal.previous_mac != previous or seal.last_entry_id <= end:
                yield Break(where, "does not follow the seal before it: a seal was removed or changed")
            if not hmac.compare_digest(seal.mac, self._mac(seal)):
                yield Break(where, "its signature does not fit: it was changed, or LEDGER_SEAL_KEY is another one")
            if digest.exports != seal.exports:
                told = f"covers {seal.exports} exports up to entry {seal.last_entry_id}, {digest.exports} are there"
                yield Break(where, told)
            elif digest.value() != seal.digest:
                yield Break(where, f"the exports up to entry {seal.last_entry_id} are not as they were sealed")
            previous, end = seal.mac, seal.last_entry_id

    def _close_export(self) -> None:
        for at, head in self._heads.items():
            self._digests[at].add(head.export_id, head.seq, head.hash)
        self._heads = {}

    def _mac(self, seal: Seal) -> bytes:
        return seal_mac(
            self._key,
            at=seal.at,
            last_entry_id=seal.last_entry_id,
            exports=seal.exports,
            digest=seal.digest,
            previous_mac=seal.previous_mac,
        )


async def _rows(connection: AsyncConnection, after: int) -> Sequence[Any]:
    statement = select(exports).where(exports.c.id > after).order_by(exports.c.id).limit(BATCH)
    return (await connection.execute(statement)).all()


def _entries(after: int, upto: int) -> Select[Any]:
    mine = (entries.c.export_id > after) & (entries.c.export_id <= upto)
    return select(*entries.c).where(mine).order_by(entries.c.export_id, entries.c.seq, entries.c.id)
