"""How a worker begins and ends: it waits for Postgres, and what is under way when it is told to end is ended."""

import asyncio
import json
import math
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.sandbox.faulty.orders import ErpStep, FaultKind
from deploy.sandbox.local.processes import BackgroundProcess, free_port
from deploy.sandbox.local.ready import http_answers
from deploy.sandbox.local.services import CLI
from services.export_worker import worker as worker_module
from tests.support.crash_stage import send
from tests.support.database import execute
from tests.support.environment import environment_of
from tests.support.house import House
from tests.support.outside import failing, measured, seen_from_outside

# A new worker joins its group at once; at the fallback broker that takes 5 s and more for each story.
pytestmark = pytest.mark.real_kafka

PATIENT = {"read_timeout_seconds": 30, "settles_after_seconds": 40}
LAG = "invoice_export_kafka_lag_records"


@asynccontextmanager
async def worker_process(house: House, folder: Path) -> AsyncIterator[BackgroundProcess]:
    """The product's own command, ready; it takes the place of the house's workers."""
    await house.workers.stop()
    port = free_port()
    environment = environment_of(house.workers.settings) | {"PORT": str(port), "LOG_FORMAT": "json"}
    process = BackgroundProcess([CLI, "worker"], log=folder / "worker.log", environment=environment)
    process.start()
    try:
        await asyncio.to_thread(process.wait_until, lambda: http_answers(f"http://127.0.0.1:{port}/readyz"))
        yield process
    finally:
        process.kill()


def said(process: BackgroundProcess, event: str) -> bool:
    lines = [line for line in process.log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    return any(json.loads(line)["event"] == event for line in lines)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_worker_told_to_end_ends_the_walk_under_way(opens, tmp_path, number):
    house = await opens(erp=PATIENT)
    async with worker_process(house, tmp_path) as process:
        invoice = await house.invoice()
        await house.at_rest(invoice)
        await house.order(FaultKind.HOLD_AFTER, ErpStep.CREATE)
        await house.approve(invoice)
        await house.waiting(ErpStep.CREATE)
        send(process, number)

        async def is_ending() -> bool:
            return said(process, "worker.ending")

        await house.view.until(is_ending, "end that began")
        assert process.is_running
        await house.erp.release(house.book)
        assert await asyncio.to_thread(process.wait, 20) == 0
    export = await house.export_of(invoice)
    assert (export.status, export.is_claimed) == ("exported", False)
    assert said(process, "worker.ended")


async def test_a_walk_that_outlasts_the_end_is_left_to_its_lease(opens, monkeypatch):
    monkeypatch.setattr(worker_module, "DRAIN_SECONDS", 0.2)
    house = await opens(erp=PATIENT)
    await house.order(FaultKind.HOLD_BEFORE, ErpStep.CREATE)
    invoice = await house.approved()
    await house.waiting(ErpStep.CREATE)
    await house.workers.stop()
    await house.erp.release(house.book)
    [line] = house.logged("walks.abandoned")
    assert (line["connection"], line["walks"]) == ("harbor", 1)
    export = await house.export_of(invoice)
    assert (export.status, export.is_claimed) == ("exporting", True)
    assert house.logged("export.broken") == []


async def test_a_worker_that_finds_no_postgres_waits_for_it(house, postgres_server, database_url):
    await house.workers.stop()
    name = urlsplit(database_url).path.removeprefix("/")
    execute(postgres_server.address, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    try:
        async with seen_from_outside(house.workers.start()) as outside:

            async def is_red() -> bool:
                return "database" in await failing(outside) and bool(house.logged("start.postponed"))

            async def is_ready() -> bool:
                return await failing(outside) == []

            await house.view.until(is_red, "red readiness")
            execute(postgres_server.address, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            await house.view.until(is_ready, "readiness")
    finally:
        execute(postgres_server.address, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await house.export_of(await house.approved(), "exported")


async def test_the_lag_is_unknown_while_nobody_reads(house):
    async def is_told() -> bool:
        return measured(LAG) == 0

    await house.export_of(await house.approved(), "exported")
    await house.view.until(is_told, "lag")
    await house.workers.stop()
    assert math.isnan(measured(LAG))
