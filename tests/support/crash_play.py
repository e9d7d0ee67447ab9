"""Every crash of design.md section 5, played one after another; an ordinary worker then puts things right.

Each worker is started while the one before still runs, and held until that one has ended.
"""

import asyncio
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, Signals
from typing import Any

from deploy.sandbox.faulty.orders import ErpStep, Fault, FaultKind
from deploy.sandbox.local.processes import BackgroundProcess, free_port
from deploy.sandbox.local.ready import http_answers
from tests.support.crash_scene import SHORTEST_SETTLING, set_up
from tests.support.crash_stage import Hands, Scene, Stage, eventually, hands_on, is_stopped, send

ERP = "services.export_worker.erp.sandbox.adapter:SandboxErpAdapter"
RUN = "services.export_worker.pipeline.attempt:AttemptRun"
BEGIN = "services.export_worker.ledger_writer:LedgerWriter.begin_call"
KEEP = "services.webhook_receiver.shelter:Shelter.keep"
LONG_AGO = timedelta(minutes=20)  # reconciliation leaves no approval of then to its webhook
RESUMED = frozenset({"attempt_resumed"})
ANYHOW = frozenset({"attempt_closed"})
LATE = frozenset({"late_answer"})
SIX_MINUTES = "UPDATE reconciliations SET started_at = started_at - interval '6 minutes' WHERE finished_at IS NULL"
UNTOLD = """
    SELECT entries.id FROM entries, publications
    WHERE (entries.transaction, entries.id) > (publications.transaction, publications.entry_id)
"""
TWO_HOURS = "UPDATE reconciliations SET started_at = started_at - interval '2 hours' WHERE connection = $1"


@dataclass(frozen=True)
class Point:
    """Where a worker is stopped: around a call of `target`, or while the ERP keeps it waiting (`fault`).

    `about` names what the calls that count are about: the scene's connection, its project's key, or anything.
    One of the kinds in `told` must be among the entries of the invoice that was on its way. `is_missed`: its
    webhook never comes. `rules` are the ERP book's, `settles_after` (seconds) the connection's.
    """

    name: str
    option: str = ""
    target: str = ""
    fault: Fault | None = None
    about: str = "connection"
    number: Signals = SIGKILL
    told: frozenset[str] = RESUMED
    is_missed: bool = False
    rules: Mapping[str, Any] = field(default_factory=dict)
    settles_after: float = SHORTEST_SETTLING

    @property
    def stops(self) -> bool:
        return self.number is SIGSTOP

    def options(self, scene: Scene) -> list[str]:
        if not self.target:
            return []
        about = {"connection": scene.name, "project": f"{scene.company}:{scene.project}", "anything": ""}[self.about]
        return [self.option, self.target, "--about", about, "--signal", self.number.name.removeprefix("SIG")]


def _held(step: ErpStep, kind: FaultKind = FaultKind.HOLD_AFTER, seconds: float = 0) -> Fault:
    return Fault(kind=kind, step=step, seconds=seconds)


UNIQUE = {"unique_reference": True}
POINTS = (
    Point("offset-not-committed", "--before", "shared.kafka.consumer:Consumer.commit", about="project", told=ANYHOW),
    Point("claimed", "--before", "services.export_worker.pipeline.corridor:Corridor.advance", told=ANYHOW),
    Point("attempt-opened", "--before", f"{ERP}.find"),
    Point("create-begun", "--before", f"{ERP}.create"),
    Point("create-held", fault=_held(ErpStep.CREATE)),
    Point("create-commits-later", fault=_held(ErpStep.CREATE, FaultKind.COMMIT_LATE, 9), settles_after=10),
    Point("create-answered", "--after", f"{ERP}.create"),
    Point("create-recorded", "--before", f"{RUN}._check_before_finish"),
    Point("finish-begun", "--before", f"{ERP}.finish"),
    Point("finish-held", fault=_held(ErpStep.FINISH), told=ANYHOW),
    Point("finish-answered", "--after", f"{ERP}.finish", told=ANYHOW),
    Point("finish-recorded", "--before", f"{RUN}._read_back", told=ANYHOW),
    Point("attempt-closed", "--after", f"{RUN}.run", told=ANYHOW),
    Point(
        "reconciliation-found-it",
        "--before",
        "services.export_worker.reconciliation:receive",
        told=ANYHOW,
        is_missed=True,
    ),
    Point(
        "reconciliation-stored-it",
        "--after",
        "services.export_worker.reconciliation:receive",
        told=ANYHOW,
        is_missed=True,
    ),
    Point(
        "change-published",
        "--before",
        "services.export_worker.publication:Publication._advance",
        about="anything",
        told=ANYHOW,
    ),
    Point("stopped-in-create", fault=_held(ErpStep.CREATE), number=SIGSTOP, told=LATE),
    Point("stopped-as-a-call-begins", "--after", BEGIN, number=SIGSTOP, told=LATE),
    Point("stopped-at-a-unique-keys-socket", "--before", f"{ERP}.create", number=SIGSTOP, told=LATE, rules=UNIQUE),
    # With time to write once it is awake, however busy the machine is then.
    Point("stopped-at-the-socket", "--before", f"{ERP}.create", number=SIGSTOP, told=LATE, settles_after=20),
)
RECEIVER_POINTS = ("receiver-in-kafka", "receiver-parked")


@dataclass
class Prepared:
    """The stage with all its scenes, and the first owner invoice, a draft, of each that crashes."""

    stage: Stage
    scenes: dict[str, Scene]
    first: dict[str, int]
    ports: dict[str, int]


async def prepare(stage: Stage, others: Mapping[str, int]) -> Prepared:
    """`others` are scenes beside the crashes, with their numbers of contracts."""
    ports = {name: free_port() for name in RECEIVER_POINTS}
    rules = {point.name: point.rules for point in POINTS} | {name: {} for name in (*RECEIVER_POINTS, *others)}
    async with hands_on(stage) as hands:
        await hands.procore.set_limits(hourly=1_000_000, spike=100_000)
        await hands.procore.set_clock(datetime.now(UTC) - LONG_AGO)
        settling = {point.name: point.settles_after for point in POINTS}
        scenes = await set_up(hands, rules, contracts=others, ports=ports, settling=settling)
        crashing = [scene for name, scene in scenes.items() if name not in others]
        first = {scene.name: await hands.draft(scene) for scene in crashing}
    return Prepared(stage, scenes, first, ports)


async def play(prepared: Prepared) -> None:
    """All crashes and their repair."""
    async with hands_on(prepared.stage) as hands:
        await _crash_receivers(hands, prepared)
        await _look_at_all(hands, prepared)
        stopped = await _crash_workers(hands, prepared)
        await _put_right(hands, prepared, stopped)


async def _crash_receivers(hands: Hands, prepared: Prepared) -> None:
    """Killed between the record's safety and the answer; the same address answers again a little later."""
    away = {"receiver-parked": {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"}}
    processes = {}
    for name, port in prepared.ports.items():
        options = ("--service", "receiver", "--after", KEEP, "--about", '"update"')
        processes[name] = hands.stage.start(name, *options, port=port, **away.get(name, {}))
    for name, port in prepared.ports.items():
        await _until_it_answers(processes[name], port)
        await hands.approve(prepared.scenes[name], prepared.first[name])
        await _end(processes[name], SIGKILL)
        again = hands.stage.start(f"{name}-again", "--service", "receiver", port=port)
        await _until_it_answers(again, port)


async def _look_at_all(hands: Hands, prepared: Prepared) -> None:
    """An ordinary worker sees every draft, so that later only the approval is news."""
    with hands.stage.worker("first-look"):
        for point in POINTS:
            scene, invoice = prepared.scenes[point.name], str(prepared.first[point.name])
            await eventually(partial(hands.statuses, scene), partial(_has, invoice))


async def _crash_workers(hands: Hands, prepared: Prepared) -> dict[str, BackgroundProcess]:
    stopped = {}
    following = _start(hands.stage, POINTS[0], prepared.scenes[POINTS[0].name])
    for at, point in enumerate(POINTS):
        scene, (process, hold) = prepared.scenes[point.name], following
        await _prepare(hands, point, scene, prepared.first[point.name])
        hold.touch()
        if at + 1 < len(POINTS):
            following = _start(hands.stage, POINTS[at + 1], prepared.scenes[POINTS[at + 1].name])
        await _strike(hands, point, scene, process)
        if point.stops:
            stopped[point.name] = process
        await hands.approve_next(scene)
    return stopped


async def _prepare(hands: Hands, point: Point, scene: Scene, invoice: int) -> None:
    if point.fault:
        await hands.erp.order(scene.name, point.fault)
    if point.is_missed:
        await hands.procore.order_webhook_fault("drop", hook_id=scene.hook)
        await hands.rows(TWO_HOURS, scene.name)
    await hands.approve(scene, invoice)


async def _strike(hands: Hands, point: Point, scene: Scene, process: BackgroundProcess) -> None:
    if point.fault:
        if not await hands.erp.waiting(scene.name, point.fault.step, seconds=30):
            raise AssertionError(f"{point.name}: the ERP was never asked")
        send(process, point.number)
    await _end(process, point.number)
    if not point.stops:
        await hands.erp.release(scene.name)


async def _put_right(hands: Hands, prepared: Prepared, stopped: Mapping[str, BackgroundProcess]) -> None:
    """The ordinary worker goes on; then those that were stopped wake up and find that it was done."""
    scenes = [scene for name, scene in prepared.scenes.items() if name in prepared.first]
    await hands.rows(SIX_MINUTES)
    with hands.stage.worker("repair"):
        await hands.wait_until_exported(scenes)
        for name, process in stopped.items():
            await hands.erp.release(name)
            send(process, SIGCONT)
        for name in stopped:
            await eventually(partial(_kinds, hands, prepared, name), partial(_has, "late_answer"))
        for process in stopped.values():
            process.stop()
        await hands.wait_until_exported(scenes)
        await eventually(lambda: hands.rows(UNTOLD), lambda untold: not untold)


def _has(wanted: str, told: Container[str]) -> bool:
    return wanted in told


async def _kinds(hands: Hands, prepared: Prepared, name: str) -> list[str]:
    return [kind for kind, _ in await hands.story(prepared.scenes[name], prepared.first[name])]


def _start(stage: Stage, point: Point, scene: Scene) -> tuple[BackgroundProcess, Path]:
    hold = stage.folder / f"go-{point.name}"
    return stage.start(point.name, *point.options(scene), "--hold", str(hold)), hold


async def _end(process: BackgroundProcess, number: Signals) -> None:
    async def has_ended() -> bool:
        return not process.is_running or (number is SIGSTOP and is_stopped(process))

    await eventually(has_ended)
    if number is SIGKILL and process.wait(1) != -SIGKILL:
        raise AssertionError(f"it ended by itself; see {process.log}")


async def _until_it_answers(process: BackgroundProcess, port: int) -> None:
    url = f"http://127.0.0.1:{port}/healthz"
    await asyncio.to_thread(process.wait_until, lambda: http_answers(url))
