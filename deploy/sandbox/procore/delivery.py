"""Delivering events to hooks: one queue per hook, one attempt at a time, as Procore does it.

Any 2xx within the time limit is success. Anything else pauses the whole queue of that hook: only the
failing event is tried again, after 1, 2, 4 ... seconds up to an hour; after twelve hours of failure the
queue is thrown away and its events are listed as discarded. One success resets all of it.
"""

import asyncio
import contextlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from deploy.sandbox.procore.clock import SandboxClock
from deploy.sandbox.procore.hooks import (
    Delivery,
    Event,
    Hook,
    HookQueue,
    Outcome,
    QueuedEvent,
    new_ulid,
    payload,
    wants,
)
from deploy.sandbox.procore.webhook_faults import WebhookFaultBook
from deploy.sandbox.procore.world import World

FIRST_RETRY = timedelta(seconds=1)
LONGEST_RETRY = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(hours=12)
KEPT_BODY = 2_000


@dataclass(kw_only=True)
class DeliverySettings:
    """`time_limit` is in real seconds, as the receiver lives in real time."""

    time_limit: float = 5.0
    company_hooks_get_all: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`status` None: no answer at all, for the reason in `error`."""

    status: int | None = None
    headers: dict[str, str] | None = None
    body: str | None = None
    error: str | None = None

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Dispatcher:
    def __init__(
        self,
        *,
        world: World,
        clock: SandboxClock,
        faults: WebhookFaultBook,
        settings: DeliverySettings,
        rng: random.Random,
        http: Callable[[], httpx.AsyncClient],
    ) -> None:
        self._world = world
        self._clock = clock
        self._faults = faults
        self._settings = settings
        self._rng = rng
        self._http = http
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._alarms: dict[int, asyncio.Event] = {}
        self._on_the_road: dict[int, QueuedEvent] = {}

    def publish(self, event: Event) -> None:
        for hook in self._world.hooks.values():
            if hook.is_active and any(self._wants(hook.id, event)):
                self._enqueue(hook, event)

    def resume(self) -> None:
        """Every queue looks again: after a start, a cleared pause, a moved clock."""
        for hook_id in self._world.queues:
            self._rouse(hook_id)

    @property
    def pending(self) -> int:
        return sum(len(queue.items) for queue in self._world.queues.values())

    async def stop(self) -> None:
        workers = list(self._workers.values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    def forget(self, hook_id: int) -> None:
        self._world.queues.pop(hook_id, None)
        if worker := self._workers.pop(hook_id, None):
            worker.cancel()

    def _wants(self, hook_id: int, event: Event) -> list[bool]:
        hook, get_all = self._world.hooks[hook_id], self._settings.company_hooks_get_all
        triggers = self._world.triggers_of(hook_id)
        return [wants(hook, trigger, event, company_hooks_get_all=get_all) for trigger in triggers]

    def _enqueue(self, hook: Hook, event: Event) -> None:
        now = self._clock.now()
        struck = self._faults.strike(hook.id)
        fresh = QueuedEvent(event=event, queued_at=now, due_at=self._faults.due(struck, now))
        if "drop" in struck:
            self._log(hook, fresh, "discarded")
            return
        queue = self._world.queues.setdefault(hook.id, HookQueue())
        if "coalesce" in struck:
            queue.items = [item for item in queue.items if not self._is_swallowed_by(event, hook, item)]
        queue.items.append(fresh)
        if duplicate := struck.get("duplicate"):
            queue.items.append(replace(fresh, due_at=fresh.due_at + timedelta(seconds=duplicate.delay)))
        if "two_ids" in struck:
            queue.items.append(replace(fresh, event=self._twin(event)))
        self._rouse(hook.id)

    def _is_swallowed_by(self, event: Event, hook: Hook, item: QueuedEvent) -> bool:
        same = (item.event.resource, item.event.resource_id) == (event.resource, event.resource_id)
        return same and item.last_delivery_id is None and self._on_the_road.get(hook.id) is not item

    def _twin(self, event: Event) -> Event:
        return replace(event, id=self._world.take_id("event"), ulid=new_ulid(event.timestamp, self._rng))

    def _rouse(self, hook_id: int) -> None:
        self._alarms.setdefault(hook_id, asyncio.Event()).set()
        worker = self._workers.get(hook_id)
        if worker is None or worker.done():
            self._workers[hook_id] = asyncio.get_running_loop().create_task(self._drain(hook_id))

    async def _drain(self, hook_id: int) -> None:
        """Runs until the queue is empty; a later event starts it again."""
        while (queue := self._world.queues.get(hook_id)) and queue.items:
            self._alarms[hook_id].clear()
            moment = self._next_moment(hook_id, queue)
            if moment is None or moment > self._clock.now():
                await self._wait(hook_id, moment)
                continue
            await self._attempt(self._world.hooks[hook_id], queue, self._choose(hook_id, queue))

    def _next_moment(self, hook_id: int, queue: HookQueue) -> datetime | None:
        """When something may leave; None: not before somebody says so."""
        if self._faults.is_paused(hook_id):
            return None
        return queue.retry_at or min(item.due_at for item in queue.items)

    def _choose(self, hook_id: int, queue: HookQueue) -> QueuedEvent:
        if queue.retry_at is not None:
            return queue.items[0]
        now = self._clock.now()
        return self._faults.choose(hook_id, [item for item in queue.items if item.due_at <= now])

    async def _wait(self, hook_id: int, moment: datetime | None) -> None:
        seconds = None if moment is None else self._clock.real_seconds_until(moment)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._alarms[hook_id].wait(), seconds)

    async def _attempt(self, hook: Hook, queue: HookQueue, item: QueuedEvent) -> None:
        self._on_the_road[hook.id] = item
        started = self._clock.now()
        answer = await self._post(hook, payload(item.event, hook.api_version))
        self._mark_retried(item)
        delivery = self._log(hook, item, "ok" if answer.is_success else "failed")
        delivery.started_at, delivery.completed_at = started, self._clock.now()
        delivery.response_status, delivery.response_error = answer.status, answer.error
        delivery.response_headers, delivery.response_body = answer.headers or {}, answer.body
        del self._on_the_road[hook.id]
        if answer.is_success:
            queue.items = [other for other in queue.items if other is not item]
            queue.recover()
        else:
            self._pause(hook, queue, item, started)

    async def _post(self, hook: Hook, body: dict[str, Any]) -> Answer:
        headers = {**hook.destination_headers, "Content-Type": "application/json"}
        try:
            async with asyncio.timeout(self._settings.time_limit):
                response = await self._http().post(hook.destination_url, content=json.dumps(body), headers=headers)
        except TimeoutError:
            return Answer(error="timeout")
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            return Answer(error=type(failure).__name__)
        return Answer(
            status=response.status_code,
            headers=dict(response.headers),
            body=response.text[:KEPT_BODY],
            error=None if response.is_success else f"HTTP {response.status_code}",
        )

    def _pause(self, hook: Hook, queue: HookQueue, item: QueuedEvent, started: datetime) -> None:
        queue.items = [item, *(other for other in queue.items if other is not item)]
        queue.failing_since = queue.failing_since or started
        queue.failures += 1
        now, gives_up_at = self._clock.now(), queue.failing_since + GIVE_UP_AFTER
        if now >= gives_up_at:
            self._flush(hook, queue)
            return
        wait = min(FIRST_RETRY * 2 ** min(queue.failures - 1, 12), LONGEST_RETRY)
        queue.retry_at = min(now + wait, gives_up_at)

    def _flush(self, hook: Hook, queue: HookQueue) -> None:
        for item in queue.items:
            if item.last_delivery_id is None:
                self._log(hook, item, "discarded")
            else:
                self._world.deliveries[item.last_delivery_id].outcome = "discarded"
        queue.items = []
        queue.recover()

    def _mark_retried(self, item: QueuedEvent) -> None:
        if item.last_delivery_id is not None:
            self._world.deliveries[item.last_delivery_id].outcome = "retried"

    def _log(self, hook: Hook, item: QueuedEvent, outcome: Outcome) -> Delivery:
        delivery = Delivery(
            id=self._world.take_id("delivery"),
            hook_id=hook.id,
            event=item.event,
            payload=payload(item.event, hook.api_version),
            outcome=outcome,
            queued_at=item.queued_at,
        )
        self._world.deliveries[delivery.id] = delivery
        item.last_delivery_id = delivery.id
        return delivery
