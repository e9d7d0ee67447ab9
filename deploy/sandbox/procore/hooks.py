"""Webhook nouns, and the three shapes in which Procore sends an event (payload v2.0, v3.0, v4.0)."""

import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from deploy.sandbox.procore.clock import iso

Reason = Literal["create", "update", "delete"]
Outcome = Literal["ok", "retried", "failed", "discarded"]

OWNER_INVOICES = "Payment Applications"
PROJECT_RESOURCES: dict[str, list[Reason]] = {OWNER_INVOICES: [], "Prime Contracts": []}
COMPANY_RESOURCES: dict[str, list[Reason]] = {
    "Company Users": ["delete"],
    "Projects": ["delete"],
    "ERP Requests": [],
}
PAYLOAD_VERSIONS = ("v2", "v2.0", "v3", "v3.0", "v4", "v4.0")
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(kw_only=True)
class Hook:
    id: int
    company_id: int
    project_id: int | None
    api_version: str
    namespace: str
    destination_url: str
    destination_headers: dict[str, str] = field(repr=False)
    is_active: bool = True


@dataclass(kw_only=True)
class Trigger:
    id: int
    hook_id: int
    company_id: int | None
    project_id: int | None
    api_version: str
    resource_name: str
    event_type: Reason


@dataclass(frozen=True, kw_only=True)
class Event:
    """`project_id` is None for company-level resources; `user_id` None when nobody is named."""

    id: int
    ulid: str
    timestamp: datetime
    reason: Reason
    resource: str
    resource_id: int
    company_id: int
    project_id: int | None
    user_id: int | None
    application_id: int | None = None


@dataclass(kw_only=True)
class Delivery:
    """One attempt to deliver one event; an event thrown away unsent has no start."""

    id: int
    hook_id: int
    event: Event
    payload: dict[str, Any]
    outcome: Outcome
    queued_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    response_status: int | None = None
    response_headers: dict[str, str] = field(default_factory=dict)
    response_error: str | None = None
    response_body: str | None = None


@dataclass(kw_only=True)
class QueuedEvent:
    event: Event
    queued_at: datetime
    due_at: datetime
    last_delivery_id: int | None = None


@dataclass(kw_only=True)
class HookQueue:
    """While `retry_at` is set, only the first item is tried and everything behind it waits."""

    items: list[QueuedEvent] = field(default_factory=list)
    failures: int = 0
    failing_since: datetime | None = None
    retry_at: datetime | None = None

    def recover(self) -> None:
        self.failures, self.failing_since, self.retry_at = 0, None, None


def wants(hook: Hook, trigger: Trigger, event: Event, *, company_hooks_get_all: bool) -> bool:
    """Scope and version of hook and trigger must agree; if not, nothing arrives and nobody is told."""
    if (trigger.resource_name, trigger.event_type) != (event.resource, event.reason):
        return False
    if _version(trigger.api_version) != _version(hook.api_version):
        return False
    if hook.project_id is not None:
        return hook.project_id == trigger.project_id == event.project_id
    if not hook.company_id == trigger.company_id == event.company_id:
        return False
    return event.resource in COMPANY_RESOURCES or company_hooks_get_all


def payload(event: Event, api_version: str) -> dict[str, Any]:
    match _version(api_version):
        case "v4":
            return _payload_v4(event)
        case "v3":
            return _payload_v2(event, "v3.0") | {"related_resources": _related(event)}
        case _:
            return _payload_v2(event, "v2.0")


def new_ulid(moment: datetime, rng: random.Random) -> str:
    number = (int(moment.timestamp() * 1000) << 80) | rng.getrandbits(80)
    return "".join(CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def masked(headers: dict[str, str]) -> dict[str, str]:
    """Header values as Procore reads them back: the last five characters only."""
    return {name: "*" * max(len(value) - 5, 0) + value[-5:] for name, value in headers.items()}


def _version(api_version: str) -> str:
    return api_version.split(".", maxsplit=1)[0]


def _payload_v2(event: Event, api_version: str) -> dict[str, Any]:
    project = {} if event.project_id is None else {"project_id": event.project_id}
    return {
        "id": event.id,
        "ulid": event.ulid,
        "timestamp": iso(event.timestamp),
        "metadata": {
            "source_user_id": event.user_id,
            "source_project_id": event.project_id,
            "source_operation_id": None,
            "source_company_id": event.company_id,
            "source_application_id": event.application_id,
        },
        "user_id": event.user_id,
        "company_id": event.company_id,
        **project,
        "api_version": api_version,
        "event_type": event.reason,
        "resource_name": event.resource,
        "resource_id": event.resource_id,
    }


def _related(event: Event) -> list[dict[str, Any]]:
    return [] if event.project_id is None else [{"id": event.project_id, "name": "Projects"}]


def _payload_v4(event: Event) -> dict[str, Any]:
    project = {} if event.project_id is None else {"project_id": str(event.project_id)}
    return {
        "id": event.ulid,
        "timestamp": iso(event.timestamp),
        "reason": event.reason,
        "company_id": str(event.company_id),
        **project,
        "user_id": None if event.user_id is None else str(event.user_id),
        "resource_type": event.resource,
        "resource_id": str(event.resource_id),
    }
