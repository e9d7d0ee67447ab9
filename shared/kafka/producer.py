"""A producer that starts without a broker, says in time whether a record is safe, and heals itself."""

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)

from shared.events.topics import LARGEST_RECORD
from shared.kafka.connection import BrokerUnavailable, connection_arguments
from shared.settings import KafkaSettings

REQUEST_TIMEOUT_MS = 5_000
RECONNECT_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.0)
REFUSALS = (MessageSizeTooLargeError, RecordListTooLargeError)

log = structlog.get_logger("kafka.producer")


class RecordRefused(Exception):
    """Kafka will not take this record as its topic is set up: it is too large."""


class Producer:
    """acks=all, idempotent unless the settings say otherwise, no linger.

    A send that fails or runs out of time retires the connection and a fresh one is made in the background:
    what lies in the old one's buffer can then not be sent hours later, after its owner has parked it.
    """

    def __init__(self, settings: KafkaSettings, *, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._inner: AIOKafkaProducer | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._retiring: set[asyncio.Task[None]] = set()
        self._connected = asyncio.Event()

    @property
    def is_connected(self) -> bool:
        return self._connected.is_set()

    async def start(self) -> None:
        """Begins to connect and returns at once."""
        self._connect_in_background()

    async def wait_connected(self) -> None:
        await self._connected.wait()

    async def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes]] = (),
        within: float,
    ) -> None:
        """Returns when every in-sync replica has the record. `within` is in seconds.

        Raises BrokerUnavailable (the record may still have arrived), RecordRefused.
        """
        inner = self._inner
        if inner is None:
            raise BrokerUnavailable("not connected")
        try:
            async with asyncio.timeout(within):
                await inner.send_and_wait(topic, value, key, headers=list(headers))
        except REFUSALS as error:
            raise RecordRefused(type(error).__name__) from error
        except (KafkaError, OSError, TimeoutError) as error:
            self._retire(inner)
            raise BrokerUnavailable(f"{type(error).__name__} after at most {within:.2f} s") from error

    async def stop(self) -> None:
        """Flushes what is on its way for a moment, then closes."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait({self._connecting})
        inner, self._inner = self._inner, None
        self._connected.clear()
        if inner is not None:
            await _close(inner)
        await asyncio.gather(*self._retiring)

    def _connect_in_background(self, *, after: float = 0) -> None:
        if self._connecting is None or self._connecting.done():
            self._connecting = asyncio.create_task(self._connect(after))
            self._connecting.add_done_callback(self._go_on)

    def _go_on(self, ended: asyncio.Task[None]) -> None:
        """By a fault of ours it ended otherwise than connected: that must be seen, and must not be the end."""
        error = None if ended.cancelled() else ended.exception()
        if error is not None:
            log.error("connecting.broken", client_id=self._client_id, exc_info=error)
            self._connect_in_background(after=RECONNECT_SECONDS[-1])

    async def _connect(self, after: float) -> None:
        """Again and again; each reason that keeps us away is told once."""
        attempt, told = 0, ""
        await asyncio.sleep(after)
        while self._inner is None:
            try:
                self._inner = await self._opened()
            except (KafkaError, BrokerUnavailable, OSError, TimeoutError) as error:
                why = f"{type(error).__name__}: {error}"
                if why != told:
                    log.warning("broker.not_reached", client_id=self._client_id, why=why)
                told = why
                await asyncio.sleep(RECONNECT_SECONDS[min(attempt, len(RECONNECT_SECONDS) - 1)])
                attempt += 1
        self._connected.set()
        log.info("broker.connected", client_id=self._client_id)

    async def _opened(self) -> AIOKafkaProducer:
        async with AsyncExitStack() as closing:
            inner = self._new()
            closing.push_async_callback(inner.stop)
            await inner.start()
            closing.pop_all()
        return inner

    def _new(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **connection_arguments(self._settings),
            client_id=self._client_id,
            acks="all",
            enable_idempotence=self._settings.kafka_enable_idempotence,
            linger_ms=0,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            max_request_size=LARGEST_RECORD,
        )

    def _retire(self, inner: AIOKafkaProducer) -> None:
        if self._inner is not inner:
            return
        self._inner = None
        self._connected.clear()
        log.warning("broker.lost", client_id=self._client_id)
        task = asyncio.create_task(_close(inner, abandon=True))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)
        self._connect_in_background()


async def _close(inner: AIOKafkaProducer, *, abandon: bool = False) -> None:
    if not abandon:
        with suppress(TimeoutError):
            async with asyncio.timeout(REQUEST_TIMEOUT_MS / 1000):
                await inner.flush()
    # An idempotent aiokafka producer never gives a batch up by itself, so that stop() alone would wait for
    # the broker for ever, and no public call drops the buffer. Whoever still awaits a dropped record has a
    # deadline. First the sender ends, or it would put back what we drop.
    await inner._sender.close()  # noqa: SLF001
    inner._message_accumulator._batches.clear()  # noqa: SLF001
    inner._message_accumulator._pending_batches.clear()  # noqa: SLF001
    with suppress(KafkaError, OSError, TimeoutError):
        await inner.stop()
