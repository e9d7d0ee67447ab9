"""Commands to the worker: signed here, sent over Kafka, answered through the ledger. The dashboard decides nothing."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.events.command import Command
from shared.events.topics import Topic
from shared.events.webhook_event import WebhookEvent
from shared.kafka.connection import BrokerUnavailable
from shared.kafka.producer import Producer, RecordRefused
from shared.ledger.tables import commands

SEND_SECONDS = 5.0
POLL_SECONDS = 0.1


class NotSent(Exception):
    """Kafka did not take the command: probably nobody was asked. Look before asking again."""


@dataclass(frozen=True)
class Answer:
    """What became of a command. `refusal` None: it was followed; `dry_run`: what it would do, as the worker told it."""

    nonce: str
    refusal: str | None
    dry_run: dict[str, Any] | None


class Sender:
    """Signs and sends; waits as long as a page may wait."""

    def __init__(self, producer: Producer, key: SecretStr, engine: AsyncEngine) -> None:
        self._producer = producer
        self._key = key
        self._engine = engine

    async def send(self, command: Command) -> None:
        """Returns when Kafka has it. Raises NotSent."""
        signed = command.signed(self._key)
        await self._send(Topic.COMMANDS, signed.kafka_key, signed.to_bytes())

    async def pass_on(self, event: WebhookEvent) -> None:
        """A webhook that was read late, as the receiver would have passed it on. Raises NotSent."""
        await self._send(Topic.WEBHOOKS, event.kafka_key, event.to_bytes(), event.headers())

    async def ask(self, command: Command, *, within: float) -> Answer | None:
        """Sends it and waits; None when there is no answer after `within` seconds: it will still be handled."""
        await self.send(command)
        deadline = time.monotonic() + within
        while True:
            answers = await self.answers([command.nonce])
            if answers:
                return answers[0]
            if time.monotonic() >= deadline:
                return None
            await asyncio.sleep(POLL_SECONDS)

    async def _send(self, topic: Topic, key: bytes, value: bytes, headers: Iterable[tuple[str, bytes]] = ()) -> None:
        try:
            await self._producer.send(topic, key=key, value=value, headers=headers, within=SEND_SECONDS)
        except (BrokerUnavailable, RecordRefused) as error:
            raise NotSent(str(error) or "Kafka is away") from error

    async def answers(self, nonces: Sequence[str]) -> list[Answer]:
        """Of those that were handled by now."""
        asked = select(commands.c.nonce, commands.c.refusal, commands.c.answer).where(
            commands.c.nonce.in_(nonces), commands.c.handled_at.is_not(None)
        )
        async with self._engine.connect() as connection:
            return [Answer(row.nonce, row.refusal, row.answer) for row in await connection.execute(asked)]


def make_command(**asked: Any) -> Command:
    """With a nonce of its own, so that the same request made twice is two requests. Raises pydantic.ValidationError."""
    return Command.model_validate({"nonce": uuid4().hex, "at": datetime.now(UTC), **asked})
