"""PostgreSQL and Kafka as containers, where an engine answers and the image can be had."""

import re
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from docker.errors import DockerException
from docker.models.containers import Container as EngineContainer
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from deploy.sandbox.local.kafka import SETTINGS
from deploy.sandbox.local.postgres import DATABASE, USER
from deploy.sandbox.local.processes import POLL_SECONDS, StartError, free_port
from deploy.sandbox.local.ready import kafka_answers, postgres_answers

COMPOSE_FILE = Path(__file__).parents[3] / "docker-compose.yml"
READY_SECONDS = 60
KAFKA_PORT, CONTROLLER_PORT = 9092, 9093


class Container:
    """A running container; `address` is what its clients are given."""

    limits: tuple[str, ...] = ()

    def __init__(self, started: DockerContainer, address: str, answers: Callable[[str], bool]) -> None:
        self.address = address
        self._started = started
        self._answers = answers

    @property
    def container_id(self) -> str:
        return str(self._engine.id)

    def stop(self) -> None:
        self._engine.stop()

    def kill(self) -> None:
        self._engine.kill()

    def restart(self) -> None:
        """On the same port and data, after `stop` or `kill`, or while it runs."""
        self._engine.restart()
        self.wait()

    def remove(self) -> None:
        """End, and delete it with its data."""
        self._started.stop()

    def wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers(self.address):
            if time.monotonic() > deadline:
                self.remove()
                raise StartError(f"the container at {self.address.rpartition('@')[2]} does not answer")
            time.sleep(POLL_SECONDS)

    @property
    def _engine(self) -> EngineContainer:
        return self._started.get_wrapped_container()


def images() -> dict[str, str]:
    """Service name to pinned image, as the compose file has it: the one place where versions are chosen."""
    text = COMPOSE_FILE.read_text(encoding="utf-8")
    return dict(re.findall(r"^  ([\w-]+):\n    image: (\S+)$", text, flags=re.MULTILINE))


def start_postgres_container(*, outlives_us: bool = False) -> Container:
    """Raise StartError where the image cannot be had."""
    password, port = secrets.token_urlsafe(24), free_port()
    variables = {"POSTGRES_USER": USER, "POSTGRES_PASSWORD": password, "POSTGRES_DB": DATABASE}
    started = _start("postgres", {5432: port}, variables, outlives_us=outlives_us)
    return _when_ready(started, f"postgresql://{USER}:{password}@127.0.0.1:{port}/{DATABASE}", postgres_answers)


def start_kafka_container(*, outlives_us: bool = False) -> Container:
    """Raise StartError where the image cannot be had."""
    port = free_port()
    settings = SETTINGS | {
        "listeners": f"PLAINTEXT://0.0.0.0:{KAFKA_PORT},CONTROLLER://127.0.0.1:{CONTROLLER_PORT}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.quorum.voters": f"1@127.0.0.1:{CONTROLLER_PORT}",
    }
    variables = {f"KAFKA_{name.replace('.', '_').upper()}": value for name, value in settings.items()}
    started = _start("kafka", {KAFKA_PORT: port}, variables, outlives_us=outlives_us)
    return _when_ready(started, f"127.0.0.1:{port}", kafka_answers)


def remove_container(container_id: str) -> bool:
    """Remove what another run of ours started; False when it is gone already."""
    client = DockerClient().client
    try:
        found = client.containers.list(all=True, filters={"id": container_id})
        for container in found:
            container.remove(force=True, v=True)
        return bool(found)
    finally:
        client.close()


def _start(
    service: str, ports: Mapping[int, int], variables: Mapping[str, str], *, outlives_us: bool
) -> DockerContainer:
    # testcontainers' reaper removes containers when their starter ends.
    testcontainers_config.ryuk_disabled = outlives_us
    container = DockerContainer(images()[service]).with_envs(**variables)
    # The engine takes (interface, port) too, which testcontainers' own type leaves out.
    container.ports.update(cast("dict[str, int | None]", _on_loopback(ports)))
    try:
        return container.start()
    except (DockerException, OSError) as error:
        raise StartError(f"the image {images()[service]} cannot be started: {error}") from error


def _on_loopback(ports: Mapping[int, int]) -> dict[str, tuple[str, int]]:
    return {f"{inside}/tcp": ("127.0.0.1", outside) for inside, outside in ports.items()}


def _when_ready(started: DockerContainer, address: str, answers: Callable[[str], bool]) -> Container:
    container = Container(started, address, answers)
    container.wait()
    return container
