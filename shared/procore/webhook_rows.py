"""What Procore's v2 webhooks API shows: hooks, triggers and deliveries, tolerant of missing fields. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from shared.procore.wire import house_id, instant

SHOWN_OF_A_HEADER = 5
DISABLED = "disabled"


class DeliveryStatus(StrEnum):
    """What a list of deliveries can be narrowed to."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DISCARDED = "discarded"
    ENQUEUED = "enqueued"
    RETRYING = "retrying"


# Rows say "delivered" where the filter says "succeeded".
STATUSES = {**{each.value: each for each in DeliveryStatus}, "delivered": DeliveryStatus.SUCCEEDED}


@dataclass(frozen=True)
class Hook:
    """`project_id` is None for a company's hook; `status` is active or disabled, empty where not shown.

    `token_end` is all that Procore shows of the Authorization header: its last five characters, None without any.
    """

    id: str
    company_id: str | None
    project_id: str | None
    namespace: str
    payload_version: str
    destination_url: str
    status: str = ""
    token_end: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        return cls(
            id=house_id(row.get("id")),
            company_id=house_id(row.get("company_id")) or None,
            project_id=house_id(row.get("project_id")) or None,
            namespace=_text(row.get("namespace")),
            payload_version=version(_text(row.get("payload_version"))),
            destination_url=_text(row.get("destination_url")),
            status=_text(row.get("status")),
            token_end=_token_end(row.get("destination_headers")),
        )


@dataclass(frozen=True)
class Trigger:
    """`reason`: create, update or delete, however Procore inflects it."""

    id: str
    resource: str
    reason: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        word = _text(row.get("event_type")).lower()
        return cls(
            id=house_id(row.get("id")),
            resource=_text(row.get("resource_name")),
            reason=re.sub("^(create|update|delete)d$", r"\1", word),
        )


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one hook. `event` is the body as Procore posts it, empty when not shown.

    `status` is None for a word unknown to us. `answered` is our HTTP status to the newest attempt, None without one.
    """

    id: str
    status: DeliveryStatus | None
    event: Mapping[str, Any]
    attempts: int
    answered: int | None
    ended_at: datetime | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        event, attempts = row.get("payload"), row.get("delivery_attempts")
        tried = [one for one in attempts if isinstance(one, dict)] if isinstance(attempts, list) else []
        newest = max(tried, key=lambda one: _text(one.get("started_at")), default={})
        answered = newest.get("response_status")
        return cls(
            id=house_id(row.get("id")),
            status=STATUSES.get(_text(row.get("status")).lower()),
            event=event if isinstance(event, dict) else {},
            attempts=len(tried),
            answered=answered if isinstance(answered, int) else None,
            ended_at=instant(newest.get("completed_at")) or instant(newest.get("started_at")),
        )

    @property
    def occurred_at(self) -> datetime | None:
        """When it happened in Procore."""
        return instant(self.event.get("timestamp"))


def version(text: str) -> str:
    """Procore writes "v2" and "v2.0" for the same payload; we write the latter."""
    return f"{text}.0" if re.fullmatch(r"v[0-9]+", text) else text


def _token_end(headers: Any) -> str | None:
    value = headers.get("Authorization") if isinstance(headers, dict) else None
    return value[-SHOWN_OF_A_HEADER:] if isinstance(value, str) and value else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
