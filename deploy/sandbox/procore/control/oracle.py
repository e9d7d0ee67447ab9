"""The sandbox itself: its clock and switches, what it has seen, whether it is at rest, and a fresh start."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, Field

from deploy.sandbox.procore import views
from deploy.sandbox.procore.access import TheSandbox
from deploy.sandbox.procore.clock import iso
from deploy.sandbox.procore.drafts import Draft
from deploy.sandbox.procore.sandbox import Sandbox

router = APIRouter(prefix="/sandbox", tags=["oracle"])


class ClockDraft(Draft):
    """Applied in this order: the scale, the moment, the leap forward."""

    time_scale: float | None = Field(default=None, gt=0)
    now: AwareDatetime | None = None
    advance_seconds: float = Field(default=0, ge=0)


class SwitchDraft(Draft):
    """`delivery_time_limit` is in real seconds."""

    show_has_updated_at: bool | None = None
    company_hooks_get_all: bool | None = None
    delivery_time_limit: float | None = Field(default=None, gt=0)


@router.get("/clock")
async def show_clock(sandbox: TheSandbox) -> dict[str, Any]:
    return _clock_view(sandbox)


@router.put("/clock")
async def set_clock(draft: ClockDraft, sandbox: TheSandbox) -> dict[str, Any]:
    if draft.time_scale is not None:
        sandbox.clock.set_scale(draft.time_scale)
    if draft.now is not None:
        sandbox.clock.set_time(draft.now)
    if draft.advance_seconds:
        sandbox.clock.advance(draft.advance_seconds)
    return _clock_view(sandbox)


@router.put("/switches", status_code=204)
async def set_switches(draft: SwitchDraft, sandbox: TheSandbox) -> Response:
    if draft.show_has_updated_at is not None:
        sandbox.show_has_updated_at = draft.show_has_updated_at
    if draft.company_hooks_get_all is not None:
        sandbox.delivery.company_hooks_get_all = draft.company_hooks_get_all
    if draft.delivery_time_limit is not None:
        sandbox.delivery.time_limit = draft.delivery_time_limit
    return Response(status_code=204)


@router.get("/history")
async def show_history(sandbox: TheSandbox) -> dict[str, list[dict[str, Any]]]:
    """Oldest first: `changes` of owner invoices, all `events`, `deliveries` attempted or discarded."""
    world = sandbox.world
    return {
        "changes": [_with_iso(asdict(change)) for change in world.changes],
        "events": [_with_iso(asdict(event)) for event in world.events],
        "deliveries": [views.delivery_view(delivery) for delivery in world.deliveries.values()],
    }


@router.get("/requests")
async def list_requests(sandbox: TheSandbox) -> list[dict[str, Any]]:
    """The latest REST and OAuth requests, oldest first."""
    return [_with_iso(asdict(seen)) for seen in sandbox.requests]


@router.get("/idle")
async def show_idle(sandbox: TheSandbox) -> dict[str, Any]:
    """Idle when no delivery is under way, waiting, or to be tried again."""
    pending = sandbox.dispatcher.pending
    return {"idle": pending == 0, "pending": pending}


@router.post("/reset", status_code=204)
async def reset(sandbox: TheSandbox) -> Response:
    await sandbox.reset()
    return Response(status_code=204)


def _clock_view(sandbox: Sandbox) -> dict[str, Any]:
    return {"now": iso(sandbox.clock.now()), "time_scale": sandbox.clock.time_scale}


def _with_iso(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: iso(value) if isinstance(value, datetime) else value for name, value in fields.items()}
