"""The sandbox's own time: it may run faster than the wall clock, and it may be set.

"Sandbox seconds" are seconds of this clock; one real second holds `time_scale` of them. Everything that
Procore measures (token life, rate windows, back-off, give-up) is in sandbox time. What a client measures with
its own watch (`Retry-After`, `X-Rate-Limit-Reset`, the time limit of one delivery) is in real time.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

TICK = timedelta(microseconds=1)


class SandboxClock:
    def __init__(self, *, time_scale: float = 1.0, start: datetime | None = None) -> None:
        self.listeners: list[Callable[[], None]] = []
        self._time_scale = _checked_scale(time_scale)
        self._origin = start or datetime.now(UTC)
        self._started = time.monotonic()
        self._last_stamp = datetime.min.replace(tzinfo=UTC)

    @property
    def time_scale(self) -> float:
        return self._time_scale

    def now(self) -> datetime:
        return self._origin + timedelta(seconds=(time.monotonic() - self._started) * self._time_scale)

    def stamp(self) -> datetime:
        """Now, but never the same moment twice, as an `updated_at` that orders changes must be."""
        self._last_stamp = max(self.now(), self._last_stamp + TICK)
        return self._last_stamp

    def real_seconds_until(self, moment: datetime) -> float:
        return max(0.0, (moment - self.now()).total_seconds() / self._time_scale)

    def set_scale(self, time_scale: float) -> None:
        scale = _checked_scale(time_scale)
        self._rebase(self.now())
        self._time_scale = scale
        self._announce()

    def set_time(self, moment: datetime) -> None:
        self._rebase(moment.astimezone(UTC))
        self._last_stamp = moment.astimezone(UTC)
        self._announce()

    def advance(self, seconds: float) -> None:
        self._rebase(self.now() + timedelta(seconds=seconds))
        self._announce()

    def _rebase(self, origin: datetime) -> None:
        self._origin, self._started = origin, time.monotonic()

    def _announce(self) -> None:
        for listener in self.listeners:
            listener()


def iso(moment: datetime | None) -> str | None:
    """Procore's form of a moment: UTC, always with microseconds."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _checked_scale(time_scale: float) -> float:
    if time_scale <= 0:
        raise ValueError(f"time_scale must be above zero, not {time_scale}")
    return time_scale
