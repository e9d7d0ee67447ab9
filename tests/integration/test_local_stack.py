"""The Postgres and the brokers that a plain machine gets, and the stack's way of starting and stopping them."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.sandbox.local.fallback_broker import FallbackBroker, start_fallback_broker
from deploy.sandbox.local.identity import Identity, identify
from deploy.sandbox.local.jars import missing_for_kafka
from deploy.sandbox.local.kafka import Kafka, start_kafka
from deploy.sandbox.local.parts import Given, kafka_part, postgres_part
from deploy.sandbox.local.postgres import Postgres, start_postgres
from deploy.sandbox.local.processes import BackgroundProcess, StartError, free_port, stop_known
from deploy.sandbox.local.ready import kafka_answers, postgres_answers
from deploy.sandbox.local.services import SERVICES, Service
from deploy.sandbox.local.variables import read_variables
from deploy.sandbox.stack import Stack

PARTITIONS = 4
ECHO = Service(
    "echo",
    lambda port: [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
    port=8000,
    ready_path="/",
    publishes=("ECHO_URL",),
)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    server = start_postgres(tmp_path_factory.mktemp("postgres"), durable=False)
    yield server
    server.remove()


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    if missing := missing_for_kafka():
        pytest.skip(missing)
    broker = start_kafka(tmp_path_factory.mktemp("kafka"))
    yield broker
    broker.remove()


@pytest.fixture
def fallback(tmp_path: Path) -> Iterator[FallbackBroker]:
    broker = start_fallback_broker(tmp_path)
    yield broker
    broker.remove()


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[BackgroundProcess]:
    process = BackgroundProcess(["sleep", "60"], log=tmp_path / "log")
    process.start()
    yield process
    process.kill()


@pytest.mark.parametrize("end", [Postgres.stop, Postgres.kill])
async def test_postgres_keeps_its_data_over_an_end(postgres: Postgres, end: Callable[[Postgres], None]) -> None:
    table = f"kept_{end.__name__}"
    await _query(postgres, f"CREATE TABLE {table} AS SELECT 42 AS answer")
    end(postgres)
    assert not postgres_answers(postgres.url)
    postgres.restart()
    assert await _query(postgres, f"SELECT answer FROM {table}") == 42


def test_postgres_starts_again_on_an_old_folder(tmp_path: Path) -> None:
    first = start_postgres(tmp_path, durable=False)
    asyncio.run(_query(first, "CREATE TABLE kept AS SELECT 42 AS answer"))
    first.stop()
    second = start_postgres(tmp_path, durable=False)
    try:
        assert asyncio.run(_query(second, "SELECT answer FROM kept")) == 42
    finally:
        second.remove()
    assert not tmp_path.exists()


async def test_postgres_refuses_a_wrong_password(postgres: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.url, password="guessed")


@pytest.mark.real_kafka
async def test_kafka_shares_a_topic_among_a_group(kafka: Kafka) -> None:
    await _create_topic(kafka.bootstrap, "shared")
    await _produce(kafka.bootstrap, "shared", idempotent=True)
    assert await _consume_in_a_group_of_two(kafka.bootstrap, "shared") == _expected()


@pytest.mark.real_kafka
async def test_kafka_keeps_records_over_a_kill(kafka: Kafka) -> None:
    await _create_topic(kafka.bootstrap, "kept")
    await _produce(kafka.bootstrap, "kept", idempotent=True)
    kafka.kill()
    assert not kafka_answers(kafka.bootstrap)
    await asyncio.to_thread(kafka.restart)
    async with _consumer(kafka.bootstrap, "kept") as consumer:
        assert await _read(consumer, PARTITIONS) == _expected()


async def test_the_fallback_produces_and_consumes(fallback: FallbackBroker) -> None:
    await _create_topic(fallback.bootstrap, "shared")
    await _produce(fallback.bootstrap, "shared", idempotent=False)
    async with _consumer(fallback.bootstrap, "shared") as consumer:
        assert await _read(consumer, PARTITIONS) == _expected()


def test_the_fallback_says_its_limits_in_one_line(tmp_path: Path) -> None:
    said: list[str] = []
    part = kafka_part(tmp_path, {"INVOICE_EXPORT_BROKER": "fallback"}, say=said.append)
    part.remove()
    assert len(said) == 1
    assert all(limit in said[0] for limit in part.limits)


def test_an_unknown_broker_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="INVOICE_EXPORT_BROKER=pulsar is unknown"):
        kafka_part(tmp_path, {"INVOICE_EXPORT_BROKER": "pulsar"})


def test_given_parts_are_neither_started_nor_stopped(postgres: Postgres, tmp_path: Path) -> None:
    given = postgres_part(tmp_path, {"DATABASE_URL": postgres.url})
    given.remove()
    assert isinstance(given, Given)
    assert postgres_answers(postgres.url)
    with pytest.raises(StartError, match="not ours to kill"):
        given.kill()


def test_a_recycled_pid_is_never_signalled(sleeper: BackgroundProcess) -> None:
    earlier = Identity(sleeper.identity.pid, "an earlier start")
    assert not stop_known(earlier, signal.SIGKILL)
    assert sleeper.is_running
    assert stop_known(sleeper.identity, signal.SIGTERM)


def test_what_was_started_dies_with_its_killed_starter(tmp_path: Path) -> None:
    script = f"""if True:
        import os, signal
        from pathlib import Path
        from deploy.sandbox.local.processes import BackgroundProcess
        process = BackgroundProcess(["sleep", "60"], log=Path({str(tmp_path / "log")!r}))
        process.start()
        print(process.identity.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    starter = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert starter.returncode == -signal.SIGKILL
    _wait_until(lambda: identify(int(starter.stdout)) is None)


def test_a_part_that_ends_at_once_shows_its_log(tmp_path: Path) -> None:
    process = BackgroundProcess([sys.executable, "-c", "print('no such thing'); exit(3)"], log=tmp_path / "log")
    process.start()
    with pytest.raises(StartError, match="has ended.*no such thing".replace(".*", r"[\s\S]*")):
        process.wait_until(lambda: False)


def test_a_taken_port_is_not_handed_out() -> None:
    port = free_port()
    assert free_port(preferred=port) != port


def test_a_stack_restarts_a_killed_service_in_place(tmp_path: Path, postgres: Postgres) -> None:
    given = os.environ | {"DATABASE_URL": postgres.url, "INVOICE_EXPORT_BROKER": "fallback"}
    with Stack(tmp_path, given=given, steps=(), services=(ECHO,), say=lambda _: None) as stack:
        url = stack.environment["ECHO_URL"]
        stack.kill("echo")
        assert not stack.is_running("echo")
        stack.start("echo")
        assert stack.is_running("echo")
        assert read_variables(tmp_path / "stack.env") == stack.environment
        assert stack.environment["ECHO_URL"] == url
        assert stack.environment["KAFKA_ENABLE_IDEMPOTENCE"] == "false"
        assert stat.S_IMODE((tmp_path / "stack.env").stat().st_mode) == 0o600
    assert not (tmp_path / "stack.env").exists()
    assert postgres_answers(postgres.url)


def test_our_account_in_the_sandbox_is_no_approver(tmp_path: Path, postgres: Postgres) -> None:
    given = os.environ | {"DATABASE_URL": postgres.url, "INVOICE_EXPORT_BROKER": "fallback"}
    procore = [service for service in SERVICES if service.name == "procore-sandbox"]
    with Stack(tmp_path, given=given, steps=(), services=procore, say=lambda _: None) as stack:
        known = stack.environment
        accounts = f"{known['PROCORE_API_URL']}/sandbox/service_accounts"
        ours = httpx.get(f"{accounts}/{known['PROCORE_CLIENT_ID']}", trust_env=False).json()
    assert known["PROCORE_SERVICE_USER_IDS"] == str(ours["user_id"])


def test_a_part_that_fails_leaves_nothing_running(tmp_path: Path) -> None:
    broken = Service("broken", lambda _: ["false"], port=8000, ready_path="/", publishes=("BROKEN_URL",))
    given = os.environ | {"INVOICE_EXPORT_BROKER": "fallback"}
    stack = Stack(tmp_path, given=given, steps=(), services=(broken,), say=lambda _: None)
    with pytest.raises(StartError, match="false has ended"):
        stack.up()
    assert not list(tmp_path.glob("postgres*"))


def test_down_stops_what_an_earlier_up_started(tmp_path: Path, sleeper: BackgroundProcess) -> None:
    _in_another_process(tmp_path, "Stack(folder, steps=(), services=(), outlives_us=True).up()")
    variables = read_variables(tmp_path / "stack.env")
    assert postgres_answers(variables["DATABASE_URL"])
    assert kafka_answers(variables["KAFKA_BOOTSTRAP_SERVERS"])
    assert _in_another_process(tmp_path, "down(folder)") == "stopped: kafka, postgres\n"
    assert not postgres_answers(variables["DATABASE_URL"])
    assert not kafka_answers(variables["KAFKA_BOOTSTRAP_SERVERS"])
    assert sleeper.is_running
    assert _in_another_process(tmp_path, "down(folder)") == "nothing of ours is running\n"


def _in_another_process(folder: Path, statement: str) -> str:
    script = "from pathlib import Path\nfrom deploy.sandbox.stack import Stack, down\n"
    script += f"folder = Path({str(folder)!r})\n{statement}"
    environment = os.environ | {"INVOICE_EXPORT_BROKER": "fallback"}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def _query(postgres: Postgres, statement: str) -> object:
    connection = await asyncpg.connect(postgres.url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def _create_topic(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
    finally:
        await admin.close()


async def _produce(bootstrap: str, topic: str, *, idempotent: bool) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=idempotent) as producer:
        for partition in range(PARTITIONS):
            await producer.send_and_wait(topic, b"%d" % partition, partition=partition)


@asynccontextmanager
async def _consumer(bootstrap: str, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    async with AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=f"{topic}-readers",
        auto_offset_reset="earliest",
        heartbeat_interval_ms=100,
    ) as consumer:
        yield consumer


async def _consume_in_a_group_of_two(bootstrap: str, topic: str) -> set[bytes]:
    async with _consumer(bootstrap, topic) as first, _consumer(bootstrap, topic) as second:
        while not len(first.assignment()) == len(second.assignment()) == PARTITIONS // 2:
            await first.getmany(timeout_ms=50)
            await second.getmany(timeout_ms=50)
        await first.seek_to_beginning()
        await second.seek_to_beginning()
        return await _read(first, PARTITIONS // 2) | await _read(second, PARTITIONS // 2)


async def _read(consumer: AIOKafkaConsumer, count: int) -> set[bytes]:
    async with asyncio.timeout(20):
        return {(await consumer.getone()).value or b"" for _ in range(count)}


def _expected() -> set[bytes]:
    return {b"%d" % partition for partition in range(PARTITIONS)}
