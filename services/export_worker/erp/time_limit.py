"""One time limit around a whole step: what it looks at and what it writes, together."""

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

from services.export_worker.core.outcomes import Unavailable, Unknown

Told = TypeVar("Told")


class Write(Protocol):
    """A request that may change the ERP; `sent` once it may have arrived."""

    sent: bool


# The writes of the step under way. A task that the step starts shares its list.
WRITES: ContextVar[list[Write] | None] = ContextVar("writes", default=None)


def note_write(write: Write) -> None:
    """From now on, who gives up the step cannot know what became of it."""
    writes = WRITES.get()
    if writes is not None:
        writes.append(write)


async def within(seconds: float, step: Coroutine[Any, Any, Told]) -> Told | Unavailable | Unknown:
    """What the step comes to. Given up before it wrote anything, it is certainly not done."""
    writes: list[Write] = []
    before = WRITES.set(writes)
    try:
        async with asyncio.timeout(seconds):
            return await step
    except TimeoutError:
        late = f"Not finished within {seconds:g} s."
        return Unknown(late) if any(write.sent for write in writes) else Unavailable(f"{late} Nothing was written yet.")
    finally:
        WRITES.reset(before)
