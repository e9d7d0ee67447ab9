"""What one record of Kafka says: the row of the Events page, and what follows from it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from shared.events.command import Command
from shared.events.dead_letter import DeadLetter
from shared.events.topics import Topic
from shared.events.webhook_event import InvalidRecord, WebhookEvent
from shared.kafka.consumer import Record
from shared.ledger.entries import Received


@dataclass
class Reading:
    """One record understood: the row of the Events page, and what follows from it."""

    row: dict[str, Any]
    event: WebhookEvent | None = None
    command: Command | None = None
    trace: str | None = None


def read_record(record: Record, signing_key: SecretStr) -> Reading:
    """Never raises: what is not ours is `foreign`, and says why. `signing_key` is that of commands."""
    try:
        match record.topic:
            case Topic.WEBHOOKS:
                return _webhook(record)
            case Topic.COMMANDS:
                return _command(record, signing_key)
            case _:
                return _dead_letter(record)
    except InvalidRecord as error:
        return Reading(event_row(record, fate="foreign", detail=error.reason))


def _command(record: Record, signing_key: SecretStr) -> Reading:
    command = Command.from_bytes(record.value)
    named = {
        "event_id": f"command:{command.nonce}",
        "company_id": command.company_id,
        "project_id": command.project_id,
        "resource_name": command.action.value,
        "resource_id": str(command.export_id),
    }
    if not command.is_signed_with(signing_key):
        # Under its own id, so that a forged command cannot take a true one's place.
        named["event_id"] = _position_id(record)
        return Reading(event_row(record, fate="refused", detail="the signature is not ours") | named)
    return Reading(event_row(record, fate="command") | named, command=command)


def merged(readings: Iterable[Reading]) -> list[Reading]:
    """Two of one event in a batch are one, delivered twice."""
    by_id: dict[str, Reading] = {}
    for reading in readings:
        known = by_id.setdefault(reading.row["event_id"], reading)
        known.row["deliveries"] = known.row.get("deliveries", 0) + 1
        known.row["position"] = reading.row["position"]
    return list(by_id.values())


def event_row(record: Record, *, fate: str, detail: str | None = None) -> dict[str, Any]:
    """What the Events page shows of any record."""
    return {
        "event_id": _position_id(record),
        "fate": fate,
        "detail": detail,
        "topic": record.topic,
        "partition": record.partition,
        "position": record.offset,
        "received_at": datetime.fromtimestamp(max(record.timestamp_ms, 0) / 1000, UTC),
        "company_id": None,
        "project_id": None,
        "resource_name": None,
        "resource_id": None,
        "raw": record.value or b"",
    }


def received(event: WebhookEvent) -> Received:
    """The ledger's entry for a webhook."""
    return Received(
        event_id=event.event_id,
        reason=event.reason,
        user_id=event.user_id,
        occurred_at=event.occurred_at,
    )


def _webhook(record: Record) -> Reading:
    event = WebhookEvent.from_bytes(record.value)
    row = event_row(record, fate="accepted" if event.is_relevant else "ignored") | {
        "event_id": event.event_id,
        "received_at": event.received_at,
        "company_id": event.company_id,
        "project_id": event.project_id,
        "resource_name": event.resource_name,
        "resource_id": event.resource_id,
        "raw": event.body.encode(),
    }
    trace = dict(record.headers).get("traceparent")
    return Reading(row, event if event.is_relevant else None, trace=trace.decode("latin-1") if trace else None)


def _dead_letter(record: Record) -> Reading:
    recorded_at = datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
    letter = DeadLetter.from_record(record.value, record.headers, recorded_at=recorded_at)
    detail = f"{letter.reason}: {letter.detail}"
    return Reading(event_row(record, fate="dead_lettered", detail=detail) | {"received_at": letter.received_at})


def _position_id(record: Record) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"
