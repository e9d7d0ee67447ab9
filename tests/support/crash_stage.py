"""A running stack without a worker, the processes that a test starts on it, and what it asks and does there.

What is true in the end is asked of the ERP sandbox, which lists every receivable ever made, and of the ledger's
tables.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.sandbox.erp.control_client import ErpControl
from deploy.sandbox.local.processes import BackgroundProcess, free_port
from deploy.sandbox.local.ready import http_answers
from deploy.sandbox.local.services import CLI, SERVICES
from deploy.sandbox.procore.control_client import SandboxControl
from deploy.sandbox.stack import Stack
from shared.database import Role, connect_raw, create_engine
from shared.events.export_event import ExportEvent
from shared.events.topics import Topic

CUSTOMER = "Harbor Library District"
CONCRETE = {"description": "Concrete", "scheduled_value": "600000.00"}
PATIENCE = 60.0
SHORT_TIMES = {"WORKER_LEASE_SECONDS": "2", "KAFKA_SESSION_TIMEOUT_SECONDS": "1.5"}
EVENTS = ("create", "update", "delete")


@dataclass
class Scene:
    """One company, known by its connection's name; `approved` are the owner invoices that must be exported."""

    name: str
    company: int
    project: int
    ada: int
    contracts: list[int]
    hook: int = 0
    approved: list[int] = field(default_factory=list)


class Stage:
    """The stack and the processes on it. `environment` is what a worker is given."""

    def __init__(self, folder: Path, connections: Path) -> None:
        self.folder = folder
        self.connections = connections
        given = {"PATH": os.environ["PATH"], "CONNECTIONS_FILE": str(connections)}
        given |= {name: os.environ[name] for name in os.environ if name.startswith(("HOME", "XDG_", "INVOICE_EXPORT_"))}
        services = [service for service in SERVICES if service.name != "worker"]
        self.stack = Stack(folder, given=given, services=services, say=lambda _: None)
        self._given = given
        self._processes: list[BackgroundProcess] = []

    @property
    def environment(self) -> dict[str, str]:
        return self._given | self.stack.environment | SHORT_TIMES

    def start(self, name: str, *options: str, port: int | None = None, **changes: str) -> BackgroundProcess:
        """A process of the launcher, with its options."""
        command = [sys.executable, "-m", "tests.support.crashing_worker", *options]
        return self._start(command, name, port or free_port(), changes)

    @contextmanager
    def worker(self, name: str) -> Iterator[BackgroundProcess]:
        """The product's own worker, ready; stopped in the end."""
        port = free_port()
        process = self._start([CLI, "worker"], name, port, {})
        process.wait_until(lambda: http_answers(f"http://127.0.0.1:{port}/readyz"))
        try:
            yield process
        finally:
            process.stop()

    def run(self, *arguments: str) -> None:
        """A command of the product that ends, and well."""
        environment = os.environ | self.environment
        said = subprocess.run([CLI, *arguments], env=environment, capture_output=True, text=True, check=False)
        if said.returncode != 0:
            raise AssertionError(f"{arguments}: {said.stdout}{said.stderr}")

    def down(self) -> None:
        for process in self._processes:
            process.kill()
        self.stack.down()

    def _start(self, command: list[str], name: str, port: int, changes: Mapping[str, str]) -> BackgroundProcess:
        environment = os.environ | self.environment | dict(changes) | {"PORT": str(port)}
        process = BackgroundProcess(command, log=self.folder / "logs" / f"{name}.log", environment=environment)
        process.start()
        self._processes.append(process)
        return process


@dataclass
class Hands:
    """What a test reaches the parts with, on its own loop."""

    stage: Stage
    procore: SandboxControl
    erp: ErpControl
    http: httpx.AsyncClient

    async def approve_next(self, scene: Scene, at: int = 0) -> None:
        """The next owner invoice of a contract, made and approved."""
        await self.approve(scene, await self.draft(scene, at))

    async def draft(self, scene: Scene, at: int = 0) -> int:
        lines = [{"description": "Concrete", "work_this_period": "6000.00"}]
        return await self.procore.create_invoice(contract_id=scene.contracts[at], lines=lines, user_id=scene.ada)

    async def approve(self, scene: Scene, invoice: int) -> None:
        scene.approved.append(invoice)
        await self.procore.approve(invoice, user_id=scene.ada)

    async def wait_until_exported(self, scenes: Iterable[Scene], seconds: float = PATIENCE) -> None:
        """Every approved owner invoice, and nothing on its way any more. Raises AssertionError with what is left."""
        awaited = list(scenes)

        async def left() -> dict[str, Any]:
            missing = {scene.name: await self.not_exported(scene) for scene in awaited}
            return {name: each for name, each in missing.items() if each}

        await eventually(left, lambda missing: not missing, seconds)

    async def not_exported(self, scene: Scene) -> dict[int, str]:
        statuses = await self.statuses(scene)
        found = {invoice: statuses.get(str(invoice), "unknown") for invoice in scene.approved}
        return {invoice: status for invoice, status in found.items() if status != "exported"}

    async def statuses(self, scene: Scene) -> dict[str, str]:
        rows = await self.rows(
            "SELECT payment_application_id, status FROM exports WHERE company_id = $1", str(scene.company)
        )
        return {row["payment_application_id"]: row["status"] for row in rows}

    async def story(self, scene: Scene, invoice: int) -> list[tuple[str, dict[str, Any]]]:
        """Kind and body of each entry, in order."""
        rows = await self.rows(
            "SELECT entries.kind, entries.body FROM entries JOIN exports ON exports.id = export_id"
            " WHERE company_id = $1 AND payment_application_id = $2 ORDER BY seq",
            str(scene.company),
            str(invoice),
        )
        return [(row["kind"], json.loads(row["body"])) for row in rows]

    async def receivables(self, scene: Scene) -> dict[str, Counter[str]]:
        """For each owner invoice how many receivables the ERP has of it, by their state there."""
        found: dict[str, Counter[str]] = {}
        for document in await self.erp.documents(scene.name):
            invoice = document.content.external_reference.split(":")[2]
            found.setdefault(invoice, Counter())[document.state] += 1
        return found

    async def published(self, is_all: Callable[[list[ExportEvent]], bool]) -> list[ExportEvent]:
        """What other systems were told, in order within each project, as soon as it is all."""
        servers = self.stage.environment["KAFKA_BOOTSTRAP_SERVERS"]
        consumer = AIOKafkaConsumer(Topic.EXPORTS, bootstrap_servers=servers, auto_offset_reset="earliest")
        await consumer.start()
        try:
            told: list[ExportEvent] = []
            async with asyncio.timeout(PATIENCE):
                while not is_all(told):
                    found = await consumer.getmany(timeout_ms=200)
                    told += [ExportEvent.model_validate_json(each.value) for part in found.values() for each in part]
            return told
        finally:
            await consumer.stop()

    async def rows(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        connection = await connect_raw(self.stage.environment["DATABASE_URL"], Role.OWNER)
        try:
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[AsyncEngine]:
        engine = create_engine(self.stage.environment["DATABASE_URL"], Role.OWNER, application_name="test")
        yield engine
        await engine.dispose()


@asynccontextmanager
async def hands_on(stage: Stage) -> AsyncIterator[Hands]:
    environment = stage.environment
    async with AsyncExitStack() as closing:
        procore = await closing.enter_async_context(SandboxControl(environment["PROCORE_API_URL"]))
        erp = await closing.enter_async_context(ErpControl(environment["ERP_URL"]))
        http = await closing.enter_async_context(httpx.AsyncClient(trust_env=False, verify=False, timeout=30))
        yield Hands(stage, procore, erp, http)


async def eventually(
    ask: Callable[[], Awaitable[Any]], is_so: Callable[[Any], bool] = bool, seconds: float = PATIENCE
) -> Any:
    """The first answer that is so. Polls, since it happens in another process. Raises AssertionError with the last."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not is_so(answer := await ask()):
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"after {seconds} s it is still {answer}")
        await asyncio.sleep(0.05)
    return answer


def is_stopped(process: BackgroundProcess) -> bool:
    """Whether SIGSTOP has reached it."""
    stat = Path(f"/proc/{process.identity.pid}/stat").read_text(encoding="utf-8", errors="replace")
    return stat.rpartition(")")[2].split()[0] == "T"


def send(process: BackgroundProcess, number: signal.Signals) -> None:
    if process.is_running:
        os.kill(process.identity.pid, number)
