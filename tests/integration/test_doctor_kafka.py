"""What doctor says of how far the workers have read, with a real Kafka."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.sandbox.local.kafka import start_kafka
from services.cli.diagnosis.check import Check
from services.cli.diagnosis.kafka import kafka_checks
from shared.events.topics import Topic
from shared.kafka.consumer import GROUP
from shared.kafka.producer import Producer
from shared.kafka.topics import create_topics
from shared.settings import KafkaSettings

pytestmark = pytest.mark.real_kafka


async def group_check(settings: KafkaSettings) -> Check:
    [found] = [check async for check in kafka_checks(settings) if GROUP in check.name]
    return found


@pytest.fixture
def bootstrap(tmp_path: Path) -> Iterator[str]:
    """Of a Kafka that nobody else has written to."""
    kafka = start_kafka(tmp_path)
    yield kafka.bootstrap
    kafka.remove()


async def test_doctor_tells_how_far_the_workers_have_read(bootstrap: str) -> None:
    settings = KafkaSettings(kafka_bootstrap_servers=[bootstrap])
    await create_topics(settings)
    assert (await group_check(settings)).todo == "nothing, unless a worker should run already"
    producer = Producer(settings, client_id="test")
    await producer.start()
    await producer.wait_connected()
    for _ in range(3):
        await producer.send(Topic.WEBHOOKS, key=b"415:6021", value=b"{}", within=10)
    await producer.stop()
    assert (await group_check(settings)).todo == "start the worker"
    consumer = AIOKafkaConsumer(
        Topic.WEBHOOKS, bootstrap_servers=bootstrap, group_id=GROUP, auto_offset_reset="earliest"
    )
    await consumer.start()
    record = await consumer.getone()
    await consumer.commit({TopicPartition(record.topic, record.partition): record.offset + 1})
    await consumer.stop()
    assert "2 records behind" in (await group_check(settings)).told
