"""`make bench ARGS=burst`: a month-end's approvals over 20 connections, one of which hangs, beside the same without.

How long an approval took is told by the two sandboxes' clocks, which are this machine's: from the request that
approves it until the ERP posted the receivable. Only the connections that never hang are compared.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from deploy.sandbox.faulty.orders import Fault, FaultKind
from tests.bench.findings import Aim, Findings, Machine, Row, terminal
from tests.bench.site import companies, draft, in_parallel, opened
from tests.bench.worker import percentile, until_seen
from tests.support.crash_stage import Hands, Scene, eventually

CONNECTIONS = 20
APPROVALS_AT_ONCE = 16
PATIENCE = 3600.0
AIM = Aim(1.2, is_ceiling=True)


@dataclass(frozen=True)
class Size:
    """`approvals`: of each company, in each burst; each round is a burst without and one with the hanging ERP."""

    rounds: int
    approvals: int


FULL, SMALL = Size(rounds=1, approvals=500), Size(rounds=1, approvals=6)


@dataclass(frozen=True)
class Burst:
    """`spread` is how long it took until all were approved; `waits` are milliseconds, of the others' approvals."""

    spread: float
    waits: Sequence[float]


async def main(*, is_small: bool = False) -> int:
    """Prints the table; 1 when the aim is missed."""
    size, machine = SMALL if is_small else FULL, Machine.here()
    async with opened() as hands:
        names = [f"erp-{number:02}" for number in range(CONNECTIONS)]
        scenes = await companies(hands, names, contracts=2 * size.rounds * size.approvals)
        bursts: dict[bool, list[Burst]] = {False: [], True: []}
        for number in range(2 * size.rounds):
            contracts = range(number * size.approvals, (number + 1) * size.approvals)
            hangs = bool(number % 2)
            bursts[hangs].append(await burst(hands, scenes, contracts, hangs=hangs))
    return findings(bursts, size, machine).publish(terminal())


async def burst(hands: Hands, scenes: Sequence[Scene], contracts: range, *, hangs: bool) -> Burst:
    """All at once, with a worker that has seen the drafts. The last company's ERP may hang; it is left hanging."""
    drafted = await draft(hands, scenes, contracts)
    await hands.procore.wait_until_idle(within=PATIENCE)
    hanging, others = scenes[-1], scenes[:-1]
    began: dict[str, datetime] = {}

    async def approve(scene: Scene, invoice: int) -> None:
        began[str(invoice)] = datetime.now(UTC)
        await hands.approve(scene, invoice)

    if hangs:
        await hands.erp.order(hanging.name, Fault(kind=FaultKind.SILENCE_BEFORE, count=None))
    with hands.stage.worker("worker"):
        await until_seen(hands, drafted, PATIENCE)
        started = asyncio.get_running_loop().time()
        await in_parallel([lambda each=each: approve(*each) for each in drafted], APPROVALS_AT_ONCE)
        spread = asyncio.get_running_loop().time() - started
        awaited = {str(invoice) for scene, invoice in drafted if scene is not hanging}
        await eventually(lambda: still_to_come(hands, awaited), lambda left: not left, PATIENCE)
    if hangs:
        await hands.erp.clear(hanging.name)
    ended = await posted(hands, others)
    return Burst(spread, [(ended[invoice] - began[invoice]).total_seconds() * 1000 for invoice in awaited])


async def still_to_come(hands: Hands, awaited: set[str]) -> int:
    rows = await hands.rows(
        "SELECT count(*) FROM exports WHERE status = 'exported' AND payment_application_id = ANY($1)", list(awaited)
    )
    return len(awaited) - int(rows[0][0])


async def posted(hands: Hands, scenes: Sequence[Scene]) -> Mapping[str, datetime]:
    """Owner invoice to when the ERP posted it."""
    moments: defaultdict[str, datetime] = defaultdict()
    for scene in scenes:
        for document in await hands.erp.documents(scene.name):
            if document.posted_at is not None:
                moments[document.content.external_reference.split(":")[2]] = document.posted_at
    return moments


def findings(bursts: Mapping[bool, Sequence[Burst]], size: Size, machine: Machine) -> Findings:
    alike, hung = bursts[False], bursts[True]
    beside = "none hangs"
    spreads = ", ".join(f"{each.spread:.0f}" for each in (*alike, *hung))
    return Findings(
        "burst",
        f"{CONNECTIONS * size.approvals:,} approvals over {CONNECTIONS} connections, one ERP hangs: the other 19",
        machine,
        rows=[
            Row(
                f"approval to posted, {of_hundred} of 100",
                "ms",
                [percentile(each.waits, of_hundred) for each in hung],
                beside,
                [percentile(each.waits, of_hundred) for each in alike],
                AIM if of_hundred == 99 else None,
            )
            for of_hundred in (50, 99)
        ],
        notes=[
            f"the approvals of each burst took {spreads} s: so fast does the Procore sandbox approve beside the rest",
            "one worker; the sandboxes share its cores, so that most of an approval's time is its turn in the line",
        ],
    )
