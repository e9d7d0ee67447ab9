"""What Procore sees of our hooks, and the way of its lost events into the normal topic."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from services.cli.hooking.places import Place, patiently, standing_at
from services.cli.hooking.provision import Heard
from shared.events.notifications import Notification
from shared.events.topics import Topic
from shared.kafka.producer import Producer
from shared.procore.errors import ProcoreError
from shared.procore.hook_health import Health, health, told
from shared.procore.hook_plan import Action, Standing, Wanted, plan
from shared.procore.webhook_rows import Delivery
from shared.procore.webhooks import Webhooks
from shared.settings import KafkaSettings

SECONDS = 10.0


@dataclass(frozen=True)
class Seen:
    """One hook of ours and its deliveries. `unheard` did not arrive by another way either; `unshown` has no body."""

    standing: Standing
    health: Health
    unheard: tuple[Notification, ...]
    unshown: int


@dataclass(frozen=True)
class Project:
    """One place, its hooks, and what `hooks provision` would do there. `failure`: why it could not be read."""

    place: Place
    hooks: tuple[Seen, ...] = ()
    todo: tuple[Action, ...] = ()
    failure: str | None = None


async def look(webhooks: Webhooks, place: Place, wanted: Wanted, since: date, heard: Heard) -> Project:
    """Deliveries from the day `since` count."""

    async def looked() -> Project:
        standing = await standing_at(webhooks, place, wanted.namespace)
        hooks = [await _seen(webhooks, place, each, since, heard) for each in standing]
        return Project(place, tuple(hooks), tuple(plan(wanted, standing)))

    try:
        return await patiently(looked)
    except ProcoreError as error:
        return Project(place, failure=str(error))


async def feed(settings: KafkaSettings, notifications: Iterable[Notification]) -> int:
    """As the receiver does, under the same event ids: what arrives twice is one. Returns how many.

    Raises BrokerUnavailable, RecordRefused, TimeoutError.
    """
    producer = Producer(settings, client_id="invoice-export-cli")
    await producer.start()
    fed = 0
    try:
        async with asyncio.timeout(SECONDS):
            await producer.wait_connected()
        for notification in notifications:
            event = notification.as_event(datetime.now(UTC))
            await producer.send(
                Topic.WEBHOOKS, key=event.kafka_key, value=event.to_bytes(), headers=event.headers(), within=SECONDS
            )
            fed += 1
    finally:
        await producer.stop()
    return fed


async def _seen(webhooks: Webhooks, place: Place, standing: Standing, since: date, heard: Heard) -> Seen:
    listed = webhooks.deliveries(place.company_id, standing.hook.id, since=since, project_id=place.project_id)
    found = health([delivery async for delivery in listed])
    undelivered: tuple[Delivery, ...] = (*found.waiting, *found.lost)
    events = {event.event_id: event for each in undelivered if (event := told(each))}
    known = await heard(events)
    unheard = tuple(event for event_id, event in events.items() if event_id not in known)
    return Seen(standing, found, unheard, unshown=sum(told(each) is None for each in undelivered))
