"""Keeps a record before its webhook is answered: in Kafka, else in Postgres, else we say so."""

import asyncio
from enum import StrEnum
from time import monotonic

import structlog

from services.webhook_receiver import metrics
from services.webhook_receiver.incoming import Record
from services.webhook_receiver.parking import Parking
from shared.database import DATABASE_ERRORS
from shared.kafka.connection import BrokerUnavailable
from shared.kafka.producer import Producer, RecordRefused

KAFKA_SECONDS = 1.0
PARKING_SECONDS = 0.7
SHORTEST_TRY_SECONDS = 0.05

log = structlog.get_logger("webhook_receiver")


class Kept(StrEnum):
    IN_KAFKA = "in_kafka"
    PARKED = "parked"
    NOWHERE = "nowhere"


class BrokerState:
    """Whether Kafka failed us lately: then nobody waits for it until the relay got something through."""

    def __init__(self) -> None:
        self.is_away = False
        self.left = asyncio.Event()

    def lost(self, why: str) -> None:
        if not self.is_away:
            log.warning("broker.avoided", why=why)
        self.is_away = True
        self.left.set()
        metrics.broker_away.set(1)

    def back(self) -> None:
        if self.is_away:
            log.info("broker.trusted")
        self.is_away = False
        self.left.clear()
        metrics.broker_away.set(0)


class Shelter:
    def __init__(self, producer: Producer, parking: Parking, broker: BrokerState) -> None:
        self._producer = producer
        self._parking = parking
        self._broker = broker

    async def keep(self, record: Record, *, until: float) -> Kept:
        """Durably, or NOWHERE; always before `until` (on the monotonic clock)."""
        avoids_kafka = self._broker.is_away
        try:
            if not avoids_kafka and await self._send(record, until - PARKING_SECONDS):
                return Kept.IN_KAFKA
            if await self._park(record, until, "Kafka is away"):
                return Kept.PARKED
            if avoids_kafka and await self._send(record, until):
                # The relay may never tell: what wears out our Postgres connections wears out its own.
                self._broker.back()
                return Kept.IN_KAFKA
        except RecordRefused as refused:
            # It waits, visibly, until somebody lets the topic take larger records.
            if await self._park(record, until, f"refused by Kafka: {refused}"):
                return Kept.PARKED
        return Kept.NOWHERE

    async def _send(self, record: Record, until: float) -> bool:
        within = min(KAFKA_SECONDS, until - monotonic())
        if within < SHORTEST_TRY_SECONDS:
            return False
        try:
            await self._producer.send(
                record.topic, key=record.key, value=record.value, headers=record.headers, within=within
            )
        except BrokerUnavailable as why:
            self._broker.lost(str(why))
            return False
        return True

    async def _park(self, record: Record, until: float, reason: str) -> bool:
        try:
            async with asyncio.timeout(min(PARKING_SECONDS, until - monotonic())):
                await self._parking.park(record, reason)
        except DATABASE_ERRORS as error:
            log.warning("parking.failed", error=type(error).__name__)
            return False
        return True
