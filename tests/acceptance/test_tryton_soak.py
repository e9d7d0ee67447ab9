"""Two hundred approvals into a real Tryton, by four workers of which each is killed ten times at a random moment.

Part of `make test-erps`: it takes some ten minutes. What counts is read from Tryton's own general ledger.
CRASH_SEED=N plays a run again.
"""

import asyncio
import logging
import os
import random
from collections.abc import Iterator
from decimal import Decimal

import pytest

from deploy.sandbox.tryton import start
from deploy.sandbox.tryton.oracle import LedgerSums, Oracle
from deploy.sandbox.tryton.seeding import RETAINAGE_ACCOUNT, REVENUE_ACCOUNT
from deploy.sandbox.tryton.server import RunningTryton
from shared.ledger.verification import Verification
from tests.support.crash_scene import hung, person_and_contracts
from tests.support.crash_stage import CUSTOMER, Hands, Scene, Stage, hands_on
from tests.support.tryton import EVERY_ERP

log = logging.getLogger(__name__)
pytestmark = [
    pytest.mark.timeout(3600),
    pytest.mark.skipif(EVERY_ERP not in os.environ, reason="make test-erps plays it: it takes some ten minutes"),
]

CONTRACTS, INVOICES_PER_CONTRACT = 40, 5
WORKERS, KILLS = 4, 10
# An invoice bills 6,000.00 of work; 10 percent of it is held.
DUE, HELD, WORK = Decimal("5400.00"), Decimal("600.00"), Decimal("6000.00")
ONE = LedgerSums(receivable=DUE, retainage=HELD, revenue=-WORK, other=Decimal(0))
PATIENCE = 1800.0


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("tryton-soak")
    stage = Stage(folder, folder / "connections.toml")
    try:
        stage.stack.up()
        yield stage
    finally:
        stage.down()


@pytest.fixture(scope="module")
def tryton(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTryton]:
    """On PostgreSQL, where several really work at once."""
    server = stage.environment["DATABASE_URL"]
    with start(tmp_path_factory.mktemp("tryton"), parties={"C-100": CUSTOMER}, postgres=server) as running:
        yield running


async def test_killed_workers_post_every_approval_once_in_tryton(stage: Stage, tryton: RunningTryton) -> None:
    seed = int(os.environ.get("CRASH_SEED") or random.randrange(10**6))
    log.warning("CRASH_SEED=%s plays this again", seed)
    chance = random.Random(seed)
    async with hands_on(stage) as hands:
        scene = await person_and_contracts(hands, "soak", CONTRACTS)
        connect(stage, scene, tryton)
        scene.hook = await hung(hands, scene)
        async with asyncio.TaskGroup() as group:
            for slot in range(WORKERS):
                group.create_task(live_and_die(stage, slot, chance))
            for at in range(CONTRACTS):
                group.create_task(approve_now_and_then(hands, scene, at, chance))
        with stage.worker("after-the-soak"):
            await hands.wait_until_exported([scene], PATIENCE)
        await check_ledger(hands, scene)
    await asyncio.to_thread(check_tryton, tryton, scene)


def connect(stage: Stage, scene: Scene, tryton: RunningTryton) -> None:
    """The connection, the approver and the mapping."""
    (stage.folder / "password").write_text(tryton.password, encoding="utf-8")
    stage.connections.write_text(
        f"""[[connection]]
name = "{scene.name}"
company_id = {scene.company}
adapter = "tryton"
mode = "live"
finish = "posted"
start_from = "all"
concurrency = 2
attach = "nothing"
secrets = {{ password = "file:{stage.folder / "password"}" }}

[connection.settings]
url = "{tryton.url}"
database = "{tryton.database}"
user = "{tryton.user}"
revenue_account = "{REVENUE_ACCOUNT}"
retainage_account = "{RETAINAGE_ACCOUNT}"
accepted_warnings = ["invoice_payment_term", "invoice_date_future"]
connect_timeout_seconds = 5
read_timeout_seconds = 25
settles_after_seconds = 30
"""
    )
    person = f"{scene.company},{scene.ada},Ada,ada@example.com,standard,yes,test"
    header = "company_id,user_id,name,email,erp_integrations_level,can_push_to_accounting,source"
    (stage.folder / "approvers.csv").write_text(f"{header}\n{person}\n")
    customer = f"{scene.name},customer,{CUSTOMER},C-100,"
    (stage.folder / "mappings.csv").write_text(f"connection,kind,procore_name,erp_id,note\n{customer}\n")
    for what in ("approvers", "mappings"):
        stage.run(what, "import", str(stage.folder / f"{what}.csv"))


async def live_and_die(stage: Stage, slot: int, chance: random.Random) -> None:
    """One worker after another, each killed while it works: its start takes about two seconds."""
    for number in range(KILLS):
        process = stage.start(f"soak-{slot}-{number}")
        await asyncio.sleep(chance.uniform(4, 14))
        process.kill()


async def approve_now_and_then(hands: Hands, scene: Scene, at: int, chance: random.Random) -> None:
    for _ in range(INVOICES_PER_CONTRACT):
        await asyncio.sleep(chance.uniform(0, 18))
        await hands.approve_next(scene, at)


async def check_ledger(hands: Hands, scene: Scene) -> None:
    """Every approval is exported, and every chain holds."""
    assert await hands.not_exported(scene) == {}
    async with hands.engine() as engine:
        assert [str(broken) async for broken in Verification(engine).breaks()] == []


def check_tryton(tryton: RunningTryton, scene: Scene) -> None:
    """Exactly one posted invoice for each approval, right to the cent in each account, and nothing else."""
    oracle = Oracle(tryton)
    try:
        posted = oracle.posted()
        assert len(posted) == CONTRACTS * INVOICES_PER_CONTRACT
        assert sorted(one.reference for one in posted) == sorted(
            f"{scene.name}:{scene.company}:{invoice}:1" for invoice in scene.approved
        )
        assert [one for one in oracle.invoices() if one not in posted] == []
        assert {one.reference: one.due for one in posted if one.due != DUE} == {}
        wrong = {reference: sums for reference, sums in oracle.sums_by_reference().items() if sums != ONE}
        assert wrong == {}
        whole = oracle.sums()
        count = len(posted)
        assert whole == LedgerSums(count * DUE, count * HELD, -count * WORK, Decimal(0))
        assert oracle.numbers_missing() == []
    finally:
        oracle.close()
