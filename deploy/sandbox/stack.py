"""The whole stack on this machine: Postgres, Kafka, the sandboxes and our services.

    python -m deploy.sandbox.stack up | down | run

`up` leaves it running in the background, `run` keeps it until Ctrl-C, `down` stops what `up` started.
"""

import argparse
import os
import shutil
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.sandbox.local.fallback_broker import FallbackBroker
from deploy.sandbox.local.parts import Part, Say, kafka_part, postgres_part
from deploy.sandbox.local.postgres import remove_postgres_data
from deploy.sandbox.local.processes import BackgroundProcess, StartError, free_port, last_lines
from deploy.sandbox.local.ready import http_answers
from deploy.sandbox.local.services import ACCOUNT, SERVICES, STEPS, Service, Step
from deploy.sandbox.local.started import Started
from deploy.sandbox.local.variables import ORDER, random_secrets, write_connections, write_variables

FOLDER = Path(".local")
VARIABLES = "stack.env"
STARTED = "started.json"
STEP_SECONDS = 120


class Stack:
    """Parts by name: postgres, kafka and the services; as a context manager they end with this process.

    `environment` holds what the stack made or was given, NAME to value: the content of `stack.env`.
    `usual_ports` takes 8080 and so on where free; without it stacks may run side by side.
    """

    def __init__(
        self,
        folder: Path = FOLDER,
        *,
        given: Mapping[str, str] | None = None,
        steps: Sequence[Step] = (*STEPS, ACCOUNT),
        services: Sequence[Service] = SERVICES,
        usual_ports: bool = False,
        outlives_us: bool = False,
        say: Say = print,
    ) -> None:
        self.folder = folder.resolve()
        self.environment: dict[str, str] = {}
        self._given = dict(os.environ if given is None else given)
        self._steps = steps
        self._services = services
        self._usual_ports = usual_ports
        self._outlives_us = outlives_us
        self._say = say
        self._started = Started(self.folder / STARTED)
        self._parts: dict[str, Part] = {}
        self._processes: dict[str, BackgroundProcess] = {}
        self._urls: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def up(self) -> None:
        """Start everything, empty; raise StartError, with nothing left running, when a part fails."""
        remove_data(self.folder)
        try:
            self._start_infrastructure()
            self._choose_addresses()
            self._write_environment()
            for step in self._steps:
                self._run(step)
            for name in self._urls:
                self._begin(name)
            for name in self._urls:
                self._wait_ready(name)
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """Stop what this stack started, last first; its data and variables go, its logs stay."""
        for process in reversed(self._processes.values()):
            process.stop()
        for part in reversed(self._parts.values()):
            part.remove()
        self._forget()

    def start(self, name: str) -> None:
        """Start a part that was stopped or killed, as it was: same port, same data."""
        if name in self._parts:
            self._parts[name].restart()
            self._note(name, self._parts[name])
            return
        self._begin(name)
        self._wait_ready(name)

    def _begin(self, name: str) -> None:
        service, url = self._service(name), self._urls[name]
        process = BackgroundProcess(
            service.command(_port(url)),
            log=self._log(name),
            environment=self._given | self.environment | {"PORT": str(_port(url))},
            outlives_us=self._outlives_us,
        )
        self._processes[name] = process
        process.start()
        self._note(name, process)

    def _wait_ready(self, name: str) -> None:
        url = self._urls[name]
        ready = f"{url}{self._service(name).ready_path}"
        self._processes[name].wait_until(lambda: http_answers(ready))
        self._say(f"{name}: {url}")

    def stop(self, name: str) -> None:
        (self._parts.get(name) or self._processes[name]).stop()

    def kill(self, name: str) -> None:
        """SIGKILL."""
        (self._parts.get(name) or self._processes[name]).kill()

    def restart(self, name: str) -> None:
        self.stop(name)
        self.start(name)

    def is_running(self, name: str) -> bool:
        """Of a service."""
        return self._processes[name].is_running

    def process(self, name: str) -> BackgroundProcess:
        """A service's, as it runs now."""
        return self._processes[name]

    def part(self, name: str) -> Part:
        """Of `postgres` and `kafka`."""
        return self._parts[name]

    def _start_infrastructure(self) -> None:
        with ThreadPoolExecutor() as side_by_side:
            starting = {
                name: side_by_side.submit(
                    choose,
                    self.folder / name,
                    self._given,
                    log=self._log(name),
                    outlives_us=self._outlives_us,
                    say=self._say,
                )
                for name, choose in (("postgres", postgres_part), ("kafka", kafka_part))
            }
        for name, started in starting.items():
            if started.exception() is None:
                self._parts[name] = started.result()
                self._note(name, started.result())
        for name, started in starting.items():
            self._say(f"{name}: {started.result().address.rpartition('@')[2]}")

    def _choose_addresses(self) -> None:
        for service in self._services:
            if self._given.get(service.publishes[0]):
                continue
            port = free_port(service.port if self._usual_ports else None)
            self._urls[service.name] = f"http://127.0.0.1:{port}"

    def _write_environment(self) -> None:
        made = random_secrets(self._given)
        made["DATABASE_URL"] = self._parts["postgres"].address
        made["KAFKA_BOOTSTRAP_SERVERS"] = self._parts["kafka"].address
        if isinstance(self._parts["kafka"], FallbackBroker):
            made["KAFKA_ENABLE_IDEMPOTENCE"] = "false"
        for service in self._services:
            for name in service.publishes:
                made[name] = self._urls.get(service.name) or self._given.get(name, "")
            if service.name in self._urls:
                made |= {name: value for name, value in service.also if not self._given.get(name)}
        if "ERP_URL" in made and not self._given.get("CONNECTIONS_FILE"):
            connections = self.folder / "connections.toml"
            write_connections(connections, made["ERP_URL"])
            made["CONNECTIONS_FILE"] = str(connections)
        self.environment = {name: self._given[name] for name in ORDER if self._given.get(name)} | made
        write_variables(self.folder / VARIABLES, self.environment)

    def _run(self, step: Step) -> None:
        log = self._log(step.name)
        process = BackgroundProcess(step.command, log=log, environment=self._given | self.environment)
        process.start()
        if process.wait(STEP_SECONDS) != 0:
            raise StartError(f"{step.name} failed; {log} ends with:\n{last_lines(log)}")
        self._say(f"{step.name}: done")

    def _note(self, name: str, part: Part | BackgroundProcess) -> None:
        if self._outlives_us:
            self._started.note(name, part)

    def _forget(self) -> None:
        self._processes.clear()
        self._parts.clear()
        self._started.forget()
        remove_data(self.folder)

    def _service(self, name: str) -> Service:
        return next(service for service in self._services if service.name == name)

    def _log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"


def remove_data(folder: Path) -> None:
    """Delete what a stack that no longer runs left in its folder, save its logs."""
    remove_postgres_data(folder / "postgres")
    shutil.rmtree(folder / "kafka", ignore_errors=True)
    (folder / VARIABLES).unlink(missing_ok=True)


def up(folder: Path) -> int:
    running = Started(folder / STARTED).alive()
    if running:
        print(f"already running: {', '.join(running)}; `make down` stops it")
        return 1
    Stack(folder, usual_ports=True, outlives_us=True).up()
    print(f"variables: {folder / VARIABLES}")
    return 0


def down(folder: Path) -> int:
    stopped = Started(folder / STARTED).stop_all()
    if stopped:
        remove_data(folder)
    print(f"stopped: {', '.join(stopped)}" if stopped else "nothing of ours is running")
    return 0


def run(folder: Path) -> int:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with Stack(folder, usual_ports=True):
        print(f"variables: {folder / VARIABLES}; Ctrl-C ends it")
        ended.wait()
    return 0


VERBS = {"up": up, "down": down, "run": run}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.stack", description=__doc__)
    parser.add_argument("verb", choices=VERBS)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    given = parser.parse_args()
    try:
        return VERBS[given.verb](given.folder)
    except StartError as error:
        print(error, file=sys.stderr)
        return 1


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


if __name__ == "__main__":
    sys.exit(main())
