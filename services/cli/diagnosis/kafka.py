"""Kafka: reachable, its topics as they should be, and how far the worker has read. Nothing is created."""

import asyncio
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.cli.diagnosis.check import Check, attention, failed, first_line, ok
from shared.events.topics import TOPICS, Topic
from shared.kafka.connection import BrokerUnavailable, connection_arguments
from shared.kafka.consumer import GROUP
from shared.kafka.topics import create_topics
from shared.settings import KafkaSettings

SECONDS = 20.0
MUCH = 1000
READ = (Topic.WEBHOOKS, Topic.COMMANDS, Topic.DEAD_LETTERS)
BROKER_ERRORS = (KafkaError, BrokerUnavailable, OSError, TimeoutError)


async def kafka_checks(settings: KafkaSettings) -> AsyncIterator[Check]:
    """Each step within a time limit."""
    try:
        async with asyncio.timeout(SECONDS):
            existing = await _existing(settings)
    except BROKER_ERRORS as error:
        yield failed("kafka: reachable", first_line(error), "start Kafka, or correct KAFKA_BOOTSTRAP_SERVERS")
        return
    yield ok("kafka: reachable")
    try:
        async for check in _topics(settings, existing):
            yield check
        if set(READ) <= existing:
            async with asyncio.timeout(SECONDS):
                yield await _lag(settings)
    except BROKER_ERRORS as error:
        yield failed("kafka: answers", first_line(error), "see the broker's log")


async def _existing(settings: KafkaSettings) -> set[str]:
    admin = AIOKafkaAdminClient(**connection_arguments(settings))
    try:
        await admin.start()
        return set(await admin.list_topics())
    finally:
        await admin.close()


async def _topics(settings: KafkaSettings, existing: set[str]) -> AsyncIterator[Check]:
    for wanted in TOPICS:
        if wanted.topic not in existing:
            todo = "run `invoice-export topics create`"
            yield failed(f"kafka: {wanted.topic}", "does not exist", todo)
    # What exists is not created again, only compared.
    for report in await create_topics(settings, [wanted for wanted in TOPICS if wanted.topic in existing]):
        if report.differences:
            todo = "change the topic with Kafka's own tools"
            yield failed(f"kafka: {report.topic}", "; ".join(report.differences), todo)
        else:
            yield ok(f"kafka: {report.topic}")


async def _lag(settings: KafkaSettings) -> Check:
    name = f"kafka: group {GROUP}"
    read, ends = await _positions(settings)
    if not any(offset is not None for offset in read.values()):
        todo = "start the worker" if any(ends.values()) else "nothing, unless a worker should run already"
        return attention(name, "has never read", todo)
    lag = sum(max(0, end - (read[partition] or 0)) for partition, end in ends.items())
    if lag > MUCH:
        return attention(name, f"{lag} records behind", "see that the workers run and read")
    return ok(name, f"{lag} records behind")


async def _partitions(settings: KafkaSettings) -> list[TopicPartition]:
    """Of the topics that are read. A consumer that subscribes to none knows of no partition."""
    admin = AIOKafkaAdminClient(**connection_arguments(settings))
    try:
        await admin.start()
        topics = await admin.describe_topics([topic.value for topic in READ])
    finally:
        await admin.close()
    return [TopicPartition(topic["topic"], part["partition"]) for topic in topics for part in topic["partitions"]]


async def _positions(settings: KafkaSettings) -> tuple[dict[TopicPartition, int | None], dict[TopicPartition, int]]:
    """What the group has committed and where the topics end; asked without joining the group."""
    partitions = await _partitions(settings)
    consumer = AIOKafkaConsumer(**connection_arguments(settings), group_id=GROUP, enable_auto_commit=False)
    try:
        await consumer.start()
        consumer.assign(partitions)
        read = {partition: await consumer.committed(partition) for partition in partitions}
        return read, await consumer.end_offsets(partitions)
    finally:
        await consumer.stop()
