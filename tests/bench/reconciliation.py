"""`make bench ARGS=reconciliation`: 1,000 projects of 40 owner invoices each, within a share of Procore's rate limit.

The Procore sandbox keeps its usual limits (3,600 requests an hour, 100 in ten seconds). A run that has used up its
share ends, and the next one goes on from there: in the next hour, for which the sandbox's clock is moved. The owner
invoices are drafts: all are listed and compared, none is missed.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deploy.sandbox.local.processes import BackgroundProcess
from deploy.sandbox.local.services import CLI
from tests.bench.findings import Aim, Findings, Machine, Row, terminal
from tests.bench.site import companies, in_parallel, opened
from tests.bench.stand import growth, resident_mebibytes
from tests.support.crash_stage import CONCRETE, CUSTOMER, Hands, Scene

HOURLY, SPIKE = 3600, 100
AN_HOUR = 3600
SHARE = 0.25  # as the settings have it by themselves
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Size:
    projects: int
    invoices: int


FULL, SMALL = Size(projects=1_000, invoices=40), Size(projects=20, invoices=5)


@dataclass(frozen=True)
class Reconciled:
    """`memory` holds the command's resident MiB, a figure for each poll."""

    projects: int
    invoices: int
    failure: str | None
    requests: int
    seconds: float
    memory: Sequence[float]


async def main(*, is_small: bool = False) -> int:
    """Prints the table; 1 when an aim is missed."""
    size, machine = SMALL if is_small else FULL, Machine.here()
    async with opened() as hands:
        (scene,) = await companies(hands, ["wide"], contracts=0)
        await in_parallel([lambda: project(hands, scene, size.invoices) for _ in range(size.projects - 1)])
        await hands.procore.set_limits(hourly=HOURLY, spike=SPIKE)
        hours: list[Reconciled] = []
        while sum(hour.projects for hour in hours) < size.projects:
            hours.append(await reconciled(hands, len(hours)))
            if not hours[-1].projects:
                raise RuntimeError(f"it does not go on: {hours[-1].failure}")
            await hands.procore.advance_clock(AN_HOUR)
    return findings(hours, size, machine).publish(terminal())


async def project(hands: Hands, scene: Scene, invoices: int) -> None:
    """One more project of the company, with drafts in one prime contract; no hook tells us of it."""
    procore = hands.procore
    made = await procore.create_project(company_id=scene.company)
    contract = await procore.create_contract(project_id=made, number="PC-1", client_name=CUSTOMER, lines=[CONCRETE])
    for _ in range(invoices):
        lines = [{"description": "Concrete", "work_this_period": "60.00"}]
        await procore.create_invoice(contract_id=contract, lines=lines, user_id=scene.ada)


async def reconciled(hands: Hands, hour: int) -> Reconciled:
    """`invoice-export reconcile`, watched from outside."""
    asked, log = len(await rest_requests(hands)), hands.stage.folder / "logs" / f"reconcile-{hour}.log"
    process = BackgroundProcess([CLI, "reconcile", "--json"], log=log, environment=hands.stage.environment)
    began, memory = time.monotonic(), []
    process.start()
    while process.is_running:
        memory.append(resident_mebibytes(process))
        await asyncio.sleep(POLL_SECONDS)
    took = time.monotonic() - began
    found = told(log.read_text(encoding="utf-8"))["wide"]
    requests = len(await rest_requests(hands)) - asked
    return Reconciled(found["projects"], found["invoices"], found["failure"], requests, took, memory)


async def rest_requests(hands: Hands) -> list[dict[str, Any]]:
    return [one for one in await hands.procore.requests() if one["path"].startswith("/rest/")]


def told(said: str) -> dict[str, Any]:
    """The JSON that the command printed, whatever a log line before it says."""
    found: dict[str, Any] = json.loads(said[said.index("\n{") + 1 if "\n{" in said else said.index("{") :])
    return found


def findings(hours: Sequence[Reconciled], size: Size, machine: Machine) -> Findings:
    allowed, memory = SHARE * HOURLY, max(max(hour.memory) for hour in hours)
    seconds = sum(hour.seconds for hour in hours)
    return Findings(
        "reconciliation",
        f"Reconciling {size.projects:,} projects of {size.invoices} owner invoices",
        machine,
        rows=[
            Row("projects compared", "", [sum(hour.projects for hour in hours)], aim=Aim(size.projects)),
            Row("owner invoices compared", "", [sum(hour.invoices for hour in hours)]),
            Row("hours of Procore's that it takes", "", [len(hours)]),
            Row("requests in the busiest hour", "", [max(hour.requests for hour in hours)], aim=Aim(allowed, True)),
            Row("memory, at most", "MiB", [memory], aim=Aim(300, is_ceiling=True)),
            Row(
                "memory in the end",
                "times an earlier one",
                [max(growth(hour.memory) for hour in hours)],
                aim=Aim(1.1, is_ceiling=True),
            ),
        ],
        notes=[
            f"Procore allows {HOURLY} requests an hour here, of which reconciliation may use {SHARE:.0%}",
            "its answers tell of the ten seconds, not of the hour: so the hour is taken to allow 600 (rate_budget.py)",
            f"each hour's requests were made in {seconds / len(hours):.0f} s",
        ],
    )
