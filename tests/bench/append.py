"""`make bench ARGS=append`: how long the ledger's writer takes to append an entry, to a small and to a big ledger.

The exports are drawn by chance from all of them; the two ledgers take turns, so that both meet the same disturbances.
"""

import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from sqlalchemy import text

from deploy.sandbox.local.parts import Part, postgres_part
from services.export_worker.exports import Claim
from services.export_worker.ledger_writer import LedgerWriter
from shared.database import Role, create_engine, create_pool
from tests.bench.findings import Aim, Findings, Machine, Row, terminal
from tests.bench.ledger_filling import filled_database
from tests.support.ledgers import held_for

WARMING = 20
# Spread evenly, without sorting everything; each is claimed for us for an hour.
CLAIMED = """
    INSERT INTO work (export_id, connection, fencing_token, lease_until)
    SELECT id, connection, 1, now() + interval '1 hour'
    FROM exports TABLESAMPLE BERNOULLI (10) WHERE id > 1000 ORDER BY random() LIMIT :most
    RETURNING export_id
"""


@dataclass(frozen=True)
class Size:
    ledgers: tuple[int, int]
    rounds: int
    appends: int


FULL = Size(ledgers=(10_000, 1_000_000), rounds=9, appends=80)
SMALL = Size(ledgers=(2_000, 20_000), rounds=3, appends=30)


@dataclass
class Ledger:
    """`claims` are still to be appended to; `rounds` holds each round's median, in milliseconds."""

    exports: int
    writer: LedgerWriter
    claims: list[Claim]
    rounds: list[float] = field(default_factory=list)

    async def append(self) -> float:
        """One entry to an export that was not touched yet; how long it took."""
        claim, now = self.claims.pop(), datetime.now(UTC)
        began = time.perf_counter()
        await self.writer.append(claim, [held_for()], now=now)
        return (time.perf_counter() - began) * 1000


async def main(*, is_small: bool = False) -> int:
    """Prints the table; 1 when the aim is missed."""
    size, machine, console = SMALL if is_small else FULL, Machine.here(), terminal()
    async with AsyncExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="bench")))
        server = postgres_part(folder / "postgres", {}, durable=False)
        closing.callback(server.remove)
        small, big = [
            await closing.enter_async_context(ledger(server, exports, size, console)) for exports in size.ledgers
        ]
        await measured(small, big, WARMING)
        for _ in range(size.rounds):
            for each, took in zip((small, big), await measured(small, big, size.appends), strict=True):
                each.rounds.append(statistics.median(took))
    return findings(small, big, machine).publish(console)


@asynccontextmanager
async def ledger(server: Part, exports: int, size: Size, console: Console) -> AsyncIterator[Ledger]:
    """Filled, with enough exports claimed."""
    url, filled = await filled_database(server, exports, console)
    owner = create_engine(url, Role.OWNER, application_name="bench")
    try:
        async with owner.begin() as connection:
            drawn = await connection.execute(text(CLAIMED), {"most": WARMING + size.rounds * size.appends})
            claims = [Claim(row.export_id, 1, None, None, None) for row in drawn]
    finally:
        await owner.dispose()
    async with create_pool(url, Role.WORKER, application_name="bench", size=1) as pool:
        yield Ledger(filled.exports, LedgerWriter(pool, "bench"), claims)


async def measured(small: Ledger, big: Ledger, appends: int) -> Sequence[list[float]]:
    """Milliseconds of each, in turns."""
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(appends):
        for each, kept in zip((small, big), took, strict=True):
            kept.append(await each.append())
    return took


def findings(small: Ledger, big: Ledger, machine: Machine) -> Findings:
    return Findings(
        "append",
        f"Appending one entry: {len(big.rounds)} rounds, in turns",
        machine,
        rows=[
            Row(
                f"append to a ledger of {big.exports:,} exports, median",
                "ms",
                big.rounds,
                f"to one of {small.exports:,}",
                small.rounds,
                Aim(2, is_ceiling=True),
            )
        ],
        notes=[
            "Postgres does not wait for the disk here: a commit's fsync would hide what a bigger ledger costs",
            "one append is a transaction that locks the export, folds it, and writes the entry and the row",
        ],
    )
