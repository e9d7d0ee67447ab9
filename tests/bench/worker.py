"""`make bench ARGS=worker`: approvals that one worker process exports a second, and how long one takes.

Beside it runs a bare script with the same HTTP calls, as many commits and as many exports at once. Both meet the same
sandboxes, which need more of the two cores than the worker leaves: so the processor time of each is told as well.
"""

import asyncio
import json
import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.bench.bare_exports import Bare, BareExport, Plan, written
from tests.bench.findings import Aim, Findings, Machine, Row, terminal
from tests.bench.site import approve, companies, draft, opened
from tests.bench.stand import cpu_seconds
from tests.support.crash_stage import Hands, Scene, eventually

COMPANIES = ("north", "east", "south", "west")
AT_ONCE_EACH = 4
PATIENCE = 600.0
LATENCY_LOAD = 0.5
PROBE = 5  # exports of each company, to learn the calls and commits of one


@dataclass(frozen=True)
class Size:
    """`exports`: of each company, in each round and for the latencies."""

    rounds: int
    exports: int


FULL, SMALL = Size(rounds=5, exports=150), Size(rounds=2, exports=15)


@dataclass(frozen=True)
class Run:
    """Some exports by the worker, from the first entry to the last. `commits` are transactions that wrote."""

    exports: int
    seconds: float
    cpu: float
    commits: float

    @property
    def per_second(self) -> float:
        return self.exports / self.seconds


async def main(*, is_small: bool = False) -> int:
    """Prints the table; 1 when an aim is missed."""
    size, machine = SMALL if is_small else FULL, Machine.here()
    async with opened() as hands:
        scenes = await companies(
            hands, COMPANIES, contracts=PROBE + (size.rounds + 1) * size.exports, concurrency=AT_ONCE_EACH
        )
        commits = await probed(hands, scenes)
        runs, bares = [], []
        for number in range(size.rounds):
            contracts = range(PROBE + number * size.exports, PROBE + (number + 1) * size.exports)
            run, bare = await one_round(hands, scenes, contracts, commits)
            runs.append(run)
            bares.append(bare)
        rate = LATENCY_LOAD * statistics.median(run.per_second for run in runs)
        last = range(PROBE + size.rounds * size.exports, PROBE + (size.rounds + 1) * size.exports)
        latencies, alone = await latencies_at(hands, scenes, last, rate)
    return findings(runs, bares, latencies, alone, machine, commits=commits, rate=rate).publish(terminal())


async def probed(hands: Hands, scenes: Sequence[Scene]) -> int:
    """The commits of one export. Raises RuntimeError when the bare script's calls are not the worker's."""
    before = await calls(hands, scenes)
    drafted = await draft(hands, scenes, range(PROBE))
    await approve(hands, drafted)
    run = await by_worker(hands, drafted)
    between = await calls(hands, scenes)
    commits = round(run.commits / run.exports)
    await by_script(hands, drafted, at_once=1, commits=commits)
    after = await calls(hands, scenes)
    if between - before != after - between:
        raise RuntimeError(f"the worker's calls are {between - before}, the bare script's {after - between}")
    return commits


async def one_round(hands: Hands, scenes: Sequence[Scene], contracts: range, commits: int) -> tuple[Run, Bare]:
    drafted = await draft(hands, scenes, contracts)
    await approve(hands, drafted)
    run = await by_worker(hands, drafted)
    return run, await by_script(hands, drafted, at_once=AT_ONCE_EACH * len(scenes), commits=commits)


async def by_worker(hands: Hands, drafted: Sequence[tuple[Scene, int]]) -> Run:
    """What waits in Kafka, by a worker that was just started: its start does not count."""
    entries = await entries_so_far(hands)
    commits = await transactions(hands)
    with hands.stage.worker("worker") as process:
        await eventually(lambda: entries_so_far(hands), lambda now: now > entries, PATIENCE)
        spent = cpu_seconds(process)
        await exported(hands, drafted)
        spent = cpu_seconds(process) - spent
    return Run(len(drafted), await seconds_since(hands, entries), spent, await transactions(hands) - commits)


async def seconds_since(hands: Hands, entries: int) -> float:
    """From the first entry after so many until the last."""
    query = "SELECT min(at), max(at) FROM (SELECT at FROM entries ORDER BY id OFFSET $1) AS new"
    began, ended = (await hands.rows(query, entries))[0]
    return float((ended - began).total_seconds())


async def exported(hands: Hands, drafted: Sequence[tuple[Scene, int]]) -> None:
    """All of them, with the summary attached."""
    ids = [str(invoice) for _, invoice in drafted]
    await eventually(lambda: _attached(hands, ids), lambda done: done == len(ids), PATIENCE)


async def _attached(hands: Hands, ids: Sequence[str]) -> int:
    rows = await hands.rows(
        "SELECT count(*) FROM entries JOIN exports ON exports.id = export_id"
        " WHERE kind = 'follow_up_done' AND payment_application_id = ANY($1)",
        ids,
    )
    return int(rows[0][0])


async def until_seen(hands: Hands, drafted: Sequence[tuple[Scene, int]], patience: float = PATIENCE) -> None:
    """Until the workers have started, and looked at all of these drafts. `patience` is in seconds."""
    ids = [str(invoice) for _, invoice in drafted]
    await eventually(lambda: _skipped(hands, ids), lambda done: done == len(ids), patience)


async def _skipped(hands: Hands, ids: Sequence[str]) -> int:
    rows = await hands.rows(
        "SELECT count(*) FROM exports WHERE status = 'skipped' AND payment_application_id = ANY($1)", ids
    )
    return int(rows[0][0])


async def entries_so_far(hands: Hands) -> int:
    return int((await hands.rows("SELECT count(*) FROM entries"))[0][0])


async def transactions(hands: Hands) -> int:
    """How many were ever given a number: those that wrote."""
    rows = await hands.rows("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    return int(rows[0][0])


async def by_script(hands: Hands, drafted: Iterable[tuple[Scene, int]], *, at_once: int, commits: int) -> Bare:
    """The same owner invoices again, under references of the script's own."""
    stage = hands.stage
    exports = await bare_exports(hands, drafted)
    plan = written(Plan(exports, at_once, commits), stage.folder / "plan.json")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.bare_exports",
        str(plan),
        env=stage.environment,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError("the bare script failed")
    return Bare(**json.loads(said))


async def bare_exports(hands: Hands, drafted: Iterable[tuple[Scene, int]]) -> tuple[BareExport, ...]:
    """As the worker sent them, so that the bodies are the same but for the reference."""
    drafted = list(drafted)
    found = {}
    for scene in {scene.name: scene for scene, _ in drafted}.values():
        for document in await hands.erp.documents(scene.name):
            found[document.content.external_reference.split(":")[2]] = document
    made = []
    for scene, invoice in drafted:
        document = found[str(invoice)]
        content = document.content.model_dump(mode="json")
        content["external_reference"] += ":bare"
        attached = document.attachments[0]
        made.append(
            BareExport(
                company=scene.company,
                project=scene.project,
                invoice=invoice,
                book=scene.name,
                receivable=content | {"acknowledge": []},
                attachment={
                    "name": attached.name,
                    "content_type": attached.content_type,
                    "content_base64": "A" * (attached.size // 3 * 4),
                },
            )
        )
    return tuple(made)


async def calls(hands: Hands, scenes: Iterable[Scene]) -> Counter[str]:
    """What the sandboxes were asked so far of single owner invoices and of receivables, ids left out."""
    asked = [f"{one['method']} {one['path']}" for one in await hands.procore.requests()]
    for scene in scenes:
        asked += [f"{one.method} {one.path}" for one in await hands.erp.requests(scene.name)]
    shapes = Counter(re.sub(r"(?<=/)(\d+|R-\d+)(?=/|$)", "{}", one) for one in asked)
    about = re.compile(r"payment_applications/|receivables")
    return Counter({shape: count for shape, count in shapes.items() if about.search(shape)})


async def latencies_at(
    hands: Hands, scenes: Sequence[Scene], contracts: range, rate: float
) -> tuple[list[float], list[float]]:
    """Milliseconds from each approval until it stands posted, at so many a second; and those of its calls alone."""
    drafted = await draft(hands, scenes, contracts)
    await hands.procore.wait_until_idle(within=PATIENCE)
    began: dict[str, datetime] = {}

    async def approve_one(scene: Scene, invoice: int, after: float) -> None:
        await asyncio.sleep(after)
        began[str(invoice)] = datetime.now(UTC)
        await hands.approve(scene, invoice)

    with hands.stage.worker("worker"):
        await until_seen(hands, drafted)
        await asyncio.gather(*(approve_one(*each, number / rate) for number, each in enumerate(drafted)))
        await exported(hands, drafted)
    ended = {}
    for scene in scenes:
        for document in await hands.erp.documents(scene.name):
            ended[document.content.external_reference.split(":")[2]] = document.posted_at
    took = [(ended[invoice] - at).total_seconds() * 1000 for invoice, at in began.items()]
    alone = await by_script(hands, drafted[: len(scenes) * 10], at_once=1, commits=0)
    return took, [seconds * 1000 for seconds in alone.each]


def findings(
    runs: Sequence[Run],
    bares: Sequence[Bare],
    latencies: Sequence[float],
    alone: Sequence[float],
    machine: Machine,
    *,
    commits: int,
    rate: float,
) -> Findings:
    exports, p50, p99 = runs[0].exports, statistics.median(latencies), percentile(latencies, 99)
    script = "a bare script: the same calls, commits and concurrency"
    return Findings(
        "worker",
        f"The worker: {len(runs)} rounds of {exports} approvals that wait in Kafka, {len(COMPANIES)} connections",
        machine,
        rows=[
            Row(
                "approvals exported, one worker process",
                "a second",
                [run.per_second for run in runs],
                script,
                [exports / bare.seconds for bare in bares],
                Aim(0.6),
            ),
            Row(
                "processor for an export",
                "ms",
                [1000 * run.cpu / run.exports for run in runs],
                script,
                [1000 * bare.cpu / exports for bare in bares],
            ),
            Row(f"approval to posted in the ERP, p50 at {rate:.0f} a second", "ms", [p50]),
            Row(f"approval to posted in the ERP, p99 at {rate:.0f} a second", "ms", [p99]),
            Row(
                "p50 beyond what the calls take alone",
                "ms",
                [p50 - statistics.median(alone)],
                aim=Aim(50, is_ceiling=True),
            ),
            Row("p99 in p50s", "times", [p99 / p50], aim=Aim(5, is_ceiling=True)),
        ],
        notes=[
            f"an export is {commits} commits that write; the bare script makes as many",
            "both meet the same two sandboxes on the same cores, which are processes of their own",
        ],
    )


def percentile(figures: Sequence[float], of_hundred: int) -> float:
    return statistics.quantiles(figures, n=100, method="inclusive")[of_hundred - 1]
