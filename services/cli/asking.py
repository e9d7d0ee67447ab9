"""Sends a signed command and waits for what the worker makes of it."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from pydantic import Field, ValidationError
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.cli.terminal import NO_ANSWER, NOT_DONE, WRONG_INPUT, database, plain, stop, worded
from shared.environment import Key
from shared.events.command import Command
from shared.events.topics import Topic
from shared.kafka.connection import BrokerUnavailable
from shared.kafka.producer import Producer
from shared.ledger import wording
from shared.ledger.reader import CommandRow, ExportDetail, read_command, read_export
from shared.ledger.tables import events, work
from shared.settings import DatabaseSettings, KafkaSettings

SEND_SECONDS = 10.0
POLL_SECONDS = 0.2
CLOCKS_APART = timedelta(minutes=5)


class OrderSettings(DatabaseSettings, KafkaSettings):
    command_signing_key: Key = Field(description="the same random key as the worker's, of at least 16 characters")


@dataclass(frozen=True)
class Told:
    """What to say, and with which exit code."""

    line: str
    code: int


async def ask(settings: OrderSettings, asked: Mapping[str, Any], *, wait: float) -> Told:
    """`asked` are the command's own fields; the export supplies the rest. Waits up to `wait` seconds."""
    async with database() as engine:
        before = await _read(engine, asked["export_id"])
        if before is None:
            return Told(f"There is no export {asked['export_id']}.", NOT_DONE)
        command = _command(asked, before).signed(settings.command_signing_key)
        await _send(settings, command)
        deadline = time.monotonic() + wait
        answer = await _answer(engine, command, deadline)
        if answer is None:
            late = f"Sent, and no answer after {wait:g} s: is the worker running? It will still be handled."
            return Told(late, NO_ANSWER)
        if isinstance(answer, Told):
            return answer
        if answer.refusal is not None:
            return Told(plain(f"Refused: {answer.refusal}."), NOT_DONE)
        await _until_at_rest(engine, command.export_id, deadline)
        after = await _read(engine, command.export_id)
    return Told("\n".join(map(plain, ["Followed.", *_standing(after)])), 0)


def _command(asked: Mapping[str, Any], before: ExportDetail) -> Command:
    look = before.state.look
    placed = {
        "company_id": before.export.company_id,
        "project_id": before.export.project_id,
        "fingerprint": look and look.fingerprint,
    }
    try:
        return Command.model_validate({**asked, **placed, "nonce": uuid4().hex, "at": datetime.now(UTC)})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        stop(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", WRONG_INPUT)


async def _send(settings: OrderSettings, command: Command) -> None:
    producer = Producer(settings, client_id="invoice-export-cli")
    await producer.start()
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await producer.wait_connected()
        await producer.send(Topic.COMMANDS, key=command.kafka_key, value=command.to_bytes(), within=SEND_SECONDS)
    except (BrokerUnavailable, TimeoutError) as error:
        why = str(error) or f"no connection within {SEND_SECONDS:g} s"
        stop(f"Kafka did not take it ({why}). It was probably not asked: look before you ask again.", NOT_DONE)
    finally:
        await producer.stop()


async def _answer(engine: AsyncEngine, command: Command, deadline: float) -> CommandRow | Told | None:
    """The handled command, why it was not taken at all, or None when the time is over."""
    while True:
        async with engine.connect() as connection:
            row = await read_command(connection, command.nonce)
            turned_away = None if row else await _turned_away(connection, command)
        if row is not None and row.handled_at is not None:
            return row
        if turned_away is not None:
            return Told(plain(f"Refused: {turned_away}."), NOT_DONE)
        if time.monotonic() >= deadline:
            return None
        await asyncio.sleep(POLL_SECONDS)


async def _turned_away(connection: AsyncConnection, command: Command) -> str | None:
    """A record that the worker did not take for a command of ours: found by its bytes, as it has no nonce there."""
    statement = select(events.c.detail).where(
        events.c.received_at > command.at - CLOCKS_APART,
        events.c.topic == Topic.COMMANDS.value,
        events.c.fate.in_(["refused", "foreign"]),
        events.c.raw == command.to_bytes(),
    )
    row = (await connection.execute(statement.limit(1))).one_or_none()
    return None if row is None else row.detail or "it was not understood"


async def _until_at_rest(engine: AsyncEngine, export_id: int, deadline: float) -> None:
    """Following it may take a call of the ERP; what comes of that is worth the rest of the wait."""
    walked = (work.c.lease_until.is_(None) | (work.c.lease_until < func.now())) & ~work.c.look_due
    at_rest = select(walked).where(work.c.export_id == export_id)
    while time.monotonic() < deadline:
        async with engine.connect() as connection:
            if await connection.scalar(at_rest):
                return
        await asyncio.sleep(POLL_SECONDS)


async def _read(engine: AsyncEngine, export_id: int) -> ExportDetail | None:
    async with engine.connect() as connection:
        return await read_export(connection, export_id)


def _standing(detail: ExportDetail | None) -> list[str]:
    if detail is None:
        return []
    particulars = (*wording.awaited(detail.state), *wording.reasons(detail.state))
    return [wording.sentence(detail.export), *(f"  {worded(line)}" for line in particulars)]
