"""Turns an authentic delivery into the record that Kafka is to keep. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from services.webhook_receiver.body import Oversized, Whole
from services.webhook_receiver.metrics import Outcome
from shared.events.dead_letter import DeadLetter, without_secrets
from shared.events.notifications import Notification, Unreadable, read
from shared.events.topics import Topic

TOO_LARGE = "too_large"
HttpHeaders = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Record:
    """What goes to Kafka, at once or by way of the parking table."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Incoming:
    """`facts` are for the log line; `dead_letter_reason` is set when the record is a dead letter."""

    record: Record
    outcome: Outcome
    facts: dict[str, str | int | None]
    dead_letter_reason: str | None = None


def incoming(
    body: Whole | Oversized, *, http_headers: HttpHeaders, trace: list[tuple[str, bytes]], now: datetime
) -> Incoming:
    if isinstance(body, Oversized):
        return _dead_letter(_too_large(body, http_headers, now), trace)
    match read(body.content):
        case Notification() as notification:
            return _event(notification, trace, now)
        case Unreadable(reason, detail):
            letter = DeadLetter.of(
                body.content, reason=reason, detail=detail, received_at=now, http_headers=http_headers
            )
            return _dead_letter(letter, trace)
        case never:
            assert_never(never)


def _event(notification: Notification, trace: list[tuple[str, bytes]], now: datetime) -> Incoming:
    event = notification.as_event(now)
    return Incoming(
        record=Record(Topic.WEBHOOKS, event.kafka_key, event.to_bytes(), (*event.headers(), *trace)),
        outcome=Outcome.ACCEPTED if event.is_relevant else Outcome.IGNORED,
        facts={
            "event_id": event.event_id,
            "company_id": event.company_id,
            "project_id": event.project_id,
            "resource_name": event.resource_name,
            "resource_id": event.resource_id,
            "reason": event.reason,
        },
    )


def _too_large(body: Oversized, http_headers: HttpHeaders, now: datetime) -> DeadLetter:
    return DeadLetter(
        reason=TOO_LARGE,
        detail=f"{body.length} bytes{'' if body.is_complete else ' and more'} arrived",
        received_at=now,
        body=body.head,
        sha256=body.sha256,
        length=body.length,
        is_whole=False,
        origin_headers=without_secrets(http_headers),
    )


def _dead_letter(letter: DeadLetter, trace: list[tuple[str, bytes]]) -> Incoming:
    return Incoming(
        record=Record(Topic.DEAD_LETTERS, None, letter.body, (*letter.headers(), *trace)),
        outcome=Outcome.DEAD_LETTERED,
        facts={
            "dead_letter_reason": letter.reason,
            "detail": letter.detail,
            "sha256": letter.sha256,
            "length": letter.length,
        },
        dead_letter_reason=letter.reason,
    )
