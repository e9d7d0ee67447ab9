"""Starts the stack, plays the month-end, proves the result, and ends or stays up."""

import asyncio
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
from rich.console import Console

from deploy.sandbox.demo.cast import COMPANIES, PERSON, PROJECTS, SERVICE_USER
from deploy.sandbox.demo.erps import ERPS, SAGE, TRYTON
from deploy.sandbox.demo.proof import Proof, prove
from deploy.sandbox.demo.scenario import CHAPTERS, UNMET
from deploy.sandbox.demo.scene import Scene, TaleFailed
from deploy.sandbox.demo.stage import CommandFailed, Stage, open_stage
from deploy.sandbox.demo.tale import Chapter
from deploy.sandbox.demo.telling import Telling, by_reason, by_status, summary_table
from deploy.sandbox.demo.watching import Row
from deploy.sandbox.local.processes import StartError
from deploy.sandbox.local.services import ACCOUNT, SERVICES, STEPS, Step
from deploy.sandbox.stack import Stack
from shared.kafka.connection import BrokerUnavailable

FOLDER = Path(".local/demo")
# Postgres and Kafka may be given by the environment; Procore and the ERPs are always those of the demo.
OURS = (
    *("PROCORE_API_URL", "PROCORE_LOGIN_URL", "PROCORE_CLIENT_ID", "PROCORE_CLIENT_SECRET", "PROCORE_WEBHOOK_TOKENS"),
    *(name for erp in ERPS if erp.service for name in erp.service.publishes),
    *("ERP_URL", "RECEIVER_URL", "WORKER_URL", "DASHBOARD_URL", "CONNECTIONS_FILE"),
)
SIDE_BY_SIDE = 12
ARRIVAL_SECONDS = 45.0
INTERRUPTED = 130
WIDTH = 150  # where no terminal says its own
TALE_ERRORS = (TaleFailed, CommandFailed, BrokerUnavailable, httpx.HTTPError)


@dataclass
class Played:
    """What a run came to."""

    rows: list[Row]
    proof: Proof


def run(*, once: bool) -> int:
    """0 when every invoice reached its expected state and the proof holds; 1 with the differences otherwise."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    started = time.monotonic()
    try:
        with _ended_by_signals(), _erps(console) as erps, _stack(console, erps, usual_ports=not once) as stack:
            played = asyncio.run(_play(stack, console))
            _tell(console, played)
            if not once:
                _stay(console, stack)
    except StartError as error:
        console.print(str(error), markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Ended before the month-end was over.")
        return INTERRUPTED
    if once:
        print(json.dumps(_summary(played, time.monotonic() - started)))
    return 1 if played.proof.differences else 0


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does, so that nothing stays behind."""

    def end(_: int, __: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    # A shell's background job inherits SIGINT as ignored.
    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: end}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _erps(console: Console) -> Iterator[dict[str, str]]:
    """What is no process of the stack: Tryton, in an environment of its own."""
    console.print("tryton: starting (the first time on a machine it is installed, which takes a minute or two)")
    SAGE.clear(FOLDER)
    with TRYTON.running((FOLDER / "tryton").resolve()) as variables:
        console.print(f"tryton: {variables['TRYTON_URL']}", markup=False)
        yield variables


def _stack(console: Console, erps: dict[str, str], *, usual_ports: bool) -> Stack:
    service_users = ",".join(str(PERSON[SERVICE_USER].user_id(company.id)) for company in COMPANIES)
    given = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in OURS}
    approver = PERSON["ada"].user_id(COMPANIES[0].id)
    write_connections = Step("connections file", (sys.executable, "-m", "deploy.sandbox.demo.papers"))
    return Stack(
        FOLDER,
        given=given | {"PROCORE_SERVICE_USER_IDS": service_users, "DASHBOARD_PROCORE_USER_ID": str(approver)} | erps,
        services=(*(erp.service for erp in ERPS if erp.service), *SERVICES),
        steps=(*STEPS, write_connections, ACCOUNT),
        usual_ports=usual_ports,
        say=lambda line: console.print(line, markup=False, soft_wrap=True),
    )


async def _play(stack: Stack, console: Console) -> Played:
    tales = [tale for chapter in CHAPTERS for tale in chapter.tales]
    with Telling(console, sum(len(tale.invoices) for tale in tales)) as telling:
        async with open_stage(stack.environment, stack.folder, telling) as stage:
            await stage.furnish()
            scenes = [Scene(stage, tale, place) for place, tale in enumerate(tales, start=1)]
            failures = await _all_chapters(scenes, telling)
            await _until_arrived(stage, scenes)
            plain = [scene for scene in scenes if scene.tale in CHAPTERS[0].tales]
            proof = await prove(stage, scenes, plain)
            proof.differences[:0] = failures
            return Played(list(stage.ledger.rows.values()), proof)


async def _all_chapters(scenes: Sequence[Scene], telling: Telling) -> list[str]:
    failures: list[str] = []
    for chapter in CHAPTERS:
        telling.say(f"-- {chapter.title}")
        failures += await _chapter(chapter, [scene for scene in scenes if scene.tale in chapter.tales])
    return failures


async def _chapter(chapter: Chapter, scenes: Sequence[Scene]) -> list[str]:
    """Side by side, but not all at once: what is measured is the product, not this machine."""
    room = asyncio.Semaphore(1 if chapter.is_quiet else SIDE_BY_SIDE)

    async def play(scene: Scene) -> str | None:
        async with room:
            try:
                await scene.play()
            except TALE_ERRORS as error:
                return str(error) or type(error).__name__
        return None

    async with asyncio.TaskGroup() as group:
        playing = [group.create_task(play(scene)) for scene in scenes]
    return [failure for task in playing if (failure := task.result())]


async def _until_arrived(stage: Stage, scenes: Sequence[Scene]) -> None:
    """Whatever has not arrived by then is told as a difference."""

    def all_are_there() -> bool:
        return all(
            (row := scene.row(place)) is not None and bill.ends.fits(row.status, row.reasons)
            for scene in scenes
            for place, bill in enumerate(scene.tale.invoices[: len(scene.ids)], start=1)
        )

    try:
        async with asyncio.timeout(ARRIVAL_SECONDS):
            await stage.ledger.until(all_are_there)
    except TimeoutError:
        return


def _tell(console: Console, played: Played) -> None:
    proof = played.proof
    console.print(summary_table(played.rows))
    console.print("Not met here: " + "; ".join(f"{reason} ({why})" for reason, why in UNMET.items()), markup=False)
    clean = "clean" if proof.ledger_is_clean else "NOT clean"
    console.print(f"{proof.exported} exported, {proof.receivables} receivables posted in the ERP; ", end="")
    console.print(f"the ledger's {proof.entries} entries are {clean}.")
    console.print(
        f"From the approval's webhook to the ERP's posting: {proof.median_ms} ms in the median, "
        f"{proof.slowest_ms} ms at most (plain approvals)."
    )
    for difference in proof.differences:
        console.print(f"DIFFERENCE {difference}", style="red", markup=False)
    if not proof.differences:
        console.print("Every owner invoice is where it belongs, and no receivable is there twice.", style="green")


def _stay(console: Console, stack: Stack) -> None:
    where = stack.environment
    console.print("\nIt stays up until Ctrl-C.")
    for name in ("RECEIVER_URL", "WORKER_URL", "PROCORE_API_URL", "ERP_URL"):
        console.print(f"  {name}  {where[name]}", markup=False)
    console.print(
        f"\nThe dashboard: {where['DASHBOARD_URL']}, login {where['DASHBOARD_LOGIN']}, "
        f"password {where['DASHBOARD_PASSWORD']}",
        markup=False,
        soft_wrap=True,
    )
    console.print(f"  every variable: {stack.folder / 'stack.env'}", markup=False)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        console.print("Stopping.")


def _summary(played: Played, seconds: float) -> dict[str, Any]:
    told = asdict(played.proof)
    differences = told.pop("differences")
    return {
        "ok": not differences,
        "projects": len(PROJECTS),
        "invoices": len(played.rows),
        "statuses": by_status(played.rows),
        "reasons": by_reason(played.rows),
        "proof": told,
        "differences": differences,
        "seconds": round(seconds, 1),
    }
