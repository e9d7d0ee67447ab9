"""Procore's two rate windows: an hour, and ten seconds against spikes. Time is sandbox time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

HOUR = timedelta(hours=1)
SPIKE = timedelta(seconds=10)

RefusalHeaders = Literal["both", "retry_after", "reset"]


@dataclass(kw_only=True)
class Window:
    limit: int
    length: timedelta
    used: int = 0
    started: datetime | None = None

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    def roll(self, now: datetime) -> None:
        if self.started is None or not self.started <= now < self.started + self.length:
            self.started, self.used = now, 0

    def resets_at(self, now: datetime) -> datetime:
        return (self.started or now) + self.length


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What one request was told: the nearer window, and whether it was let through."""

    admitted: bool
    limit: int
    remaining: int
    resets_at: datetime


class RateLimits:
    def __init__(self, *, hourly: int = 3600, spike: int = 100) -> None:
        self.refusal_headers: RefusalHeaders = "both"
        self._windows = [Window(limit=hourly, length=HOUR), Window(limit=spike, length=SPIKE)]

    def set(self, *, hourly: int | None, spike: int | None) -> None:
        """New limits start new windows."""
        for window, limit in zip(self._windows, (hourly, spike), strict=True):
            if limit is not None:
                window.limit, window.used, window.started = limit, 0, None

    def take(self, now: datetime) -> Budget:
        for window in self._windows:
            window.roll(now)
        admitted = all(window.remaining for window in self._windows)
        if admitted:
            for window in self._windows:
                window.used += 1
        nearer = self._nearer(now)
        return Budget(
            admitted=admitted,
            limit=nearer.limit,
            remaining=nearer.remaining,
            resets_at=nearer.resets_at(now),
        )

    def _nearer(self, now: datetime) -> Window:
        """The window with fewer requests left; of two that are used up, the one that lasts longer."""
        return min(self._windows, key=lambda w: (w.remaining, -w.resets_at(now).timestamp()))
