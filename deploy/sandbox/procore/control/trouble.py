"""Trouble on order: REST answers, rate limits, and an unreliable road for deliveries."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Response
from pydantic import Field

from deploy.sandbox.procore.access import TheSandbox
from deploy.sandbox.procore.drafts import Draft
from deploy.sandbox.procore.errors import Shape
from deploy.sandbox.procore.faults import Fault
from deploy.sandbox.procore.limits import RefusalHeaders
from deploy.sandbox.procore.webhook_faults import Kind, WebhookFault

router = APIRouter(prefix="/sandbox", tags=["trouble"])


class FaultDraft(Draft):
    """`times` null lasts until cleared; all times are real seconds. Without `status` it only delays."""

    status: int | None = Field(default=None, ge=400, le=599)
    path_prefix: str = "/rest/"
    method: str | None = None
    times: int | None = Field(default=1, ge=1)
    retry_after: float | None = None
    reset_after: float | None = None
    delay: float = Field(default=0, ge=0)
    text: str | None = None
    shape: Shape | None = None
    after_handling: bool = False


class WebhookFaultDraft(Draft):
    """`times` null lasts until cleared; `delay` is in sandbox seconds."""

    kind: Kind
    hook_id: int | None = None
    times: int | None = Field(default=None, ge=1)
    probability: float = Field(default=1, ge=0, le=1)
    delay: float = Field(default=0, ge=0)


class LimitsDraft(Draft):
    hourly: int | None = Field(default=None, ge=0)
    spike: int | None = Field(default=None, ge=0)
    refusal_headers: RefusalHeaders | None = None


@router.post("/faults", status_code=201)
async def order_fault(draft: FaultDraft, sandbox: TheSandbox) -> dict[str, Any]:
    fault = Fault(id=sandbox.world.take_id("fault"), **draft.model_dump())
    sandbox.faults.faults.append(fault)
    return asdict(fault)


@router.get("/faults")
async def list_faults(sandbox: TheSandbox) -> list[dict[str, Any]]:
    return [asdict(fault) for fault in sandbox.faults.faults]


@router.delete("/faults", status_code=204)
async def clear_faults(sandbox: TheSandbox) -> Response:
    sandbox.faults.faults.clear()
    return Response(status_code=204)


@router.post("/webhook_faults", status_code=201)
async def order_webhook_fault(draft: WebhookFaultDraft, sandbox: TheSandbox) -> dict[str, Any]:
    fault = WebhookFault(id=sandbox.world.take_id("fault"), **draft.model_dump())
    sandbox.webhook_faults.faults.append(fault)
    return asdict(fault)


@router.get("/webhook_faults")
async def list_webhook_faults(sandbox: TheSandbox) -> list[dict[str, Any]]:
    return [asdict(fault) for fault in sandbox.webhook_faults.faults]


@router.delete("/webhook_faults", status_code=204)
async def clear_webhook_faults(sandbox: TheSandbox, kind: Kind | None = None) -> Response:
    """All, or one kind; a cleared pause lets the queues run again."""
    sandbox.webhook_faults.clear(kind)
    sandbox.dispatcher.resume()
    return Response(status_code=204)


@router.put("/limits", status_code=204)
async def set_limits(draft: LimitsDraft, sandbox: TheSandbox) -> Response:
    """Requests per hour and per ten seconds of sandbox time, and which header a 429 carries."""
    sandbox.limits.set(hourly=draft.hourly, spike=draft.spike)
    if draft.refusal_headers is not None:
        sandbox.limits.refusal_headers = draft.refusal_headers
    return Response(status_code=204)
