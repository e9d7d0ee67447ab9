"""python -m tests.chaos: `make chaos`. Breaks everything that can break, and proves that the laws held."""

import argparse
import asyncio
import random
import shutil
import sys
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy.sandbox.erp.control_client import ErpControl
from deploy.sandbox.procore.control_client import SandboxControl
from tests.chaos.checker.laws import judge
from tests.chaos.gathering import gather
from tests.chaos.ground import Ground
from tests.chaos.journal import Journal
from tests.chaos.machine import checked_out
from tests.chaos.mutations import MUTATIONS
from tests.chaos.office import Office
from tests.chaos.plan import LONG, SHORT, Plan, plan
from tests.chaos.report import Verdict, verdict, write
from tests.chaos.restoring import go_back
from tests.chaos.settling import rest, settle
from tests.chaos.striking import Striking
from tests.chaos.tampering import undetected

OLD = Path(".local").resolve() / "chaos-since"
TAMPERED = "tampering is found"
FOLDER = Path(".local").resolve() / "chaos"
# So far behind our clocks that the twelve hours of a discard bring it near them.
BEHIND = timedelta(hours=15)


async def run(plan: Plan, folder: Path, *, product: Path | None = None) -> Verdict:
    """One run, from nothing to its verdict. Everything that it started is gone afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    journal = Journal(folder / "journal.jsonl", print)
    ground = Ground(folder, seed=plan.seed, product=product, small_disks=plan.size.is_long)
    try:
        await asyncio.to_thread(ground.up)
        async with AsyncExitStack() as closing:
            procore = await closing.enter_async_context(SandboxControl(ground.address("procore")))
            erp = await closing.enter_async_context(ErpControl(ground.address("erp")))
            await procore.set_clock(datetime.now(UTC) - BEHIND)
            office = Office(ground, procore, erp, journal, plan)
            await office.furnish()
            await asyncio.to_thread(ground.open_house)
            await office.hang_hooks()
            journal.begin()
            striking = Striking(ground, procore, erp, office, journal)
            async with asyncio.TaskGroup() as group:
                group.create_task(office.work())
                group.create_task(striking.strike(plan.faults))
            journal.tell("the last approval is given, the last fault is over")
            within = plan.size.settles_within
            await settle(ground, office, striking, journal, within=within)
            if plan.size.is_long:
                await go_back(ground, office, journal, lambda: rest(ground, office, journal, within=within))
            evidence = await gather(ground, office, journal)
            await asyncio.to_thread(ground.close_house)
            broken = judge(evidence) | {TAMPERED: await undetected(ground)}
        found = verdict(plan, journal, evidence, broken)
        write(found, folder)
        return found
    finally:
        journal.close()
        await asyncio.to_thread(ground.down)


def tell(found: Verdict, folder: Path) -> None:
    """In words."""
    faults = sum(found.faults.values())
    print(f"\n{found.approvals:,} approvals, {faults} faults, {found.seconds:.0f} s, seed {found.seed}")
    for name, why in found.skipped.items():
        print(f"  skipped: {name} ({why})")
    for law, breaks in found.broken.items():
        print(f"  {law}: {'held' if not breaks else f'BROKEN {len(breaks)} times'}")
        for each in breaks[:5]:
            print(f"      {each}")
    print(f"  {folder / 'verdict.html'}, {folder / 'verdict.json'}, {folder / 'journal.jsonl'}")


async def all_mutations(seed: int) -> int:
    """1 when one of them was not seen."""
    unseen = []
    for number, mutation in enumerate(MUTATIONS):
        folder = FOLDER / f"mutation-{number}"
        shutil.rmtree(folder, ignore_errors=True)
        product = mutation.applied(folder / "product")
        print(f"\n{mutation.law}: {mutation.about}")
        found = await run(mutation.plan(seed), folder / "run", product=product)
        tell(found, folder / "run")
        if not found.broken[mutation.law]:
            unseen.append(mutation.law)
    for law in unseen:
        print(f"NOT SEEN: {law}")
    print(f"{len(MUTATIONS) - len(unseen)} of {len(MUTATIONS)} mutations were seen; seed {seed}")
    return 1 if unseen else 0


def main() -> int:
    """1 when a law was broken."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="plays that run again")
    parser.add_argument("--short", action="store_true", help="two minutes instead of an hour")
    parser.add_argument("--part", type=float, default=1, metavar="SHARE", help="0.1 takes a tenth of the hour")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where its journal and its verdict lie")
    parser.add_argument("--since", metavar="COMMIT", help="begin with the product of then: a deploy brings today's")
    parser.add_argument("--mutations", action="store_true", help="break each law on purpose, and see each seen")
    given = parser.parse_args()
    seed = random.randrange(10**6) if given.seed is None else given.seed
    if given.mutations:
        return asyncio.run(all_mutations(seed))
    size = SHORT if given.short else LONG.part(given.part)
    how = "--short" if given.short else f"--part {given.part:g}"
    print(f"seed {seed}: make chaos ARGS='--seed {seed} {how}' plays this again")
    begun = time.monotonic()
    shutil.rmtree(OLD, ignore_errors=True)
    product = checked_out(given.since, OLD) if given.since else None
    found = asyncio.run(run(plan(seed, size), given.folder.resolve(), product=product))
    tell(found, given.folder)
    print(f"  {time.monotonic() - begun:.0f} s in all")
    return 0 if found.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
