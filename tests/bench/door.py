"""`make bench ARGS=door`: webhooks that one receiver process accepts a second, beside doors that keep nothing.

A webhook counts when its 204 arrived; the topic must have grown by as many records.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import httpx

from deploy.sandbox.local.processes import BackgroundProcess, free_port
from deploy.sandbox.stack import Stack
from services.webhook_receiver.door import PATH
from shared.events.topics import Topic
from tests.bench.findings import Aim, Findings, Machine, Row, terminal
from tests.bench.stand import broker_of, counts_records, cpu_seconds, environment_of, records_in, sample, stack_with
from tests.bench.wrk import OWNER_INVOICES, Load, load, wrk

CONNECTIONS = 64
BESIDE = ("bare", "fastapi", "kafka")


@dataclass(frozen=True)
class Size:
    rounds: int
    seconds: float


FULL, SMALL = Size(rounds=7, seconds=8), Size(rounds=2, seconds=2)


@dataclass
class Door:
    """One process that takes webhooks, and each round's load on it. `cpu` is in seconds, over all rounds."""

    name: str
    url: str
    process: BackgroundProcess
    loads: list[Load] = field(default_factory=list)
    cpu: float = 0.0

    @property
    def rates(self) -> list[float]:
        return [each.per_second for each in self.loads]

    @property
    def microseconds_each(self) -> float:
        """Of its processor, for one webhook."""
        return 1e6 * self.cpu / sum(each.answered for each in self.loads)


async def main(*, is_small: bool = False) -> int:
    """Prints the table; 1 when an aim is missed. Raises MissingError."""
    wrk()
    size, machine = SMALL if is_small else FULL, Machine.here()
    with stack_with("receiver") as stack, ExitStack() as closing:
        doors = [Door("receiver", stack.environment["RECEIVER_URL"] + PATH, stack.process("receiver"))]
        doors += [closing.enter_context(door_of(name, stack)) for name in BESIDE]
        authorization = f"Bearer {stack.environment['PROCORE_WEBHOOK_TOKENS']}"
        await until_in_kafka(stack, authorization)
        for door in doors:  # warm: imports, connections, the broker's compiler
            await load(door.url, authorization=authorization, connections=CONNECTIONS, seconds=size.seconds)
        for _ in range(size.rounds):
            for door in doors:
                await measure(door, stack, authorization, size.seconds)
        return findings(doors, machine, broker_of(stack), size).publish(terminal())


@contextmanager
def door_of(name: str, stack: Stack) -> Iterator[Door]:
    """A door to compare with, answering."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.bare_doors", name, str(port)]
    log = stack.folder / "logs" / f"{name}.log"
    process = BackgroundProcess(command, log=log, environment=environment_of(stack))
    process.start()
    try:
        process.wait_until(lambda: takes(port))
        yield Door(name, f"http://127.0.0.1:{port}{PATH}", process)
    finally:
        process.stop()


async def measure(door: Door, stack: Stack, authorization: str, seconds: float) -> None:
    """One round. Raises RuntimeError when anything was refused, or acknowledged and not kept."""
    is_compared = door.name == "receiver" and counts_records(stack)
    records = await records_in(stack, Topic.WEBHOOKS) if is_compared else 0
    accepted = await accepted_by(stack) if is_compared else 0
    spent = cpu_seconds(door.process)
    done = await load(door.url, authorization=authorization, connections=CONNECTIONS, seconds=seconds)
    door.cpu += cpu_seconds(door.process) - spent
    if done.refused or done.broken:
        raise RuntimeError(f"{door.name}: {done.refused} refused, {done.broken} without an answer")
    if is_compared:
        accepted = await accepted_by(stack) - accepted
        check_kept(done.answered, accepted, await records_in(stack, Topic.WEBHOOKS) - records)
    door.loads.append(done)


async def until_in_kafka(stack: Stack, authorization: str) -> None:
    """A receiver that was just started parks what comes until it has found Kafka."""
    url, before = stack.environment["RECEIVER_URL"], await accepted_by(stack)
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        while await accepted_by(stack) == before:
            body = {"id": 1, "company_id": 4907, "resource_name": OWNER_INVOICES, "resource_id": 1}
            await client.post(PATH, json=body, headers={"Authorization": authorization})


async def accepted_by(stack: Stack) -> int:
    """As the receiver counts, once nothing is on its way any more."""
    async with httpx.AsyncClient(base_url=stack.environment["RECEIVER_URL"], trust_env=False) as client:
        before, now = -1, 0
        while now != before:
            before, now = (
                now,
                int(sample((await client.get("/metrics")).text, "invoice_export_webhooks_total", outcome="accepted")),
            )
            await asyncio.sleep(0.1)
        return now


def check_kept(acknowledged: int, accepted: int, records: int) -> None:
    """At its end wrk hangs up on one request for each connection: those may be kept without having been counted."""
    if records != accepted or not acknowledged <= records <= acknowledged + CONNECTIONS:
        told = f"{acknowledged} acknowledged, {accepted} accepted, {records} records more in the topic"
        raise RuntimeError(f"what was acknowledged was not kept: {told}")


def findings(doors: list[Door], machine: Machine, broker: str, size: Size) -> Findings:
    ours, bare, fastapi, kafka = doors
    what, unit = f"webhooks accepted, one receiver process, {CONNECTIONS} connections", "a second"
    return Findings(
        "door",
        f"The door: {size.rounds} rounds of {size.seconds:g} s in turns, {broker}, acks=all",
        machine,
        rows=[
            Row(what, unit, ours.rates, "a bare ASGI function under the same uvicorn", bare.rates, Aim(0.4)),
            Row(what, unit, ours.rates, "a FastAPI route that only reads the body", fastapi.rates, Aim(1.5)),
            Row(what, unit, ours.rates, "a bare ASGI function that sends the body to the same Kafka", kafka.rates),
            Row("a webhook's answer, median", "ms", [each.p50 for each in ours.loads]),
            Row("a webhook's answer, 99 of 100", "ms", [each.p99 for each in ours.loads]),
            *(Row(f"processor for a webhook, {each.name}", "µs", [each.microseconds_each]) for each in doors),
        ],
        notes=[
            "load and broker run on the same cores; a round's four runs follow each other",
            "every webhook that was acknowledged is in the topic: compared after each round (Apache Kafka only)",
        ],
    )


def takes(port: int) -> bool:
    try:
        return httpx.post(f"http://127.0.0.1:{port}{PATH}", json={"company_id": 1}, trust_env=False).is_success
    except httpx.HTTPError:
        return False
