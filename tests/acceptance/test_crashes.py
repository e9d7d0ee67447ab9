"""Real processes, stopped by SIGKILL at each commit point: nothing is exported twice and nothing is lost.

All crashes are played once, one after another on one stack, each on a company of its own; then an ordinary
worker puts right what they left. The tests read what came of it.
"""

import asyncio
import logging
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from deploy.sandbox.faulty.orders import ErpStep, Fault, FaultKind
from shared.ledger.verification import Verification
from tests.chaos.machine import clock_at
from tests.support.crash_play import POINTS, RECEIVER_POINTS, Point, Prepared, play, prepare
from tests.support.crash_stage import Hands, Scene, Stage, hands_on

log = logging.getLogger(__name__)
pytestmark = pytest.mark.timeout(900)

ONCE = Counter({"posted": 1})
NAMES = (*(point.name for point in POINTS), *RECEIVER_POINTS)
NOTHING_FENCES = "stopped-at-the-socket"
SOAK = {"soak-one": 4, "soak-two": 4}
OUTAGES = {"postgres": 2, "kafka": 2}
WRONG_CLOCK = "wrong-clock"
INVOICES_PER_CONTRACT = 5
SOAK_SECONDS = 18.0


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    folder = tmp_path_factory.mktemp("stage")
    stage = Stage(folder, folder / "crash-connections.toml")
    try:
        stage.stack.up()
        yield asyncio.run(prepare(stage, SOAK | OUTAGES | {WRONG_CLOCK: 1}))
    finally:
        stage.down()


@pytest.fixture(scope="module")
def played(prepared: Prepared) -> Prepared:
    asyncio.run(play(prepared))
    return prepared


@pytest.fixture
async def hands(prepared: Prepared) -> AsyncIterator[Hands]:
    async with hands_on(prepared.stage) as hands:
        yield hands


@pytest.mark.parametrize("name", [name for name in NAMES if name != NOTHING_FENCES])
async def test_a_crash_exports_each_approval_exactly_once(name: str, played: Prepared, hands: Hands) -> None:
    await check_exported_once(hands, [played.scenes[name]])


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
async def test_the_entries_tell_the_crash(point: Point, played: Prepared, hands: Hands) -> None:
    story = await hands.story(played.scenes[point.name], played.first[point.name])
    assert not point.told.isdisjoint(kind for kind, _ in story), story


async def test_what_nothing_fences_leaves_a_draft_behind(played: Prepared, hands: Hands) -> None:
    """Law 10: a worker stopped between its last check and the socket, on an ERP with no unique and no replay key.

    When it wakes it creates a second draft. It posts nothing, for its answer comes too late; tie-out finds it.
    """
    scene = played.scenes[NOTHING_FENCES]
    first, second = map(str, scene.approved)
    assert await hands.receivables(scene) == {first: Counter(posted=1, draft=1), second: ONCE}
    assert await hands.not_exported(scene) == {}


async def test_every_change_of_status_is_told_in_order(played: Prepared, hands: Hands) -> None:
    rows = await hands.rows(
        "SELECT export_id, seq FROM entries JOIN exports ON exports.id = export_id"
        " WHERE entries.status <> status_before AND connection = ANY($1)",
        list(played.first),
    )
    changes = {(row["export_id"], row["seq"]) for row in rows}
    told = await hands.published(lambda told: changes <= {(event.export_id, event.seq) for event in told})
    for export_id in {export_id for export_id, _ in changes}:
        first_told = list(dict.fromkeys(event.seq for event in told if event.export_id == export_id))
        assert first_told == sorted(first_told)


async def test_every_chain_is_intact_after_the_crashes(played: Prepared, hands: Hands) -> None:
    await check_chains(hands)


async def test_workers_killed_at_random_lose_and_double_nothing(prepared: Prepared, hands: Hands) -> None:
    seed = int(os.environ.get("CRASH_SEED") or random.randrange(10**6))
    log.info("CRASH_SEED=%s plays this again", seed)
    chance, scenes = random.Random(seed), [prepared.scenes[name] for name in SOAK]
    for scene in scenes:
        for step in (ErpStep.CREATE, ErpStep.FINISH):
            await hands.erp.order(scene.name, Fault(kind=FaultKind.SLOW, step=step, count=None, seconds=0.2))
    async with asyncio.TaskGroup() as group:
        for slot in ("left", "right"):
            group.create_task(live_and_die(prepared.stage, slot, chance))
        for scene in scenes:
            for at in range(SOAK[scene.name]):
                group.create_task(approve_now_and_then(hands, scene, at, chance))
    with prepared.stage.worker("after-the-soak"):
        await hands.wait_until_exported(scenes)
    await check_exported_once(hands, scenes)
    await check_chains(hands)


async def test_a_killed_postgres_loses_nothing(prepared: Prepared, hands: Hands) -> None:
    await go_through_an_outage(prepared, hands, "postgres")


@pytest.mark.real_kafka
async def test_a_killed_kafka_loses_nothing(prepared: Prepared, hands: Hands) -> None:
    await go_through_an_outage(prepared, hands, "kafka")


async def test_a_worker_with_a_wrong_clock_comes_back_in_time(prepared: Prepared, hands: Hands) -> None:
    """When to try again is told by the database's time, whatever the machine's clock says."""
    scene, stage = prepared.scenes[WRONG_CLOCK], prepared.stage
    clock = clock_at(stage.folder / "clock")
    if clock is None:  # test_timekeeping.py holds the same in one process, everywhere
        pytest.skip("needs libfaketime to set one process's clock")
    busy = Fault(kind=FaultKind.STATUS_BEFORE, step=ErpStep.CREATE, status=503, retry_after=2)
    for hours in (4, -4):
        clock.set(hours)
        await hands.erp.order(scene.name, busy)
        process = stage.start(f"clock-{hours}-hours-off", **clock.environment)
        await hands.approve_next(scene)
        await hands.wait_until_exported([scene])
        process.stop()
    await check_exported_once(hands, [scene])
    rows = await hands.rows(
        "SELECT at FROM entries JOIN exports ON exports.id = export_id WHERE connection = $1", scene.name
    )
    assert all(abs(datetime.now(UTC) - row["at"]) < timedelta(hours=1) for row in rows)


async def go_through_an_outage(prepared: Prepared, hands: Hands, part: str) -> None:
    """Approvals before, during and after; worker and receiver go on by themselves."""
    scene, stage = prepared.scenes[part], prepared.stage
    with stage.worker(f"through-{part}") as worker:
        await hands.approve_next(scene, 0)
        stage.stack.kill(part)
        await hands.approve_next(scene, 1)
        await hands.approve_next(scene, 0)
        await asyncio.to_thread(stage.stack.start, part)
        await hands.approve_next(scene, 1)
        await hands.wait_until_exported([scene])
        assert worker.is_running
        assert stage.stack.is_running("receiver")
    await check_exported_once(hands, [scene])
    await check_chains(hands)


async def live_and_die(stage: Stage, slot: str, chance: random.Random) -> None:
    """One worker after another, each killed at a random moment of its start or its work."""
    end = asyncio.get_running_loop().time() + SOAK_SECONDS
    number = 0
    while asyncio.get_running_loop().time() < end:
        number += 1
        process = stage.start(f"soak-{slot}-{number}")
        await asyncio.sleep(chance.uniform(2, 5))
        process.kill()


async def approve_now_and_then(hands: Hands, scene: Scene, at: int, chance: random.Random) -> None:
    for _ in range(INVOICES_PER_CONTRACT):
        await asyncio.sleep(chance.uniform(0, 2 * SOAK_SECONDS / INVOICES_PER_CONTRACT))
        await hands.approve_next(scene, at)


async def check_exported_once(hands: Hands, scenes: Iterable[Scene]) -> None:
    """As the ERP has it, and as the ledger says."""
    for scene in scenes:
        assert await hands.receivables(scene) == {str(invoice): ONCE for invoice in scene.approved}
        assert await hands.not_exported(scene) == {}


async def check_chains(hands: Hands) -> None:
    async with hands.engine() as engine:
        assert [str(broken) async for broken in Verification(engine).breaks()] == []
