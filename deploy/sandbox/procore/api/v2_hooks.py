"""Webhook hooks (v2): payload versions, and whether a hook is disabled."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from deploy.sandbox.procore.access import TheSandbox
from deploy.sandbox.procore.api.hooks import HookFields, check_headers, check_hook, check_url
from deploy.sandbox.procore.api.v2_scope import COMPANY, PLACES, Answer, TheV2Scope, text_of
from deploy.sandbox.procore.errors import bad_request
from deploy.sandbox.procore.hooks import Hook, masked
from deploy.sandbox.procore.paging import ThePager

router = APIRouter()


class V2Hook(BaseModel):
    payload_version: str
    namespace: str
    destination_url: str
    destination_headers: dict[str, str] = Field(default_factory=dict)


class V2HookChange(BaseModel):
    payload_version: str | None = None
    destination_url: str | None = None
    destination_headers: dict[str, str] | None = None
    status: Literal["active", "disabled"] | None = None


async def list_hooks(scope: TheV2Scope, pager: ThePager, namespace: str | None = None) -> Answer:
    """A company's list asks for a namespace."""
    if namespace is None and scope.project_id is None:
        raise bad_request("namespace", "is missing")
    hooks = [each for each in scope.hooks() if namespace in (None, each.namespace)]
    return {"data": [_view(hook) for hook in pager.cut(hooks)]}


async def create_hook(scope: TheV2Scope, body: V2Hook) -> Answer:
    fields = body.model_dump(exclude={"payload_version"}) | {"api_version": body.payload_version}
    check_hook(HookFields(**fields))
    world = scope.caller.world
    hook = Hook(id=world.take_id("hook"), company_id=scope.company_id, project_id=scope.project_id, **fields)
    world.hooks[hook.id] = hook
    return {"data": _view(hook)}


async def show_hook(scope: TheV2Scope, hook_id: int) -> Answer:
    return {"data": _view(scope.hook(hook_id))}


async def change_hook(scope: TheV2Scope, hook_id: int, body: V2HookChange) -> Answer:
    """Only what is given changes; its triggers keep the version under which they were made."""
    hook = scope.hook(hook_id)
    if body.destination_url is not None:
        check_url(body.destination_url)
        hook.destination_url = body.destination_url
    if body.destination_headers is not None:
        check_headers(body.destination_headers)
        hook.destination_headers = body.destination_headers
    hook.api_version = body.payload_version or hook.api_version
    hook.is_active = hook.is_active if body.status is None else body.status == "active"
    return {"data": _view(hook)}


async def delete_hook(scope: TheV2Scope, hook_id: int, sandbox: TheSandbox) -> Response:
    world = scope.caller.world
    del world.hooks[scope.hook(hook_id).id]
    sandbox.dispatcher.forget(hook_id)
    for trigger in list(world.triggers_of(hook_id)):
        del world.triggers[trigger.id]
    return Response(status_code=204)


for place in PLACES:
    whose = "a company's" if place == COMPANY else "a project's"
    router.get(place, summary=f"List {whose} hooks (v2)")(list_hooks)
    router.post(place, status_code=201, summary=f"Create {whose} hook (v2)")(create_hook)
    router.get(place + "/{hook_id}", summary=f"Show {whose} hook (v2)")(show_hook)
    router.patch(place + "/{hook_id}", summary=f"Change {whose} hook (v2)")(change_hook)
    router.delete(place + "/{hook_id}", status_code=204, summary=f"Delete {whose} hook (v2)")(delete_hook)


def _view(hook: Hook) -> Answer:
    return {
        "id": str(hook.id),
        "status": "active" if hook.is_active else "disabled",
        "payload_version": hook.api_version,
        "namespace": hook.namespace,
        "destination_headers": masked(hook.destination_headers),
        "destination_url": hook.destination_url,
        "company_id": None if hook.project_id else str(hook.company_id),
        "project_id": text_of(hook.project_id),
    }
