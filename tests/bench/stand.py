"""What benchmarks stand on: a stack of their own with some of the services, and what is asked of it from outside."""

import os
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from deploy.sandbox.local.fallback_broker import FallbackBroker
from deploy.sandbox.local.processes import BackgroundProcess
from deploy.sandbox.local.services import SERVICES, STEPS
from deploy.sandbox.stack import Stack

PASSED_ON = ("HOME", "XDG_", "INVOICE_EXPORT_")


@contextmanager
def stack_with(*names: str, **given: str) -> Iterator[Stack]:
    """Postgres as durable as in production, Kafka (`INVOICE_EXPORT_BROKER` chooses), and these services."""
    passed = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    services = [service for service in SERVICES if service.name in names]
    with (
        tempfile.TemporaryDirectory(prefix="bench") as folder,
        Stack(
            Path(folder),
            given={"PATH": os.environ["PATH"]} | passed | given,
            steps=STEPS,
            services=services,
            say=lambda _: None,
        ) as stack,
    ):
        yield stack


def environment_of(stack: Stack) -> dict[str, str]:
    """For a process of a benchmark's own on the stack."""
    return os.environ | stack.environment


def broker_of(stack: Stack) -> str:
    """For the notes."""
    return "Apache Kafka" if counts_records(stack) else "the fallback broker (in memory)"


def counts_records(stack: Stack) -> bool:
    """Whether `records_in` is exact: the fallback broker reports its ends too low, by up to a batch."""
    return not isinstance(stack.part("kafka"), FallbackBroker)


async def records_in(stack: Stack, topic: str) -> int:
    """How many were ever written."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=stack.environment["KAFKA_BOOTSTRAP_SERVERS"])
    await consumer.start()
    try:
        ends: Mapping[TopicPartition, int] = await consumer.end_offsets(consumer.assignment())
        return sum(ends.values())
    finally:
        await consumer.stop()


def sample(exposition: str, name: str, **labels: str) -> float:
    """One number of what /metrics says; 0 when it was never counted."""
    found = (
        one.value
        for family in text_string_to_metric_families(exposition)
        for one in family.samples
        if one.name == name and labels.items() <= one.labels.items()
    )
    return next(found, 0.0)


def cpu_seconds(process: BackgroundProcess) -> float:
    """What it has used of a core since its start."""
    spent = psutil.Process(process.identity.pid).cpu_times()
    return spent.user + spent.system


def resident_mebibytes(process: BackgroundProcess) -> float:
    """Its memory now."""
    return psutil.Process(process.identity.pid).memory_info().rss / 2**20


def growth(memory: Sequence[float]) -> float:
    """The median of the last quarter beside that of the second: what a start needs is no growth."""
    quarter = max(1, len(memory) // 4)
    return statistics.median(memory[-quarter:]) / statistics.median(memory[quarter : 2 * quarter] or memory)
