"""Triggers (v1): which resource and event type a hook wants to hear about."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from deploy.sandbox.procore import views
from deploy.sandbox.procore.access import Caller, TheCaller
from deploy.sandbox.procore.api.hook_scope import Scope, check_scope, hook_of
from deploy.sandbox.procore.errors import invalid, not_found
from deploy.sandbox.procore.hooks import COMPANY_RESOURCES, PROJECT_RESOURCES, Hook, Reason, Trigger
from deploy.sandbox.procore.paging import ThePager

router = APIRouter(prefix="/rest/v1.0/webhooks/hooks/{hook_id}/triggers")


class TriggerFields(BaseModel):
    resource_name: str
    event_type: Reason


class TriggerBody(Scope):
    api_version: str
    trigger: TriggerFields


class TriggersBody(Scope):
    api_version: str
    triggers: list[TriggerFields]


@router.get("")
async def list_triggers(hook_id: int, caller: TheCaller, pager: ThePager) -> list[dict[str, Any]]:
    hook = hook_of(caller, hook_id)
    return [views.trigger_view(each) for each in pager.cut(list(caller.world.triggers_of(hook.id)))]


@router.post("", status_code=201)
async def create_trigger(hook_id: int, body: TriggerBody, caller: TheCaller) -> dict[str, Any]:
    """A scope or version other than the hook's is taken without a word, and nothing will arrive."""
    return _add_trigger(caller, hook_of(caller, hook_id), body, body.api_version, body.trigger)


@router.post("/bulk", status_code=201)
async def create_triggers(hook_id: int, body: TriggersBody, caller: TheCaller) -> list[dict[str, Any]]:
    hook = hook_of(caller, hook_id)
    return [_add_trigger(caller, hook, body, body.api_version, each) for each in body.triggers]


@router.delete("/bulk", status_code=204)
async def delete_triggers(hook_id: int, caller: TheCaller, ids: Annotated[list[int], Query()]) -> Response:
    for trigger_id in ids:
        _remove_trigger(caller, hook_id, trigger_id)
    return Response(status_code=204)


@router.delete("/{trigger_id}", status_code=204)
async def delete_trigger(hook_id: int, trigger_id: int, caller: TheCaller) -> Response:
    _remove_trigger(caller, hook_id, trigger_id)
    return Response(status_code=204)


def _add_trigger(caller: Caller, hook: Hook, scope: Scope, api_version: str, fields: TriggerFields) -> dict[str, Any]:
    check_scope(caller, scope)
    missing = (PROJECT_RESOURCES | COMPANY_RESOURCES).get(fields.resource_name)
    if missing is None or fields.event_type in missing:
        raise invalid("resource_name", "or event_type is not included in the list")
    trigger = Trigger(
        id=caller.world.take_id("trigger"),
        hook_id=hook.id,
        company_id=scope.company_id,
        project_id=scope.project_id,
        api_version=api_version,
        resource_name=fields.resource_name,
        event_type=fields.event_type,
    )
    caller.world.triggers[trigger.id] = trigger
    return views.trigger_view(trigger)


def _remove_trigger(caller: Caller, hook_id: int, trigger_id: int) -> None:
    hook_of(caller, hook_id)
    trigger = caller.world.triggers.get(trigger_id)
    if trigger is None or trigger.hook_id != hook_id:
        raise not_found()
    del caller.world.triggers[trigger_id]
