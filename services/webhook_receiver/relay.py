"""Brings parked webhooks to Kafka, oldest first, every second while there are any or Kafka is away."""

import asyncio
from contextlib import suppress

import structlog

from services.webhook_receiver import metrics
from services.webhook_receiver.parking import BATCH, ParkedRecord, Parking
from services.webhook_receiver.shelter import BrokerState
from shared.database import DATABASE_ERRORS
from shared.kafka.connection import BrokerUnavailable
from shared.kafka.producer import Producer, RecordRefused

BUSY_SECONDS = 1.0
# Rows of a receiver that died, or were parked while the broker was only slow, wait no longer than this.
IDLE_SECONDS = 5.0
SEND_SECONDS = 3.0
LAST_PASS_SECONDS = 3.0

log = structlog.get_logger("webhook_receiver")


class Relay:
    def __init__(self, parking: Parking, producer: Producer, broker: BrokerState) -> None:
        self._parking = parking
        self._producer = producer
        self._broker = broker
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends the pass that is running, and tries once more to leave nothing behind."""
        self._stopping.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_PASS_SECONDS):
                if self._task is not None:
                    await self._task
                await self.pass_once()

    async def pass_once(self) -> int:
        """Relays what it can; how many rows wait afterwards."""
        try:
            relayed = await self._relay_all() if self._producer.is_connected else 0
            waiting = await self._parking.waiting()
        except DATABASE_ERRORS as error:
            log.warning("relay.interrupted", error=type(error).__name__)
            return 0
        metrics.parked.set(waiting.count)
        metrics.oldest_parked.set(waiting.oldest_at.timestamp() if waiting.oldest_at else 0)
        if relayed or (waiting.count == 0 and self._producer.is_connected):
            self._broker.back()
        if relayed:
            log.info("parking.relayed", relayed=relayed, waiting=waiting.count)
        return waiting.count

    async def _run(self) -> None:
        while not self._stopping.is_set():
            waiting = await self.pass_once()
            await self._pause(is_busy=waiting > 0 or self._broker.is_away)

    async def _pause(self, *, is_busy: bool) -> None:
        """A broker that leaves ends an idle pause."""
        signals = [self._stopping] if is_busy else [self._stopping, self._broker.left]
        waits = [asyncio.create_task(signal.wait()) for signal in signals]
        await asyncio.wait(
            waits, timeout=BUSY_SECONDS if is_busy else IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        for wait in waits:
            wait.cancel()

    async def _relay_all(self) -> int:
        relayed, after = 0, 0
        while True:
            async with self._parking.batch(after=after) as batch:
                results = await asyncio.gather(*map(self._is_sent, batch.parked))
                sent = [one.id for one, is_sent in zip(batch.parked, results, strict=True) if is_sent]
                await batch.remove(sent)
            relayed += len(sent)
            if len(batch.parked) < BATCH or not self._producer.is_connected:
                return relayed
            after = batch.parked[-1].id

    async def _is_sent(self, parked: ParkedRecord) -> bool:
        record = parked.record
        try:
            await self._producer.send(
                record.topic, key=record.key, value=record.value, headers=record.headers, within=SEND_SECONDS
            )
        except BrokerUnavailable as why:
            self._broker.lost(str(why))
            return False
        except RecordRefused as why:
            log.warning("record.refused", topic=record.topic, bytes=len(record.value), why=str(why))
            return False
        return True
