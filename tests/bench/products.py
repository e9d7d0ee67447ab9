"""`make bench ARGS=products`: webhooks accepted a second, and brought to a durable row, beside Node-RED and n8n.

Ours answers when Kafka has the webhook, and the worker writes the row; theirs answer when the row is written. The
webhooks tell of other resources than owner invoices, which leave one row each with us as well: nothing follows.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import asyncpg

from deploy.sandbox.stack import Stack
from services.webhook_receiver.door import PATH
from tests.bench.door import CONNECTIONS
from tests.bench.findings import Aim, Findings, Machine, MissingError, Row, terminal
from tests.bench.peers import N8N, NODE_RED, Peer, running
from tests.bench.stand import broker_of, stack_with
from tests.bench.wrk import Load, load, wrk

SERVICES = ("procore-sandbox", "erp-sandbox", "receiver", "worker")
AIMS = {NODE_RED: Aim(3), N8N: Aim(20)}
STANDS_STILL_SECONDS = 6.0
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Size:
    rounds: int
    seconds: float


FULL, SMALL = Size(rounds=3, seconds=8), Size(rounds=1, seconds=2)


@dataclass
class Product:
    """What takes webhooks at `url` and keeps each as a row of `table`; figures are a second, one for each round."""

    name: str
    url: str
    database_url: str
    table: str
    accepted: list[float] = field(default_factory=list)
    kept: list[float] = field(default_factory=list)


async def main(*, is_small: bool = False) -> int:
    """Prints the table; 1 when an aim is missed. Raises MissingError when neither product can be had."""
    wrk()
    size, machine, console = SMALL if is_small else FULL, Machine.here(), terminal()
    with stack_with(*SERVICES) as stack, ExitStack() as closing:
        ours = Product("ours", stack.environment["RECEIVER_URL"] + PATH, stack.environment["DATABASE_URL"], "events")
        theirs, missing = started(list(AIMS), stack, closing)
        if not theirs:
            raise MissingError("; ".join(missing))
        token = f"Bearer {stack.environment['PROCORE_WEBHOOK_TOKENS']}"
        for product in (ours, *theirs.values()):
            await to_the_end(product, token, size.seconds)  # warm
        for _ in range(size.rounds):
            await at_the_door(ours, stack, token, size.seconds)
            for product in (ours, *theirs.values()):
                accepted, kept = await to_the_end(product, token, size.seconds)
                product.kept.append(kept)
                if product is not ours:
                    product.accepted.append(accepted)
        return findings(ours, theirs, machine, [*missing, *notes(stack, size)]).publish(console)


def started(peers: Sequence[Peer], stack: Stack, closing: ExitStack) -> tuple[dict[Peer, Product], list[str]]:
    """Those that can be had, and why not the others."""
    had, missing = {}, []
    for peer in peers:
        try:
            its = closing.enter_context(running(peer, stack.environment["DATABASE_URL"], stack.folder / "logs"))
        except MissingError as why:
            missing.append(f"skipped: {why}")
        else:
            had[peer] = Product(peer.name, its.url, its.database_url, "ledger")
    return had, missing


async def at_the_door(ours: Product, stack: Stack, token: str, seconds: float) -> None:
    """Accepted a second while no worker runs; it reads them afterwards, and then nothing is left behind."""
    before = await rows(ours)
    await asyncio.to_thread(stack.stop, "worker")
    done = await _loaded(ours, token, seconds)
    ours.accepted.append(done.per_second)
    await asyncio.to_thread(stack.start, "worker")
    await grown(lambda: rows(ours), before + done.answered)


async def to_the_end(product: Product, token: str, seconds: float) -> tuple[float, float]:
    """Answered a second, and rows a second: from the first webhook until the last row is there."""
    before, began = await rows(product), time.monotonic()
    done = await _loaded(product, token, seconds)
    kept, ended = await grown(lambda: rows(product), before + done.answered)
    return done.per_second, (kept - before) / (ended - began)


async def grown(count: Callable[[], Awaitable[int]], least: int) -> tuple[int, float]:
    """The count when it stands still at `least` or more, and when it last changed. RuntimeError when it stays below."""
    last, changed = await count(), time.monotonic()
    while time.monotonic() < changed + (POLL_SECONDS * 5 if last >= least else STANDS_STILL_SECONDS):
        await asyncio.sleep(POLL_SECONDS)
        now = await count()
        if now != last:
            last, changed = now, time.monotonic()
    if last < least:
        raise RuntimeError(f"lost: {least} rows were promised, {last} are there")
    return last, changed


async def rows(product: Product) -> int:
    connection = await asyncpg.connect(product.database_url)
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM {product.table}"))
    finally:
        await connection.close()


async def _loaded(product: Product, token: str, seconds: float) -> Load:
    done = await load(
        product.url, authorization=token, connections=CONNECTIONS, seconds=seconds, resource="Prime Contracts"
    )
    if done.refused or done.broken:
        raise RuntimeError(f"{product.name}: {done.refused} refused, {done.broken} without an answer")
    return done


def findings(ours: Product, theirs: dict[Peer, Product], machine: Machine, said: Sequence[str]) -> Findings:
    made = []
    for peer, product in theirs.items():
        aim = AIMS[peer]
        made += [
            Row("webhooks accepted, no worker running", "a second", ours.accepted, product.name, product.accepted, aim),
            Row("webhooks to a durable row", "a second", ours.kept, product.name, product.kept, aim),
        ]
    title = f"Products: {CONNECTIONS} connections, one process of each; ours is a receiver and a worker"
    return Findings("products", title, machine, made, said)


def notes(stack: Stack, size: Size) -> list[str]:
    return [
        f"{size.seconds:g} s a run, {size.rounds} rounds in turns, {broker_of(stack)}; all stay up, on the same cores",
        "ours answers once Kafka has the webhook (acks=all), theirs once Postgres has the row; Postgres is the same",
        "n8n keeps no record of its executions here, which it would by itself",
        "no row was lost: as many were there as webhooks were answered",
    ]
