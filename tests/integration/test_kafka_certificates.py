"""A certificate that goes bad while we run: both clients say so, and go on once it is good again."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from shared.kafka.connection import BrokerUnavailable
from shared.kafka.consumer import Consumer
from shared.kafka.producer import Producer
from shared.settings import KafkaSettings
from tests.support.certificates import write_certificate

SECONDS = 10


@pytest.fixture
async def knocks() -> AsyncIterator[tuple[int, asyncio.Event]]:
    """A port, and whether anybody ever connected to it."""
    knocked = asyncio.Event()

    def hear(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        knocked.set()
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], knocked


@pytest.fixture
def settings(knocks, tmp_path):
    return KafkaSettings(
        kafka_bootstrap_servers=[f"127.0.0.1:{knocks[0]}"],
        kafka_security_protocol="SSL",
        kafka_ssl_cafile=write_certificate(tmp_path).certificate,
    )


async def until_logged(logs, event):
    async with asyncio.timeout(SECONDS):
        while True:
            if lines := [line for line in logs if line["event"] == event]:
                return lines
            await asyncio.sleep(0.02)


async def test_a_producer_outlives_a_bad_certificate(settings, knocks, tmp_path):
    settings.kafka_ssl_cafile.write_text("half a file")
    producer = Producer(settings, client_id="test")
    with capture_logs() as logs:
        await producer.start()
        (line,) = await until_logged(logs, "broker.not_reached")
        assert "certificate" in line["why"]
        assert not knocks[1].is_set()
        write_certificate(tmp_path)
        async with asyncio.timeout(SECONDS):
            await knocks[1].wait()
    await producer.stop()


async def test_a_fault_of_ours_does_not_silence_the_producer(settings):
    broken = KafkaSettings.model_construct(**settings.model_dump() | {"kafka_security_protocol": "CARRIER_PIGEON"})
    producer = Producer(broken, client_id="test")
    with capture_logs() as logs:
        await producer.start()
        (line,) = await until_logged(logs, "connecting.broken")
        assert isinstance(line["exc_info"], ValueError)
        with pytest.raises(BrokerUnavailable):
            await producer.send("x", key=None, value=b"x", within=1)
    await producer.stop()
    assert not producer.is_connected


async def test_a_consumer_with_a_bad_certificate_may_try_again(settings):
    settings.kafka_ssl_cafile.write_text("half a file")
    with pytest.raises(BrokerUnavailable, match="certificate"):
        async with Consumer(settings, ["x"]):
            pass
