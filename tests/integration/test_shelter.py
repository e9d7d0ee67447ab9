"""Where a record is kept when one of the two fails, with a real Kafka and a Postgres that is not there."""

from collections.abc import AsyncIterator
from time import monotonic

import pytest

from deploy.sandbox.local.parts import Part
from services.webhook_receiver.door import ANSWER_SECONDS
from services.webhook_receiver.incoming import Record
from services.webhook_receiver.parking import Parking
from services.webhook_receiver.shelter import BrokerState, Kept, Shelter
from shared.database import Role, create_engine
from shared.events.topics import TopicSpecification
from shared.kafka.producer import Producer
from shared.kafka.topics import create_topics
from shared.settings import KafkaSettings

pytestmark = pytest.mark.real_kafka

RECORD = Record("test.shelter", b"415:6021", b"{}", ())


@pytest.fixture
async def producer(kafka_broker: Part) -> AsyncIterator[Producer]:
    settings = KafkaSettings(kafka_bootstrap_servers=[kafka_broker.address])
    await create_topics(settings, [TopicSpecification(RECORD.topic, partitions=1)])
    producer = Producer(settings, client_id="test")
    await producer.start()
    await producer.wait_connected()
    yield producer
    await producer.stop()


@pytest.fixture
async def no_parking() -> AsyncIterator[Parking]:
    engine = create_engine("postgresql://nobody@127.0.0.1:1/nowhere", Role.RECEIVER, application_name="test")
    yield Parking(engine)
    await engine.dispose()


async def test_kafka_is_trusted_again_once_it_took_something(producer: Producer, no_parking: Parking) -> None:
    """Else a crowd of webhooks that wears out Postgres, and the relay with it, would be parked for ever."""
    broker = BrokerState()
    broker.lost("a slow moment")
    shelter = Shelter(producer, no_parking, broker)
    assert await shelter.keep(RECORD, until=monotonic() + ANSWER_SECONDS) is Kept.IN_KAFKA
    assert not broker.is_away
