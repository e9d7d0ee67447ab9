"""How fast requests leave for one ERP."""

from aiolimiter import AsyncLimiter

MINUTE = 60.0
PART_AT_ONCE = 10


class Pace:
    """At most `per_minute` requests in any minute, `at_once` of them without a pause. Of this process alone.

    Without `at_once` it is a tenth. What follows comes evenly, so slowly that both together keep to the minute.
    `taken` counts what has left.
    """

    def __init__(self, per_minute: int, at_once: int | None = None) -> None:
        self.per_minute = per_minute
        self.taken = 0
        burst = at_once or max(1, per_minute // PART_AT_ONCE)
        self._limiter = AsyncLimiter(burst, MINUTE * burst / (per_minute - burst))

    async def acquire(self) -> None:
        """Wait until one more request may leave."""
        await self._limiter.acquire()
        self.taken += 1
