"""Webhook hooks (v1): where events go, and what there is to hear about."""

import re
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from deploy.sandbox.procore import views
from deploy.sandbox.procore.access import TheCaller, TheSandbox
from deploy.sandbox.procore.api.hook_scope import Scope, TheScope, check_scope, hook_of
from deploy.sandbox.procore.errors import invalid
from deploy.sandbox.procore.hooks import COMPANY_RESOURCES, PAYLOAD_VERSIONS, PROJECT_RESOURCES, Hook
from deploy.sandbox.procore.paging import ThePager

router = APIRouter(prefix="/rest/v1.0/webhooks")


class HookFields(BaseModel):
    api_version: str = "v2"
    namespace: str
    destination_url: str
    destination_headers: dict[str, str] = Field(default_factory=dict)


class HookBody(Scope):
    hook: HookFields


class HookChange(BaseModel):
    destination_url: str | None = None
    destination_headers: dict[str, str] | None = None


class HookChangeBody(Scope):
    hook: HookChange


@router.get("/resources")
async def list_resources(scope: TheScope, caller: TheCaller) -> list[dict[str, Any]]:
    """`except` names the event types that a resource does not have."""
    check_scope(caller, scope)
    known = COMPANY_RESOURCES if scope.project_id is None else PROJECT_RESOURCES
    return [{"name": name, "except": missing} for name, missing in known.items()]


@router.post("/hooks", status_code=201)
async def create_hook(body: HookBody, caller: TheCaller) -> dict[str, Any]:
    check_scope(caller, body)
    check_hook(body.hook)
    hook = Hook(
        id=caller.world.take_id("hook"),
        company_id=caller.company_id,
        project_id=body.project_id,
        **body.hook.model_dump(),
    )
    caller.world.hooks[hook.id] = hook
    return views.hook_view(hook)


@router.get("/hooks")
async def list_hooks(scope: TheScope, caller: TheCaller, pager: ThePager) -> list[dict[str, Any]]:
    check_scope(caller, scope)
    hooks = [each for each in caller.world.hooks.values() if _is_in(scope, each)]
    return [views.hook_view(hook) for hook in pager.cut(hooks)]


@router.get("/hooks/{hook_id}")
async def show_hook(hook_id: int, caller: TheCaller) -> dict[str, Any]:
    return views.hook_view(hook_of(caller, hook_id))


@router.patch("/hooks/{hook_id}")
async def update_hook(hook_id: int, body: HookChangeBody, caller: TheCaller) -> dict[str, Any]:
    """A new address or new headers (a rotated secret) for the same hook; its queue stays."""
    hook = hook_of(caller, hook_id)
    if body.hook.destination_url is not None:
        check_url(body.hook.destination_url)
        hook.destination_url = body.hook.destination_url
    if body.hook.destination_headers is not None:
        check_headers(body.hook.destination_headers)
        hook.destination_headers = body.hook.destination_headers
    return views.hook_view(hook)


@router.delete("/hooks/{hook_id}", status_code=204)
async def delete_hook(hook_id: int, caller: TheCaller, sandbox: TheSandbox) -> Response:
    hook_of(caller, hook_id)
    sandbox.dispatcher.forget(hook_id)
    for trigger in list(caller.world.triggers_of(hook_id)):
        del caller.world.triggers[trigger.id]
    del caller.world.hooks[hook_id]
    return Response(status_code=204)


def check_hook(fields: HookFields) -> None:
    if not re.fullmatch(r"[a-z0-9-]+", fields.namespace):
        raise invalid("namespace", "may contain lower-case letters, digits and dashes only")
    if fields.api_version not in PAYLOAD_VERSIONS:
        raise invalid("api_version", "is not included in the list")
    check_url(fields.destination_url)
    check_headers(fields.destination_headers)


def check_url(url: str) -> None:
    if not re.match(r"https?://[^/]", url):
        raise invalid("destination_url", "is not a URL")


def check_headers(headers: dict[str, str]) -> None:
    for name, value in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not re.fullmatch(r"[ -~]*", value):
            raise invalid("destination_headers", "are not HTTP headers")


def _is_in(scope: Scope, hook: Hook) -> bool:
    if scope.project_id is not None:
        return hook.project_id == scope.project_id
    return hook.project_id is None and hook.company_id == scope.company_id
