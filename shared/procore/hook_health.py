"""What Procore's list of deliveries says of one hook. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.events.notifications import Notification, read
from shared.procore.webhook_rows import Delivery, DeliveryStatus

WAITING = frozenset({DeliveryStatus.ENQUEUED, DeliveryStatus.RETRYING})
LOST = frozenset({DeliveryStatus.FAILED, DeliveryStatus.DISCARDED})


@dataclass(frozen=True)
class Health:
    """`waiting` comes by itself, in the end; `lost` does not. `last_error` is that of the newest attempt of these."""

    delivered: int
    last_success: datetime | None
    waiting: tuple[Delivery, ...]
    lost: tuple[Delivery, ...]
    last_error: str | None

    @property
    def oldest(self) -> datetime | None:
        """When the oldest that did not arrive happened in Procore."""
        return min((at for each in (*self.waiting, *self.lost) if (at := each.occurred_at)), default=None)


def health(deliveries: Iterable[Delivery]) -> Health:
    every = list(deliveries)
    arrived = [each for each in every if each.status is DeliveryStatus.SUCCEEDED]
    waiting = tuple(each for each in every if each.status in WAITING)
    lost = tuple(each for each in every if each.status in LOST)
    tried = [each for each in (*waiting, *lost) if each.attempts]
    newest = max(tried, key=lambda each: each.ended_at.timestamp() if each.ended_at else 0, default=None)
    return Health(
        delivered=len(arrived),
        last_success=max((at for each in arrived if (at := each.ended_at)), default=None),
        waiting=waiting,
        lost=lost,
        last_error=None if newest is None else _error(newest),
    )


def told(delivery: Delivery) -> Notification | None:
    """What the event says, as the receiver would read it; None where Procore does not show it."""
    if not delivery.event:
        return None
    found = read(json.dumps(delivery.event, default=str).encode())
    return found if isinstance(found, Notification) else None


def _error(delivery: Delivery) -> str:
    return "no answer" if delivery.answered is None else f"we answered {delivery.answered}"
