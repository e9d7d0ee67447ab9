"""Reads what Procore POSTs, in its payload versions v2.0, v3.0 and v4.0. Pure, and never raises.

Shapes: Procore's webhook documentation (`plan_your_app/webhooks.md`). v2.0 and v3.0 carry integers,
`event_type`, `resource_name` and `metadata`; v4.0 carries text, `reason` and `resource_type`.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from shared.events.webhook_event import PayloadVersion, WebhookEvent, is_owner_invoice

LONGEST_ID = 64
LONGEST_WORD = 200
UNKNOWN_REASON = "unknown"


class UnreadableReason(StrEnum):
    EMPTY = "empty"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    NOT_AN_OBJECT = "not_an_object"
    FIELD_MISSING = "field_missing"
    FIELD_ODD = "field_odd"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The body is no notification of Procore's; `detail` names what is wrong, never a value."""

    reason: UnreadableReason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """Ids are decimal text of any size; words have no control characters."""

    event_id: str
    payload_version: PayloadVersion
    company_id: str
    project_id: str | None
    user_id: str | None
    source_application_id: str | None
    resource_name: str
    resource_id: str
    reason: str
    occurred_at: datetime | None
    body: str

    @property
    def is_relevant(self) -> bool:
        return is_owner_invoice(self.resource_name)

    def as_event(self, received_at: datetime) -> WebhookEvent:
        return WebhookEvent(
            event_id=self.event_id,
            received_at=received_at,
            payload_version=self.payload_version,
            company_id=self.company_id,
            project_id=self.project_id,
            user_id=self.user_id,
            source_application_id=self.source_application_id,
            resource_name=self.resource_name,
            resource_id=self.resource_id,
            reason=self.reason,
            occurred_at=self.occurred_at,
            body=self.body,
        )


def read(body: bytes) -> Notification | Unreadable:
    """What a delivery's body says, whatever bytes it consists of."""
    try:
        text = body.decode()
        content = _parse(text)
        return _notification(body, text, content)
    except _OddError as odd:
        return Unreadable(odd.reason, odd.detail)
    except UnicodeDecodeError:
        return Unreadable(UnreadableReason.NOT_UTF8, "the body is not UTF-8 text")


class _OddError(Exception):
    def __init__(self, reason: UnreadableReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class _Digits(str):
    """A JSON integer, kept as its digits: of any size, and to be told from text."""

    __slots__ = ()


def _parse(text: str) -> dict[str, Any]:
    if not text.strip():
        raise _OddError(UnreadableReason.EMPTY, "the body is empty")
    try:
        content = _DECODER.decode(text.removeprefix("\ufeff"))
    except RecursionError:
        raise _OddError(UnreadableReason.TOO_DEEP, "the JSON is nested too deeply") from None
    except ValueError:
        raise _OddError(UnreadableReason.NOT_JSON, "the body is not JSON") from None
    if not isinstance(content, dict):
        raise _OddError(UnreadableReason.NOT_AN_OBJECT, "the JSON is not an object")
    return content


def _no_constant(name: str) -> None:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_int=_Digits, parse_constant=_no_constant)


def _notification(body: bytes, text: str, content: dict[str, Any]) -> Notification:
    metadata = content.get("metadata")
    source = metadata.get("source_application_id") if isinstance(metadata, dict) else None
    return Notification(
        event_id=_word(content.get("ulid")) or _word(content.get("id")) or f"sha256:{sha256(body).hexdigest()}",
        payload_version=_version(content),
        company_id=_required_id(content, "company_id"),
        project_id=_id(content, "project_id"),
        user_id=_id(content, "user_id"),
        source_application_id=_word(source),
        resource_name=_resource_name(content),
        resource_id=_required_id(content, "resource_id"),
        reason=_reason(content),
        occurred_at=_moment(content.get("timestamp")),
        body=text,
    )


def _version(content: dict[str, Any]) -> PayloadVersion:
    match content.get("api_version"):
        case "v2.0" | "v2":
            return "v2.0"
        case "v3.0" | "v3":
            return "v3.0"
        case None if "resource_type" in content:
            return "v4.0"
        case None if "related_resources" in content:
            return "v3.0"
        case _:
            return "unknown"


def _required_id(content: dict[str, Any], field: str) -> str:
    found = _id(content, field)
    if found is None:
        raise _OddError(UnreadableReason.FIELD_MISSING, f"{field} is missing")
    return found


def _id(content: dict[str, Any], field: str) -> str | None:
    value = content.get(field)
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= LONGEST_ID:
        return value.lstrip("0") or "0"
    raise _OddError(UnreadableReason.FIELD_ODD, f"{field} is not a whole number of at most {LONGEST_ID} digits")


def _resource_name(content: dict[str, Any]) -> str:
    value = content.get("resource_name") or content.get("resource_type")
    if value is None:
        raise _OddError(UnreadableReason.FIELD_MISSING, "resource_name is missing")
    name = _word(value)
    if name is None:
        raise _OddError(UnreadableReason.FIELD_ODD, "resource_name is not a short text")
    return name


def _reason(content: dict[str, Any]) -> str:
    """A delivery without a readable reason is still a hint that something changed."""
    word = _word(content.get("event_type")) or _word(content.get("reason")) or UNKNOWN_REASON
    return word.lower()


def _word(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    word = str(value.strip())
    return word if 0 < len(word) <= LONGEST_WORD and word.isprintable() else None


def _moment(value: Any) -> datetime | None:
    """ISO 8601; without an offset it counts as UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
