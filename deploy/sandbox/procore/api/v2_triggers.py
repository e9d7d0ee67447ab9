"""Triggers (v2): scope and version are the hook's own, so that they cannot disagree when they are made."""

from fastapi import APIRouter, Response

from deploy.sandbox.procore.api.triggers import TriggerFields
from deploy.sandbox.procore.api.v2_scope import COMPANY, PLACES, Answer, TheV2Scope, text_of
from deploy.sandbox.procore.errors import invalid, not_found
from deploy.sandbox.procore.hooks import COMPANY_RESOURCES, PROJECT_RESOURCES, Trigger
from deploy.sandbox.procore.paging import ThePager

router = APIRouter()


async def list_triggers(scope: TheV2Scope, hook_id: int, pager: ThePager) -> Answer:
    triggers = list(scope.caller.world.triggers_of(scope.hook(hook_id).id))
    return {"data": [_view(trigger) for trigger in pager.cut(triggers)]}


async def create_trigger(scope: TheV2Scope, hook_id: int, body: TriggerFields) -> Answer:
    hook, world = scope.hook(hook_id), scope.caller.world
    missing = (PROJECT_RESOURCES | COMPANY_RESOURCES).get(body.resource_name)
    if missing is None or body.event_type in missing:
        raise invalid("resource_name", "or event_type is not included in the list")
    trigger = Trigger(
        id=world.take_id("trigger"),
        hook_id=hook.id,
        company_id=None if hook.project_id else hook.company_id,
        project_id=hook.project_id,
        api_version=hook.api_version,
        **body.model_dump(),
    )
    world.triggers[trigger.id] = trigger
    return {"data": _view(trigger)}


async def delete_trigger(scope: TheV2Scope, hook_id: int, trigger_id: int) -> Response:
    scope.hook(hook_id)
    world = scope.caller.world
    if trigger_id not in world.triggers or world.triggers[trigger_id].hook_id != hook_id:
        raise not_found()
    del world.triggers[trigger_id]
    return Response(status_code=204)


for place in PLACES:
    whose = "a company's" if place == COMPANY else "a project's"
    triggers = place + "/{hook_id}/triggers"
    router.get(triggers, summary=f"List triggers of {whose} hook (v2)")(list_triggers)
    router.post(triggers, status_code=201, summary=f"Create a trigger of {whose} hook (v2)")(create_trigger)
    one = triggers + "/{trigger_id}"
    router.delete(one, status_code=204, summary=f"Delete a trigger of {whose} hook (v2)")(delete_trigger)


def _view(trigger: Trigger) -> Answer:
    """Procore's description inflects the word here, though not where a trigger is made."""
    return {
        "id": str(trigger.id),
        "webhook_hook_id": str(trigger.hook_id),
        "resource_name": trigger.resource_name,
        "event_type": f"{trigger.event_type}d".upper(),
        "company_id": text_of(trigger.company_id),
        "project_id": text_of(trigger.project_id),
    }
