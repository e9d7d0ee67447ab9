"""A consumer of whole batches whose progress can be watched: health is movement, not being alive.

async with Consumer(settings, [Topic.WEBHOOKS]) as consumer:
    async for batch in consumer.batches():
        ...
        await consumer.commit(batch)
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from shared.events.topics import LARGEST_RECORD
from shared.kafka.connection import BrokerUnavailable, connection_arguments
from shared.settings import KafkaSettings

GROUP = "export-worker"
POLL_MS = 1_000
END_OFFSETS_SECONDS = 1.5

log = structlog.get_logger("kafka.consumer")


class Record(NamedTuple):
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


Batch = list[Record]
"""Records in the order of their offsets within each partition."""


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """Records that the broker no longer had when they were due: `wanted` was the next to be read."""

    topic: str
    partition: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Seconds are ages. `lag` is None while the broker does not tell its end offsets."""

    positions: dict[tuple[str, int], int]
    ends: dict[tuple[str, int], int]
    lag: int | None
    seconds_since_moved: float
    seconds_since_polled: float
    gaps: tuple[Gap, ...]

    def is_stuck(self, *, after: float) -> bool:
        """Nothing was polled for so long, or records wait and the position has not moved for so long."""
        waits = self.lag is None or self.lag > 0
        return self.seconds_since_polled > after or (waits and self.seconds_since_moved > after)


class Consumer:
    """Starts at the earliest record where the group has no offset; commits only what it is told to.

    An offset out of range is remembered as a Gap, so that health can show it, and reading goes on at the
    earliest record.
    """

    def __init__(
        self, settings: KafkaSettings, topics: Iterable[str], *, group: str = GROUP, max_records: int = 500
    ) -> None:
        self._settings = settings
        self._topics = [str(topic) for topic in topics]
        self._group = group
        self._max_records = max_records
        self._inner: AIOKafkaConsumer | None = None
        self._gaps: list[Gap] = []
        self._moved_at = self._polled_at = time.monotonic()

    async def __aenter__(self) -> Self:
        """Joins the group. Raises BrokerUnavailable."""
        try:
            async with AsyncExitStack() as closing:
                inner = self._new()
                closing.push_async_callback(_stop, inner)
                await inner.start()
                closing.pop_all()
        except (KafkaError, OSError, TimeoutError) as error:
            raise BrokerUnavailable(f"the consumer could not start: {type(error).__name__}") from error
        self._inner = inner
        self._moved_at = self._polled_at = time.monotonic()
        return self

    async def __aexit__(self, *_: object) -> None:
        inner, self._inner = self._inner, None
        if inner is not None:
            await _stop(inner)

    async def batches(self) -> AsyncIterator[Batch]:
        """Batches that are not empty, for ever. Raises BrokerUnavailable when the group cannot go on."""
        while True:
            batch = await self._poll()
            if batch:
                self._moved_at = time.monotonic()
                yield batch

    async def commit(self, batch: Batch) -> bool:
        """Commits the offsets after this batch; False when another member owns the partitions by now.

        Then the records come again, to that member. Raises BrokerUnavailable.
        """
        inner = self._started()
        owned = inner.assignment()
        offsets = {tp: offset for tp, offset in _after(batch).items() if tp in owned}
        try:
            if offsets:
                await inner.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            log.warning("offsets.refused", group=self._group, why=type(error).__name__)
            return False
        except (KafkaError, OSError, TimeoutError) as error:
            raise BrokerUnavailable(f"offsets could not be committed: {type(error).__name__}") from error
        return len(offsets) == len(_after(batch))

    async def progress(self) -> Progress:
        """Where reading stands, asked of the broker. Call it regularly: it notices that nothing waits."""
        inner = self._started()
        ends = await self._ends(inner)
        positions = {tp: at for tp in inner.assignment() if (at := _position(inner, tp)) is not None}
        lag = None if ends is None else sum(max(0, end - positions.get(tp, 0)) for tp, end in ends.items())
        now = time.monotonic()
        if lag == 0:
            self._moved_at = now
        return Progress(
            positions={(tp.topic, tp.partition): at for tp, at in positions.items()},
            ends={(tp.topic, tp.partition): end for tp, end in (ends or {}).items()},
            lag=lag,
            seconds_since_moved=now - self._moved_at,
            seconds_since_polled=now - self._polled_at,
            gaps=tuple(self._gaps),
        )

    async def _poll(self) -> Batch:
        inner = self._started()
        try:
            found = await self._found(inner)
        except (KafkaError, OSError, TimeoutError) as error:
            raise BrokerUnavailable(f"records could not be read: {type(error).__name__}") from error
        finally:
            self._polled_at = time.monotonic()
        return [_record(each) for records in found.values() for each in records]

    async def _found(self, inner: AIOKafkaConsumer) -> dict[TopicPartition, list[Any]]:
        try:
            found: dict[TopicPartition, list[Any]] = await inner.getmany(
                timeout_ms=POLL_MS, max_records=self._max_records
            )
        except NoOffsetForPartitionError:
            await self._begin_at_earliest(inner)
            return {}
        except OffsetOutOfRangeError as error:
            await self._go_on_after_gap(inner, error.args[0])
            return {}
        return found

    async def _begin_at_earliest(self, inner: AIOKafkaConsumer) -> None:
        """All partitions that nothing was committed for at once: aiokafka names one every half second."""
        assigned = list(inner.assignment())
        committed = await asyncio.gather(*map(inner.committed, assigned))
        unread = [tp for tp, offset in zip(assigned, committed, strict=True) if offset is None]
        if unread:
            await inner.seek_to_beginning(*unread)

    async def _go_on_after_gap(self, inner: AIOKafkaConsumer, wanted: dict[TopicPartition, int]) -> None:
        for tp, offset in wanted.items():
            self._gaps.append(Gap(tp.topic, tp.partition, offset))
            log.error("offset.lost", topic=tp.topic, partition=tp.partition, offset=offset)
        await inner.seek_to_beginning(*wanted)

    async def _ends(self, inner: AIOKafkaConsumer) -> dict[TopicPartition, int] | None:
        try:
            async with asyncio.timeout(END_OFFSETS_SECONDS):
                ends: dict[TopicPartition, int] = await inner.end_offsets(inner.assignment())
        except (KafkaError, OSError, TimeoutError):
            return None
        return ends

    def _started(self) -> AIOKafkaConsumer:
        if self._inner is None:
            raise RuntimeError("use the consumer inside `async with`")
        return self._inner

    def _new(self) -> AIOKafkaConsumer:
        session_ms = round(self._settings.kafka_session_timeout_seconds * 1000)
        return AIOKafkaConsumer(
            *self._topics,
            **connection_arguments(self._settings),
            client_id=self._group,
            group_id=self._group,
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // 4,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=LARGEST_RECORD,
        )


async def _stop(inner: AIOKafkaConsumer) -> None:
    """In a task of its own: while the broker is away, aiokafka lets the cancellation of its fetches out of stop().

    It would end whoever stops the consumer as if they had been cancelled, without a word, and leave the client open.
    """
    stopping = asyncio.create_task(inner.stop())
    await asyncio.wait({stopping})
    if stopping.cancelled():
        await inner._client.close()  # noqa: SLF001
    else:
        stopping.result()


def _record(each: Any) -> Record:
    return Record(each.topic, each.partition, each.offset, each.timestamp, each.key, each.value, tuple(each.headers))


def _after(batch: Batch) -> dict[TopicPartition, int]:
    after: dict[TopicPartition, int] = {}
    for record in batch:
        tp = TopicPartition(record.topic, record.partition)
        after[tp] = max(after.get(tp, 0), record.offset + 1)
    return after


def _position(inner: AIOKafkaConsumer, tp: TopicPartition) -> int | None:
    """Without waiting for one: a consumer that cannot find its position must not block its own health."""
    assignment = inner._subscription.subscription.assignment  # noqa: SLF001
    state = assignment.state_value(tp) if assignment is not None else None
    return state.position if state is not None and state.has_valid_position else None
