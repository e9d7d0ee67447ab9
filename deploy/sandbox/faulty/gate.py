"""Requests that have arrived and are not answered yet, so that a test can act exactly then."""

import asyncio
from dataclasses import dataclass, field
from itertools import count

from deploy.sandbox.faulty.orders import ErpStep


@dataclass
class Held:
    """One request without an answer. `committed` tells whether it stands in the ERP already."""

    id: int
    step: ErpStep
    number: str | None
    committed: bool
    released: asyncio.Event = field(default_factory=asyncio.Event)


class Gate:
    """Who waits, and who may go."""

    def __init__(self) -> None:
        self.held: list[Held] = []
        self.ids = count(1)
        self.changed = asyncio.Condition()

    async def hold(self, step: ErpStep, number: str | None, *, committed: bool) -> Held:
        """Note that a request waits. The caller waits on `released`, and calls `leave` in the end."""
        held = Held(next(self.ids), step, number, committed)
        async with self.changed:
            self.held.append(held)
            self.changed.notify_all()
        return held

    def leave(self, held: Held) -> None:
        """The request is answered, or its client has gone."""
        if held in self.held:
            self.held.remove(held)

    def release(self) -> int:
        """Let every held request go; how many those were."""
        for held in self.held:
            held.released.set()
        return len(self.held)

    async def arrival(self, step: ErpStep | None, seconds: float) -> list[Held]:
        """Who waits (of `step`), as soon as anybody does; empty after `seconds`."""

        def waiting() -> list[Held]:
            return [held for held in self.held if step is None or held.step is step]

        try:
            async with asyncio.timeout(seconds), self.changed:
                await self.changed.wait_for(lambda: bool(waiting()))
        except TimeoutError:
            return []
        return waiting()
