"""`make bench ARGS=scaling`: two and four workers, and two receivers, beside one.

Where the cores are too few for more processes to be faster, the processor time for each export must stay the same.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from deploy.sandbox.local.processes import BackgroundProcess, free_port
from deploy.sandbox.local.ready import http_answers
from deploy.sandbox.local.services import CLI
from services.webhook_receiver.door import PATH
from tests.bench.door import CONNECTIONS
from tests.bench.findings import Aim, Findings, Machine, Row, terminal
from tests.bench.site import approve, companies, draft, opened
from tests.bench.stand import cpu_seconds
from tests.bench.worker import (
    AT_ONCE_EACH,
    COMPANIES,
    PATIENCE,
    Run,
    entries_so_far,
    exported,
    seconds_since,
    until_seen,
)
from tests.bench.wrk import load, wrk
from tests.support.crash_stage import Hands, Scene

WORKERS = (1, 2, 4)
FASTER = {2: 1.7, 4: 3.0}
# Each worker or receiver keeps a core busy, and so do the sandboxes, Kafka and the load.
CORES_FOR = {2: 6, 4: 8}
FLAT = Aim(1.25, is_ceiling=True)


@dataclass(frozen=True)
class Size:
    """`exports`: of each company and round; `seconds`: of a load on the receivers."""

    rounds: int
    exports: int
    seconds: float


FULL, SMALL = Size(rounds=3, exports=100, seconds=8), Size(rounds=1, exports=15, seconds=2)


@dataclass(frozen=True)
class Taken:
    """By all receivers together; `cpu` in seconds."""

    webhooks: int
    seconds: float
    cpu: float


async def main(*, is_small: bool = False) -> int:
    """Prints the table; 1 when an aim is missed. Raises MissingError."""
    wrk()
    size, machine = SMALL if is_small else FULL, Machine.here()
    async with opened() as hands:
        scenes = await companies(
            hands, COMPANIES, contracts=size.rounds * len(WORKERS) * size.exports, concurrency=AT_ONCE_EACH
        )
        runs: dict[int, list[Run]] = {workers: [] for workers in WORKERS}
        for number in range(size.rounds * len(WORKERS)):
            workers = WORKERS[number % len(WORKERS)]
            contracts = range(number * size.exports, (number + 1) * size.exports)
            runs[workers].append(await one_run(hands, scenes, contracts, workers))
        taken = await doors(hands, size)
    return findings(runs, taken, machine).publish(terminal())


async def one_run(hands: Hands, scenes: Sequence[Scene], contracts: range, workers: int) -> Run:
    """All of the workers are ready, and done with the drafts, before the approvals come."""
    drafted = await draft(hands, scenes, contracts)
    await hands.procore.wait_until_idle(within=PATIENCE)
    with ExitStack() as closing:
        processes = [closing.enter_context(hands.stage.worker(f"worker-{number}")) for number in range(workers)]
        await until_seen(hands, drafted)
        entries, spent = await entries_so_far(hands), sum(map(cpu_seconds, processes))
        await approve(hands, drafted)
        await exported(hands, drafted)
        spent = sum(map(cpu_seconds, processes)) - spent
    return Run(len(drafted), await seconds_since(hands, entries), spent, commits=0)


async def doors(hands: Hands, size: Size) -> dict[int, list[Taken]]:
    """One receiver and two, in turns, under the same number of connections."""
    taken: dict[int, list[Taken]] = {1: [], 2: []}
    with receiver(hands, "first") as first, receiver(hands, "second") as second:
        for both in ((first,), (first, second)):  # warm
            await took(hands, both, size.seconds)
        for _ in range(size.rounds):
            taken[1].append(await took(hands, (first,), size.seconds))
            taken[2].append(await took(hands, (first, second), size.seconds))
    return taken


@contextmanager
def receiver(hands: Hands, name: str) -> Iterator[tuple[str, BackgroundProcess]]:
    """One more, ready; the address of its door."""
    port = free_port()
    process = BackgroundProcess(
        [CLI, "receiver"],
        log=hands.stage.folder / "logs" / f"receiver-{name}.log",
        environment=hands.stage.environment | {"PORT": str(port)},
    )
    process.start()
    try:
        process.wait_until(lambda: http_answers(f"http://127.0.0.1:{port}/readyz"))
        yield f"http://127.0.0.1:{port}{PATH}", process
    finally:
        process.stop()


async def took(hands: Hands, receivers: Sequence[tuple[str, BackgroundProcess]], seconds: float) -> Taken:
    token = f"Bearer {hands.stage.environment['PROCORE_WEBHOOK_TOKENS']}"
    before = sum(cpu_seconds(process) for _, process in receivers)
    each = CONNECTIONS // len(receivers)
    done = await asyncio.gather(
        *(load(url, authorization=token, connections=each, seconds=seconds) for url, _ in receivers)
    )
    spent = sum(cpu_seconds(process) for _, process in receivers) - before
    return Taken(sum(one.answered for one in done), max(one.seconds for one in done), spent)


def findings(runs: dict[int, list[Run]], taken: dict[int, list[Taken]], machine: Machine) -> Findings:
    rows = []
    for several in WORKERS[1:]:
        rates = {workers: [run.per_second for run in runs[workers]] for workers in (1, several)}
        costs = {workers: [1000 * run.cpu / run.exports for run in runs[workers]] for workers in (1, several)}
        rows += side_by_side(
            f"exports, {several} workers", "processor for an export", "ms", several, rates, costs, machine
        )
    rates = {many: [one.webhooks / one.seconds for one in taken[many]] for many in taken}
    costs = {many: [1e6 * one.cpu / one.webhooks for one in taken[many]] for many in taken}
    rows += side_by_side("webhooks accepted, 2 receivers", "processor for a webhook", "µs", 2, rates, costs, machine)
    return Findings("scaling", "More processes beside one, on the same machine", machine, rows, notes=[
        f"{machine.cores} cores, which the sandboxes, Postgres, Kafka and the load share",
        "an aim for the rate counts only where there are cores for that many",
    ])  # fmt: skip


def side_by_side(
    what: str,
    cost: str,
    unit: str,
    several: int,
    rates: dict[int, list[float]],
    costs: dict[int, list[float]],
    machine: Machine,
) -> list[Row]:
    """The rate, with an aim where there are cores enough; and what each costs."""
    aim = Aim(FASTER[several]) if machine.cores >= CORES_FOR[several] else None
    return [
        Row(what, "a second", rates[several], "one", rates[1], aim),
        Row(f"{cost}, {what.rpartition(', ')[2]}", unit, costs[several], "one", costs[1], FLAT),
    ]
