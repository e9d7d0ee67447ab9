"""Our Kafka clients against a real broker behind TLS: by certificate and by password, and never by less."""

import asyncio
import itertools

import pytest
from structlog.testing import capture_logs

from shared.events.topics import TopicSpecification
from shared.kafka.connection import BrokerUnavailable
from shared.kafka.consumer import Consumer
from shared.kafka.producer import Producer
from shared.kafka.topics import create_topics
from shared.settings import KafkaSettings
from tests.support.certificates import Authority
from tests.support.secured_kafka import USER, SecuredKafka, start_secured_kafka

pytestmark = [pytest.mark.real_kafka, pytest.mark.timeout(180)]

SECONDS = 20
WAYS = ("SSL", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
names = (f"test.secured.{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    secured = start_secured_kafka(tmp_path_factory.mktemp("secured"))
    yield secured
    secured.kafka.remove()


def settings_of(secured: SecuredKafka, way: str, **changes) -> KafkaSettings:
    """As an environment would give them."""
    if way == "SSL":
        servers, own = (
            secured.by_certificate,
            {
                "kafka_security_protocol": "SSL",
                "kafka_ssl_certfile": secured.client.certificate,
                "kafka_ssl_keyfile": secured.client.key,
            },
        )
    else:
        servers, own = (
            secured.by_password,
            {
                "kafka_security_protocol": "SASL_SSL",
                "kafka_sasl_mechanism": way,
                "kafka_sasl_username": USER,
                "kafka_sasl_password": secured.password,
            },
        )
    common = {"kafka_bootstrap_servers": servers, "kafka_ssl_cafile": secured.authority.certificate}
    return KafkaSettings.model_validate(common | own | changes)


async def refused(settings: KafkaSettings) -> list[dict]:
    """Neither client gets in; what the producer logs of it."""
    with pytest.raises(BrokerUnavailable):
        async with Consumer(settings, ["test.nothing"]):
            pass
    producer = Producer(settings, client_id="test")
    with capture_logs() as logs:
        await producer.start()
        async with asyncio.timeout(SECONDS):
            while True:
                if told := [line for line in logs if line["event"] == "broker.not_reached"]:
                    break
                await asyncio.sleep(0.02)
        assert not producer.is_connected
    await producer.stop()
    return told


@pytest.mark.parametrize("way", WAYS)
async def test_every_client_of_ours_speaks_tls(secured, way):
    settings, topic = settings_of(secured, way), next(names)
    (report,) = await create_topics(settings, [TopicSpecification(topic, partitions=1)])
    assert report.created
    producer = Producer(settings, client_id="test")
    await producer.start()
    async with asyncio.timeout(SECONDS):
        await producer.wait_connected()
    await producer.send(topic, key=None, value=way.encode(), within=10)
    await producer.stop()
    async with asyncio.timeout(SECONDS), Consumer(settings, [topic], group=topic) as consumer:
        batch = await anext(aiter(consumer.batches()))
        await consumer.commit(batch)
    assert [record.value for record in batch] == [way.encode()]


@pytest.mark.parametrize("way", ["SSL", "PLAIN"])
async def test_a_broker_that_nobody_vouches_for_is_refused(secured, way, tmp_path):
    stranger = Authority(tmp_path, "a stranger")
    await refused(settings_of(secured, way, kafka_ssl_cafile=stranger.certificate))


async def test_a_broker_under_another_name_is_refused(secured):
    address = secured.by_password.replace("localhost", "127.0.0.1")
    await refused(settings_of(secured, "PLAIN", kafka_bootstrap_servers=address))


async def test_a_client_without_its_certificate_is_refused(secured):
    await refused(settings_of(secured, "SSL", kafka_ssl_certfile=None, kafka_ssl_keyfile=None))


async def test_a_certificate_of_a_stranger_is_refused(secured, tmp_path):
    stranger = Authority(tmp_path, "a stranger").sign("a-client-of-ours")
    await refused(settings_of(secured, "SSL", kafka_ssl_certfile=stranger.certificate, kafka_ssl_keyfile=stranger.key))


@pytest.mark.parametrize("way", WAYS[1:])
async def test_a_wrong_password_is_refused_and_not_logged(secured, way):
    told = await refused(settings_of(secured, way, kafka_sasl_password="a-password-that-somebody-guessed"))
    assert "somebody-guessed" not in str(told)


async def test_nobody_is_let_in_without_tls(secured):
    await refused(
        KafkaSettings(
            kafka_bootstrap_servers=secured.by_password,
            kafka_security_protocol="SASL_PLAINTEXT",
            kafka_sasl_username=USER,
            kafka_sasl_password=secured.password,
        )
    )
