"""Deliveries (v2): one row for each event and hook, with its attempts; what still waits is listed too."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from deploy.sandbox.procore.api.v2_scope import COMPANY, PLACES, Answer, TheV2Scope
from deploy.sandbox.procore.clock import iso
from deploy.sandbox.procore.hooks import Delivery, Hook, payload
from deploy.sandbox.procore.paging import ThePager
from deploy.sandbox.procore.world import World

router = APIRouter()

Filter = Literal["succeeded", "failed", "discarded", "enqueued", "retrying"]


async def list_deliveries(
    *,
    scope: TheV2Scope,
    hook_id: int,
    pager: ThePager,
    status: Annotated[Filter | None, Query(alias="filter[status]")] = None,
    start: Annotated[date | None, Query(alias="filter[start]")] = None,
    end: Annotated[date | None, Query(alias="filter[end]")] = None,
) -> Answer:
    """Oldest first. The filter says succeeded where a row says delivered."""
    shown = "delivered" if status == "succeeded" else status
    rows = [
        row
        for day, row in _rows(scope.caller.world, scope.hook(hook_id))
        if shown in (None, row["status"]) and (start is None or day >= start) and (end is None or day <= end)
    ]
    return {"data": pager.cut(rows)}


for place in PLACES:
    whose = "a company's" if place == COMPANY else "a project's"
    router.get(place + "/{hook_id}/deliveries", summary=f"List deliveries of {whose} hook (v2)")(list_deliveries)


def _rows(world: World, hook: Hook) -> Iterator[tuple[date, dict[str, Any]]]:
    """The day of each event, and its row."""
    queue = world.queues.get(hook.id)
    events = {item.event.id: item.event for item in (queue.items if queue else ())}
    waiting = set(events)
    attempts: dict[int, list[Delivery]] = {}
    for delivery in world.deliveries.values():
        if delivery.hook_id == hook.id:
            events.setdefault(delivery.event.id, delivery.event)
            attempts.setdefault(delivery.event.id, []).append(delivery)
    for number, event in sorted(events.items()):
        made = attempts.get(number, [])
        row = {
            "id": str(made[0].id if made else number),
            "status": _status(made, is_waiting=number in waiting),
            "payload": payload(event, hook.api_version),
            "delivery_attempts": [_attempt(each) for each in made if each.started_at is not None],
        }
        yield event.timestamp.date(), row


def _status(made: list[Delivery], *, is_waiting: bool) -> str:
    outcomes = {each.outcome for each in made}
    if is_waiting:
        return "retrying" if made else "enqueued"
    return next((shown for outcome, shown in ENDS.items() if outcome in outcomes), "failed")


ENDS = {"ok": "delivered", "discarded": "discarded"}


def _attempt(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": str(delivery.id),
        "success": delivery.outcome == "ok",
        "response_status": delivery.response_status,
        "response_body": delivery.response_body,
        "response_headers": delivery.response_headers,
        "started_at": iso(delivery.started_at),
        "completed_at": iso(delivery.completed_at),
    }
