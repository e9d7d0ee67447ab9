"""`make bench ARGS=catch_up`: how fast a worker reads what came while none ran, and what memory that takes.

The webhooks are about owner invoices, each about another one, of a company that nobody serves: what each leaves (its
event, an export with its entry, a due look) is the most that a webhook can leave.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from deploy.sandbox.stack import Stack
from services.webhook_receiver.door import PATH
from tests.bench.door import CONNECTIONS
from tests.bench.findings import Aim, Findings, Machine, Row, terminal
from tests.bench.stand import broker_of, growth, resident_mebibytes, stack_with
from tests.bench.wrk import load, wrk

SERVICES = ("procore-sandbox", "erp-sandbox", "receiver", "worker")
FULL, SMALL = 100_000, 3_000
LOAD_SECONDS = 2.0
POLL_SECONDS = 0.25
STANDS_STILL_SECONDS = 60.0


@dataclass(frozen=True)
class CaughtUp:
    """`memory` holds the worker's resident MiB, a figure for each poll from the first record on."""

    records: int
    seconds: float
    memory: Sequence[float]


async def main(*, is_small: bool = False) -> int:
    """Prints the table; 1 when an aim is missed. Raises MissingError."""
    wrk()
    wanted, machine = SMALL if is_small else FULL, Machine.here()
    with stack_with(*SERVICES) as stack:
        await asyncio.to_thread(stack.stop, "worker")
        waiting = await filled(stack, wanted)
        return findings(await caught_up(stack, waiting), machine, broker_of(stack)).publish(terminal())


async def filled(stack: Stack, wanted: int) -> int:
    """At least so many webhooks wait; how many."""
    url, token = stack.environment["RECEIVER_URL"] + PATH, f"Bearer {stack.environment['PROCORE_WEBHOOK_TOKENS']}"
    waiting = 0
    while waiting < wanted:
        waiting += (await load(url, authorization=token, connections=CONNECTIONS, seconds=LOAD_SECONDS)).answered
    return waiting


async def caught_up(stack: Stack, waiting: int) -> CaughtUp:
    """From the first record that is stored until all are."""
    starting = asyncio.create_task(asyncio.to_thread(stack.start, "worker"))
    memory: list[float] = []
    connection = await asyncpg.connect(stack.environment["DATABASE_URL"])
    try:
        first, began, stored, grew = 0, 0.0, 0, time.monotonic()
        while stored < waiting:
            if time.monotonic() > grew + STANDS_STILL_SECONDS:
                raise RuntimeError(f"lost: {waiting} webhooks were acknowledged, {stored} are there")
            await asyncio.sleep(POLL_SECONDS)
            before, now = stored, time.monotonic()
            stored = int(await connection.fetchval("SELECT count(*) FROM events"))
            grew = now if stored > before else grew
            if stored:
                first, began = (first, began) if memory else (stored, now)
                memory.append(resident_mebibytes(stack.process("worker")))
    finally:
        await connection.close()
    await starting
    return CaughtUp(stored - first, grew - began, memory)


def findings(done: CaughtUp, machine: Machine, broker: str) -> Findings:
    return Findings(
        "catch_up",
        f"Catching up: {done.records:,} webhooks that wait in {broker}, one worker",
        machine,
        rows=[
            Row("records stored", "a second", [done.records / done.seconds]),
            Row("the worker's memory, at most", "MiB", [max(done.memory)], aim=Aim(300, is_ceiling=True)),
            Row(
                "its memory in the end",
                "times an earlier one",
                [growth(done.memory)],
                aim=Aim(1.1, is_ceiling=True),
            ),
        ],
        notes=["meanwhile the worker walks the exports that became due, as it always does"],
    )
