"""The ground of a run: every part as a process of its own, and a wire between each pair that talks."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from deploy.sandbox import tryton
from deploy.sandbox.local.kafka import Kafka, Listener, start_kafka
from deploy.sandbox.local.postgres import Postgres, start_postgres
from deploy.sandbox.local.processes import BackgroundProcess, free_port
from deploy.sandbox.local.ready import http_answers
from deploy.sandbox.local.services import CLI, SERVICE_USER_ID, SERVICES
from deploy.sandbox.local.variables import random_secrets
from deploy.sandbox.tryton.server import RunningTryton
from tests.chaos.machine import clock_at, small_file_system, unmount
from tests.chaos.wires import HOST, Wires

# Leases and sessions that run out while one waits for it.
SHORT_TIMES = {"WORKER_LEASE_SECONDS": "6", "KAFKA_SESSION_TIMEOUT_SECONDS": "6"}
UNLIMITED = ("--hourly-limit", "100000000", "--spike-limit", "1000000")
WORKERS = ("worker-1", "worker-2")
HOUSE = (*WORKERS, "receiver", "dashboard")
WITH_A_CLOCK = WORKERS[0]
DISKS = {"kafka": 1500, "postgres": 2500}  # megabytes
# Who talks to whom; the first is who begins.
TALKS = {
    "procore-receiver": "receiver",
    "receiver-kafka": "kafka",
    "receiver-postgres": "postgres",
    "worker-kafka": "kafka",
    "worker-postgres": "postgres",
    "worker-procore": "procore",
    "worker-erp": "erp",
    "worker-tryton": "tryton",
    "dashboard-kafka": "kafka",
    "dashboard-postgres": "postgres",
}
READY = {"procore": "/healthz", "erp": "/healthz"}


class Ground:
    """`product`: where the product's code lies, when it is not the one installed (an older one, or a broken one).

    With `small_disks` those of Kafka and Postgres can be filled, where this machine allows it.
    """

    def __init__(self, folder: Path, *, seed: int, product: Path | None = None, small_disks: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.connections = folder / "connections.toml"
        self.clock = clock_at(folder / "clock")
        self.wires = Wires()
        self.processes: dict[str, BackgroundProcess] = {}
        self.tryton: RunningTryton
        self.kafka: Kafka
        self.postgres: Postgres
        self._seed = seed
        self.product = product
        self._small_disks = small_disks
        self._secrets = random_secrets({})
        self._ports: dict[str, int] = {}
        self._wire_ports: dict[str, int] = {}

    # What others ask

    def address(self, part: str) -> str:
        """Of an HTTP part, without any wire."""
        return self.tryton.url if part == "tryton" else f"http://{HOST}:{self._ports[part]}"

    def over(self, wire: str) -> str:
        """The HTTP address at the end of a wire."""
        return f"http://{HOST}:{self._wire_ports[wire]}"

    def environment(self, role: str | None = None) -> dict[str, str]:
        """Of a service, over its wires; None: of whoever stands outside, and is never cut off."""
        given = {name: os.environ[name] for name in os.environ if name in {"PATH", "HOME"} or name.startswith("XDG_")}
        made = given | self._secrets | SHORT_TIMES
        made |= {
            "DATABASE_URL": self._database_url(role),
            "KAFKA_BOOTSTRAP_SERVERS": self._bootstrap(role),
            "PROCORE_API_URL": self._procore(role),
            "PROCORE_LOGIN_URL": self._procore(role),
            "PROCORE_SERVICE_USER_IDS": SERVICE_USER_ID,
            "CONNECTIONS_FILE": str(self.connections),
            "RECONCILE_EVERY_MINUTES": "1",
        }
        return made | ({"PYTHONPATH": str(self.product)} if self.product else {})

    def run(self, *arguments: str, **changes: str) -> str:
        """A command of the product that ends well, and what it said. Raises AssertionError."""
        environment = self.environment() | changes
        said = subprocess.run([CLI, *arguments], env=environment, capture_output=True, text=True, check=False)
        if said.returncode != 0:
            raise AssertionError(f"{arguments}: {said.stdout}{said.stderr}")
        return said.stdout

    # Up and down

    def up(self) -> None:
        """Everything but the connections' site and the workers, who need it."""
        for name, megabytes in DISKS.items() if self._small_disks else ():
            small_file_system(self.folder / name, megabytes)
        self._ports = {name: free_port() for name in ("kafka", "receiver", "dashboard", "procore", "erp")}
        self._wire_ports = {name: free_port() for name in TALKS}
        with ThreadPoolExecutor() as side_by_side:
            starting = [
                side_by_side.submit(start) for start in (self._start_postgres, self._start_kafka, self._start_tryton)
            ]
        for started in starting:
            started.result()
        for wire, part in TALKS.items():
            self.wires.add(wire, self._wire_ports[wire], self._target(wire, part))
        self.connections.touch()
        self.run("db", "upgrade")
        self.run("topics", "create")
        for name in ("procore", "erp"):
            self.start(name)

    def open_house(self) -> None:
        """Once the connections are written."""
        for name in HOUSE:
            self.begin(name)
        for name in HOUSE:
            self._wait_ready(name)

    def close_house(self) -> None:
        """Nobody of the product runs any more; the parts and the sandboxes do."""
        for name in HOUSE:
            self.processes[name].stop()

    def down(self) -> None:
        """Everything, and its data."""
        for process in reversed(self.processes.values()):
            process.kill()
        self.wires.close()
        for part in (getattr(self, name, None) for name in ("tryton", "kafka", "postgres")):
            if part is not None:
                part.remove()
        for name in DISKS:
            unmount(self.folder / name)

    # One process

    def start(self, name: str) -> BackgroundProcess:
        """A service or a sandbox, ready; a name that was started before is started as it was."""
        self.begin(name)
        return self._wait_ready(name)

    def begin(self, name: str) -> BackgroundProcess:
        """Started, and perhaps not yet ready."""
        role = name.partition("-")[0]
        port = self._ports.setdefault(name, free_port())
        environment = self.environment(role) | {"PORT": str(port)}
        if self.clock is not None and name == WITH_A_CLOCK:
            environment |= self.clock.environment
        log = self.folder / "logs" / f"{name}.log"
        process = BackgroundProcess(self._command(role, port), log=log, environment=environment)
        process.start()
        self.processes[name] = process
        return process

    def kill(self, name: str) -> None:
        """SIGKILL."""
        (self.tryton if name == "tryton" else self._process(name)).kill()

    def restart(self, name: str) -> None:
        """After a kill: same address, same data."""
        infrastructure: dict[str, Callable[[], None]] = {
            "kafka": self.kafka.start,
            "postgres": self.postgres.restart,
            "tryton": self.tryton.restart,
        }
        if name in infrastructure:
            infrastructure[name]()
        else:
            self.start(name)

    def signal(self, name: str, number: signal.Signals) -> None:
        """To the process, which may have ended."""
        process = self._process(name)
        if process.is_running:
            os.kill(process.identity.pid, number)

    def is_running(self, name: str) -> bool:
        """Of a service, of Kafka or of Postgres."""
        return self._process(name).is_running

    def small_disk(self, name: str) -> Path | None:
        """Where Kafka or Postgres keeps its data, if nothing else lies there."""
        place = self.folder / name
        is_there = place.is_mount() and (name != "postgres" or (place / "home").resolve().is_relative_to(place))
        return place if is_there else None

    # How it is made

    def _wait_ready(self, name: str) -> BackgroundProcess:
        url = f"http://{HOST}:{self._ports[name]}{READY.get(name, '/readyz')}"
        self.processes[name].wait_until(lambda: http_answers(url), seconds=120)
        return self.processes[name]

    def _process(self, name: str) -> BackgroundProcess:
        if name in {"kafka", "postgres"}:
            return (self.kafka if name == "kafka" else self.postgres).process
        return self.processes[name]

    def _command(self, role: str, port: int) -> list[str]:
        service = {"procore": "procore-sandbox", "erp": "erp-sandbox"}.get(role, role)
        command = next(each for each in SERVICES if each.name == service).command(port)
        return [*command, *UNLIMITED, "--seed", str(self._seed)] if role == "procore" else command

    def _start_postgres(self) -> None:
        self.postgres = start_postgres(self.folder / "postgres")

    def _start_kafka(self) -> None:
        doors = [
            Listener(role.upper(), self._door(role), f"{HOST}:{self._wire_ports[f'{role}-kafka']}")
            for role in ("receiver", "worker", "dashboard")
        ]
        self.kafka = start_kafka(self.folder / "kafka", listeners=doors)

    def _start_tryton(self) -> None:
        self.tryton = tryton.start(self.folder / "tryton", module=True, parties={CUSTOMER_CODE: CUSTOMER})

    def _door(self, role: str) -> int:
        return self._ports.setdefault(f"kafka for {role}", free_port())

    def _target(self, wire: str, part: str) -> tuple[str, int]:
        if part == "kafka":
            return HOST, self._door(wire.partition("-")[0])
        if part in {"postgres", "tryton"}:
            url = self.postgres.url if part == "postgres" else self.tryton.url
            return HOST, urlsplit(url).port or 0
        return HOST, self._ports[part]

    def _database_url(self, role: str | None) -> str:
        wire = self._wire_ports.get(f"{role}-postgres")
        plain = self.postgres.url
        return plain if wire is None else plain.replace(f":{urlsplit(plain).port}/", f":{wire}/")

    def _bootstrap(self, role: str | None) -> str:
        wire = self._wire_ports.get(f"{role}-kafka")
        return self.kafka.bootstrap if wire is None else f"{HOST}:{wire}"

    def _procore(self, role: str | None) -> str:
        return self.over("worker-procore") if role == "worker" else self.address("procore")


CUSTOMER, CUSTOMER_CODE = "Harbor Library District", "C-100"


async def in_thread(act: Callable[..., object], *arguments: object) -> None:
    """What waits for a process, beside everything else."""
    await asyncio.to_thread(act, *arguments)
