"""A real receiver process, and ways to post to it and to see what it kept. For the test_receiver* stories."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord

from deploy.sandbox.local.processes import free_port
from services.webhook_receiver.parking import parked_events
from shared.database import Role, connect_raw, create_engine, metadata
from shared.events.topics import Topic
from shared.kafka.topics import create_topics
from shared.settings import KafkaSettings

CURRENT, PREVIOUS = "current-token-1", "previous-token-2"
PATIENCE = 20.0


@dataclass
class Receiver:
    """`log_path` has one JSON line per event."""

    url: str
    process: subprocess.Popen[bytes]
    log_path: Path
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=10, verify=False)

    def post(self, content: bytes | dict[str, Any], token: str | None = CURRENT) -> httpx.Response:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        headers = {"content-type": "application/json", "user-agent": "Procore"}
        if token is not None:
            headers["authorization"] = token
        return self.client.post("/webhooks/procore", content=body, headers=headers)

    def metric(self, name: str) -> float:
        lines = self.client.get("/metrics").text.splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(f"{name} ")), 0.0)

    def logged(self, event: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.log_path.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@contextmanager
def running_receiver(
    folder: Path, *, database_url: str, bootstrap: str, tokens: str = f"{CURRENT},{PREVIOUS}"
) -> Iterator[Receiver]:
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database_url,
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "PROCORE_WEBHOOK_TOKENS": tokens,
        "PORT": str(port),
    }
    log_path = folder / f"receiver-{port}.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.webhook_receiver"], env=environment, stdout=log, stderr=log
        )
    receiver = Receiver(f"http://127.0.0.1:{port}", process, log_path)
    try:
        eventually(lambda: _answers(receiver))
        yield receiver
    finally:
        receiver.client.close()
        if process.poll() is None:
            process.terminate()
        process.wait(PATIENCE)


def _answers(receiver: Receiver) -> bool:
    if receiver.process.poll() is not None:
        raise AssertionError(receiver.log_path.read_text())
    try:
        return receiver.client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def eventually(is_so: Callable[[], Any], *, seconds: float = PATIENCE) -> Any:
    """The first true answer; polls, since what is waited for happens in another process."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := is_so():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def prepare_topics(bootstrap: str) -> None:
    asyncio.run(create_topics(KafkaSettings(kafka_bootstrap_servers=[bootstrap])))


def prepare_database(url: str) -> None:
    """The receiver's table and its role, with the rights that the migrations give it."""
    asyncio.run(_prepare_database(url))


async def _prepare_database(url: str) -> None:
    engine = create_engine(url, Role.OWNER, application_name="test")
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: metadata.create_all(sync, tables=[parked_events]))
        await connection.exec_driver_sql(f"CREATE ROLE {Role.RECEIVER} NOLOGIN")
        await connection.exec_driver_sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON parked_events TO {Role.RECEIVER}")
    await engine.dispose()


def parked(url: str) -> list[Any]:
    async def rows() -> list[Any]:
        connection = await connect_raw(url, Role.OWNER)
        try:
            return list(await connection.fetch("SELECT * FROM parked_events ORDER BY id"))
        finally:
            await connection.close()

    return asyncio.run(rows())


def records(bootstrap: str, topic: Topic, is_ours: Callable[[ConsumerRecord], bool]) -> list[ConsumerRecord]:
    """All of a topic's records up to now that fit."""

    async def read() -> list[ConsumerRecord]:
        consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
        await consumer.start()
        try:
            partitions = consumer.assignment()
            ends = await consumer.end_offsets(partitions)
            found: list[ConsumerRecord] = []
            while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    found += batch
            return found
        finally:
            await consumer.stop()

    return [record for record in asyncio.run(read()) if is_ours(record)]


def bodies(found: Sequence[ConsumerRecord]) -> list[str]:
    return [json.loads(record.value)["body"] for record in found]
