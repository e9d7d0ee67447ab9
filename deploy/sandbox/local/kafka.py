"""Apache Kafka itself on loopback: one node that is broker and controller (KRaft), kept small."""

import base64
import shutil
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from deploy.sandbox.local.jars import cache, fetch_jars, java_version, libraries
from deploy.sandbox.local.processes import BackgroundProcess, StartError, free_port
from deploy.sandbox.local.ready import kafka_answers

LOGGING = Path(__file__).with_name("kafka.log4j2.properties")
# Seconds count more than peak speed here: no second compiler, one collector thread.
JAVA_OPTIONS = (
    "-Xmx512m",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Djava.awt.headless=true",
    "-Dlog4j.shutdownHookEnabled=false",
)
# What a broker needs to be alone, quick to rebalance and small on disk. The compose file says the same.
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.segment.bytes": "16777216",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "log.segment.bytes": "16777216",
    "log.index.size.max.bytes": "1048576",
    # After SIGKILL the controller lets the broker register again only when its old session is over.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
}
NOTHING: Mapping[str, str] = MappingProxyType({})


class Kafka:
    """A running broker; `bootstrap` is its host:port."""

    limits: tuple[str, ...] = ()

    def __init__(self, folder: Path, port: int, *, log: Path, outlives_us: bool) -> None:
        self.bootstrap = f"127.0.0.1:{port}"
        self._folder = folder
        self._log = log
        self._outlives_us = outlives_us
        self.start()

    @property
    def address(self) -> str:
        return self.bootstrap

    def start(self) -> None:
        # Who stops a broker that outlives us does not wait to keep its archive.
        archive, self._new_archive = _archive_options(may_write=not self._outlives_us)
        self.process = BackgroundProcess(
            [*_java(), *archive, "kafka.Kafka", str(self._folder / "server.properties")],
            log=self._log,
            outlives_us=self._outlives_us,
        )
        self.process.start()
        self.process.wait_until(lambda: kafka_answers(self.bootstrap))

    def stop(self) -> None:
        self.process.stop(seconds=30)
        if self._new_archive is not None and self._new_archive.exists():
            self._new_archive.rename(_archive())

    def kill(self) -> None:
        """SIGKILL; records that were acknowledged before stay."""
        self.process.kill()

    def restart(self) -> None:
        """On the same port and data, after `stop` or `kill`, or while it runs."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """Stop, and delete the data."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Listener:
    """A door of the broker: who comes in by `port` is told that it is reached at `advertised`, a host:port."""

    name: str
    port: int
    advertised: str
    protocol: str = "PLAINTEXT"


def start_kafka(
    folder: Path,
    *,
    log: Path | None = None,
    outlives_us: bool = False,
    listeners: Sequence[Listener] = (),
    more: Mapping[str, str] = NOTHING,
    formatted_with: Sequence[str] = (),
) -> Kafka:
    """Start on the data in `folder`, made if absent; raise StartError when it does not answer.

    The log is `folder`/kafka.log unless given. `listeners` come beside ours, `more` are settings of the broker. New
    data are `formatted_with` these words, such as those that add users.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fetch_jars()
    port = free_port()
    doors = (Listener("PLAINTEXT", port, f"127.0.0.1:{port}"), *listeners)
    (folder / "server.properties").write_text(_properties(folder, free_port(), doors, more), encoding="utf-8")
    if not (folder / "data" / "meta.properties").exists():
        _format(folder / "server.properties", formatted_with)
    return Kafka(folder, port, log=log or folder / "kafka.log", outlives_us=outlives_us)


def _properties(folder: Path, controller: int, doors: Sequence[Listener], more: Mapping[str, str]) -> str:
    """The brokers talk by the first door."""
    protocols = {"CONTROLLER": "PLAINTEXT"} | {each.name: each.protocol for each in doors}
    addresses = [f"{each.name}://127.0.0.1:{each.port}" for each in doors]
    settings = SETTINGS | {
        "listeners": ",".join([*addresses, f"CONTROLLER://127.0.0.1:{controller}"]),
        "advertised.listeners": ",".join(f"{each.name}://{each.advertised}" for each in doors),
        "listener.security.protocol.map": ",".join(f"{name}:{each}" for name, each in protocols.items()),
        "inter.broker.listener.name": doors[0].name,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "log.dirs": str(folder / "data"),
    }
    return "".join(f"{name}={value}\n" for name, value in {**settings, **more}.items())


def _format(properties: Path, words: Sequence[str]) -> None:
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    command = [
        *_java(),
        "kafka.tools.StorageTool",
        "format",
        f"--cluster-id={cluster}",  # in one word, since it may begin with a dash
        "--config",
        str(properties),
        *words,
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise StartError(f"Kafka's storage could not be formatted: {(answer.stderr or answer.stdout).strip()[-500:]}")


def _java() -> list[str]:
    jars = ":".join(str(jar) for jar in sorted(libraries().glob("*.jar")))
    return ["java", *JAVA_OPTIONS, f"-Dlog4j2.configurationFile={LOGGING}", "-cp", jars]


def _archive_options(*, may_write: bool) -> tuple[list[str], Path | None]:
    """Class-data sharing halves Kafka's start; the first broker that ends in order writes the archive."""
    archive = _archive()
    if archive.exists():
        return [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto"], None
    if not may_write:
        return [], None
    new = archive.with_suffix(f".{uuid.uuid4().hex}")
    return [f"-XX:ArchiveClassesAtExit={new}"], new


def _archive() -> Path:
    return cache() / f"classes-java-{java_version()}.jsa"
