"""Our producer, consumer and topic set-up against a real Kafka."""

import asyncio
import itertools

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from deploy.sandbox.local.kafka import start_kafka
from deploy.sandbox.local.processes import free_port
from shared.events.topics import TopicSpecification
from shared.kafka.connection import BrokerUnavailable
from shared.kafka.consumer import Batch, Consumer, Record
from shared.kafka.producer import Producer, RecordRefused
from shared.kafka.topics import create_topics
from shared.settings import KafkaSettings

pytestmark = [pytest.mark.real_kafka, pytest.mark.timeout(120)]

names = (f"test.topic.{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    kafka = start_kafka(tmp_path_factory.mktemp("kafka"))
    yield kafka
    kafka.stop()


@pytest.fixture
def settings(kafka):
    return KafkaSettings(kafka_bootstrap_servers=[kafka.bootstrap])


@pytest.fixture
async def topic(settings):
    """A fresh topic of one partition."""
    name = next(names)
    await create_topics(settings, [TopicSpecification(name, partitions=1)])
    return name


@pytest.fixture
async def producer(settings):
    producer = Producer(settings, client_id="test")
    await producer.start()
    await producer.wait_connected()
    yield producer
    await producer.stop()


async def send(producer: Producer, topic: str, *values: bytes) -> None:
    for value in values:
        await producer.send(topic, key=b"415:6021", value=value, headers=[("a", b"b")], within=5)


async def next_batch(consumer: Consumer) -> Batch:
    async with asyncio.timeout(20):
        return await anext(aiter(consumer.batches()))


async def test_topics_are_made_once_and_differences_told(settings):
    topic = next(names)
    small = TopicSpecification(topic, partitions=2, config={"retention.ms": "1000", "max.message.bytes": "2000"})
    (made,) = await create_topics(settings, [small])
    assert (made.created, made.differences) == (True, ())
    (again,) = await create_topics(settings, [TopicSpecification(topic)])
    assert not again.created
    assert len(again.differences) == 3
    assert "has 2 partitions, 12 are expected" in again.differences[0]


async def test_topics_without_a_broker_are_an_error():
    nowhere = KafkaSettings(kafka_bootstrap_servers=[f"127.0.0.1:{free_port()}"])
    with pytest.raises(BrokerUnavailable):
        await create_topics(nowhere)


async def test_a_new_group_reads_from_the_first_record(settings, producer, topic):
    await send(producer, topic, b"one", b"two")
    async with Consumer(settings, [topic], group=topic) as consumer:
        batch = await next_batch(consumer)
    assert [record.value for record in batch] == [b"one", b"two"]
    assert (batch[0].key, batch[0].headers, batch[0].offset) == (b"415:6021", (("a", b"b"),), 0)


async def test_what_is_not_committed_comes_again(settings, producer, topic):
    await send(producer, topic, b"one", b"two")
    async with Consumer(settings, [topic], group=topic) as consumer:
        batch = await next_batch(consumer)
        assert await consumer.commit(batch[:1])
    async with Consumer(settings, [topic], group=topic) as consumer:
        assert [record.value for record in await next_batch(consumer)] == [b"two"]


async def test_a_partition_of_somebody_else_is_not_committed(settings, topic):
    async with Consumer(settings, [topic], group=topic) as consumer:
        foreign = Record(topic, 7, 0, 0, None, None, ())
        assert not await consumer.commit([foreign])


async def test_progress_shows_lag_and_movement(settings, producer, topic):
    await send(producer, topic, b"one")
    async with Consumer(settings, [topic], group=topic) as consumer:
        await next_batch(consumer)
        await send(producer, topic, b"two", b"three")
        progress = await consumer.progress()
        assert (progress.lag, progress.positions, progress.ends) == (2, {(topic, 0): 1}, {(topic, 0): 3})
        assert not progress.is_stuck(after=5)
        assert progress.is_stuck(after=0)
        read = await next_batch(consumer)
        while len(read) < 2:
            read += await next_batch(consumer)
        assert (await consumer.progress()).lag == 0


async def test_lost_records_turn_up_as_a_gap(settings, producer, topic, kafka):
    await send(producer, topic, b"one", b"two", b"three")
    async with Consumer(settings, [topic], group=topic) as consumer:
        await consumer.commit((await next_batch(consumer))[:1])
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=2)})
    await admin.close()
    async with Consumer(settings, [topic], group=topic) as consumer:
        assert [record.value for record in await next_batch(consumer)] == [b"three"]
        (gap,) = (await consumer.progress()).gaps
    assert (gap.topic, gap.partition, gap.wanted) == (topic, 0, 1)


async def test_a_consumer_without_a_broker_does_not_start():
    nowhere = KafkaSettings(kafka_bootstrap_servers=[f"127.0.0.1:{free_port()}"])
    with pytest.raises(BrokerUnavailable):
        async with Consumer(nowhere, ["x"]):
            pass


async def test_a_record_that_is_too_large_is_refused(producer, topic, settings):
    with pytest.raises(RecordRefused):
        await producer.send(topic, key=None, value=b"x" * 5_000_000, within=5)
    small = next(names)
    await create_topics(
        settings,
        [TopicSpecification(small, partitions=1, config={"retention.ms": "-1", "max.message.bytes": "1000"})],
    )
    with pytest.raises(RecordRefused):
        await producer.send(small, key=None, value=b"x" * 2_000, within=5)
    await send(producer, topic, b"still works")


async def test_a_producer_without_a_broker_says_so_at_once():
    nowhere = KafkaSettings(kafka_bootstrap_servers=[f"127.0.0.1:{free_port()}"])
    producer = Producer(nowhere, client_id="test")
    await producer.start()
    with pytest.raises(BrokerUnavailable):
        await producer.send("x", key=None, value=b"x", within=60)
    await producer.stop()


async def test_both_clients_outlive_a_broker_that_was_killed(settings, producer, topic, kafka):
    await send(producer, topic, b"before")
    async with Consumer(settings, [topic], group=topic) as consumer:
        await consumer.commit(await next_batch(consumer))
        await asyncio.to_thread(kafka.kill)
        with pytest.raises(BrokerUnavailable):
            await producer.send(topic, key=None, value=b"during", within=0.5)
        assert (await consumer.progress()).lag is None
        await asyncio.to_thread(kafka.restart)
        async with asyncio.timeout(30):
            await producer.wait_connected()
        await send(producer, topic, b"after")
        values = []
        while b"after" not in values:
            batch = await next_batch(consumer)
            values += [record.value for record in batch]
            await consumer.commit(batch)
    assert values[-1] == b"after"
