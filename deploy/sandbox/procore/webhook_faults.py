"""Trouble on order for deliveries: what an unreliable road does to events on their way to a hook."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from deploy.sandbox.procore.hooks import QueuedEvent

Kind = Literal["duplicate", "two_ids", "shuffle", "coalesce", "drop", "delay", "pause"]


@dataclass(kw_only=True)
class WebhookFault:
    """`delay` is in sandbox seconds; `times` None lasts until cleared; `hook_id` None means every hook.

    - duplicate: the same event, same id, once more (`delay` later)
    - two_ids: one action told twice, two ids and one timestamp
    - shuffle: each event waits a random part of `delay`, and those that are due leave in random order
    - coalesce: an event still queued for the same resource is swallowed by the later one
    - drop: never delivered, listed as discarded
    - delay: leaves `delay` later
    - pause: nothing leaves until cleared
    """

    id: int
    kind: Kind
    hook_id: int | None
    times: int | None
    probability: float
    delay: float

    def covers(self, hook_id: int) -> bool:
        return self.hook_id in (None, hook_id)


class WebhookFaultBook:
    def __init__(self, rng: random.Random) -> None:
        self.faults: list[WebhookFault] = []
        self._rng = rng

    def strike(self, hook_id: int) -> dict[Kind, WebhookFault]:
        """The faults that hit the next event of this hook, each used up by one."""
        struck: dict[Kind, WebhookFault] = {}
        for fault in [fault for fault in self.faults if fault.covers(hook_id) and fault.kind != "pause"]:
            if fault.kind in struck or self._rng.random() >= fault.probability:
                continue
            struck[fault.kind] = fault
            self._use_up(fault)
        return struck

    def is_paused(self, hook_id: int) -> bool:
        return any(fault.kind == "pause" and fault.covers(hook_id) for fault in self.faults)

    def is_shuffled(self, hook_id: int) -> bool:
        return any(fault.kind == "shuffle" and fault.covers(hook_id) for fault in self.faults)

    def due(self, struck: dict[Kind, WebhookFault], now: datetime) -> datetime:
        seconds = struck["delay"].delay if "delay" in struck else 0.0
        seconds += struck["coalesce"].delay if "coalesce" in struck else 0.0
        seconds += self._rng.random() * struck["shuffle"].delay if "shuffle" in struck else 0.0
        return now + timedelta(seconds=seconds)

    def choose(self, hook_id: int, ready: list[QueuedEvent]) -> QueuedEvent:
        return self._rng.choice(ready) if self.is_shuffled(hook_id) else ready[0]

    def clear(self, kind: Kind | None) -> None:
        self.faults = [fault for fault in self.faults if kind is not None and fault.kind != kind]

    def _use_up(self, fault: WebhookFault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times == 0:
            self.faults.remove(fault)
