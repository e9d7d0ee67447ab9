"""Deliveries (v1): what was sent to a hook, and how its receiver answered."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from deploy.sandbox.procore import views
from deploy.sandbox.procore.access import TheCaller
from deploy.sandbox.procore.api.hook_scope import hook_of
from deploy.sandbox.procore.hooks import Outcome

router = APIRouter(prefix="/rest/v1.0/webhooks/hooks/{hook_id}/deliveries")

DeliveryFilter = Literal["any", "successful", "failing", "discarded"]
OUTCOMES: dict[DeliveryFilter, tuple[Outcome, ...]] = {
    "any": ("ok", "retried", "failed", "discarded"),
    "successful": ("ok",),
    "failing": ("retried", "failed"),
    "discarded": ("discarded",),
}


@router.get("")
async def list_deliveries(
    *,
    hook_id: int,
    caller: TheCaller,
    status: Annotated[DeliveryFilter | None, Query(alias="filters[status]")] = None,
    portal_status: Annotated[DeliveryFilter | None, Query(alias="filter[status]")] = None,
    page_size: Annotated[int, Query(ge=1, le=1000)] = 100,
    page_start: int = 0,
) -> list[dict[str, Any]]:
    """Oldest first; `page_start` is the last id already seen. One row is one attempt."""
    hook = hook_of(caller, hook_id)
    outcomes = OUTCOMES[status or portal_status or "any"]
    found = (
        views.delivery_view(each)
        for each in caller.world.deliveries.values()
        if each.hook_id == hook.id and each.id > page_start and each.outcome in outcomes
    )
    return [view for _, view in zip(range(page_size), found, strict=False)]
