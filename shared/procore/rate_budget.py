"""How many calls Procore still allows, learned from its own answers. Pure: now and chance are arguments.

Rules (Procore developer portal, "Rate Limiting"): two windows, 60 minutes and 10 seconds. The headers tell of
the one that will be exceeded first, mostly the short one, so what is left of the hour is often an estimate.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

HOUR = timedelta(hours=1)
SPIKE_WINDOW = timedelta(seconds=10)
# Reset is in whole seconds and the two clocks are not one: 10 s may look like 12.
SPIKE_REACH = SPIKE_WINDOW + timedelta(seconds=2)
# A window that ends later than this is none of the two.
LONGEST_AHEAD = HOUR + timedelta(minutes=1)
# The hourly figure in Procore's own sample headers; replaced by the real one as soon as an answer tells it.
ASSUMED_HOURLY_LIMIT = 600


@dataclass(frozen=True)
class Allowance:
    """One window as last reported. `reset` is Procore's time, `over_at` the same with our jitter."""

    limit: int
    remaining: int
    reset: datetime
    over_at: datetime


@dataclass(frozen=True)
class Tally:
    """Our own calls until `ends`: all of them, and those made with a share below 1."""

    ends: datetime
    calls: int = 0
    shared: int = 0


class RateBudget:
    """Ask `may_call`, then `take`, then `learn` from the answer or its absence. One for an account."""

    def __init__(self, *, assumed_hourly_limit: int = ASSUMED_HOURLY_LIMIT) -> None:
        self.hourly: Allowance | None = None
        self.spike: Allowance | None = None
        self.blocked_until: datetime | None = None
        self._hourly_limit = assumed_hourly_limit
        self._in_flight = 0
        self._tally: Tally | None = None

    @property
    def limit(self) -> int | None:
        """Of the hourly window once an answer described it, else of the 10-second one; for metrics."""
        return None if (shown := self.hourly or self.spike) is None else shown.limit

    @property
    def remaining(self) -> int | None:
        """As `limit`; may be stale once `reset` has passed."""
        return None if (shown := self.hourly or self.spike) is None else max(0, shown.remaining)

    @property
    def reset(self) -> datetime | None:
        """As `limit`: when that window starts anew, aware UTC."""
        return None if (shown := self.hourly or self.spike) is None else shown.reset

    def may_call(self, now: datetime, *, share: float = 1.0) -> datetime | None:
        """None: go. Else the earliest time to ask again.

        `share` below 1 keeps background work to that part of what remains of the hour, so that calls with
        share 1 find the rest; one such call an hour is always allowed.
        """
        waits = (
            self.blocked_until,
            self._wait_for(self.spike, now),
            self._wait_for(self.hourly, now),
            self._wait_for_share(now, share),
        )
        return max((wait for wait in waits if wait is not None and wait > now), default=None)

    def take(self, now: datetime, *, share: float = 1.0) -> None:
        """A call leaves. Each `take` is followed by exactly one `learn`."""
        self._in_flight += 1
        tally = self._tally_at(now)
        self._tally = replace(tally, calls=tally.calls + 1, shared=tally.shared + (share < 1))

    def learn(self, now: datetime, status: int | None, headers: Mapping[str, str], *, spread: float) -> None:
        """The call came back with these headers (`status` None: it did not come back).

        `spread` in [0, 1), drawn anew each time, keeps many workers from coming back at once: it lengthens
        waits by up to a tenth, or 1 s. Unreadable headers are ignored.
        """
        self._in_flight = max(0, self._in_flight - 1)
        self.hourly, self.spike = _less_one(self.hourly), _less_one(self.spike)
        told = {name.lower(): value for name, value in headers.items()}
        seen = _allowance(now, told, spread)
        if seen is not None:
            self._keep(now, seen)
        pause = _pause(now, status, told, None if seen is None else seen.reset)
        if pause is not None:
            until = pause + _jitter(pause - now, spread)
            self.blocked_until = max(until, self.blocked_until or until)

    def _keep(self, now: datetime, seen: Allowance) -> None:
        if seen.reset - now <= SPIKE_REACH and not self._looks_hourly(seen):
            self.spike = seen
            return
        self.hourly = seen
        self._hourly_limit = seen.limit or self._hourly_limit
        tally = self._tally_at(now)
        self._tally = replace(tally, ends=min(tally.ends, seen.over_at))

    def _looks_hourly(self, seen: Allowance) -> bool:
        """In its last seconds the hourly window can be told from the short one only by its limit."""
        return (
            self.hourly is not None
            and seen.limit == self.hourly.limit
            and (self.spike is None or self.spike.limit != seen.limit)
        )

    def _wait_for(self, window: Allowance | None, now: datetime) -> datetime | None:
        if window is None or self._left_in(window, now) > 0:
            return None
        return window.over_at

    def _left_in(self, window: Allowance, now: datetime) -> int:
        if now >= window.over_at or (window.remaining > 0 and now >= window.reset):
            return window.limit - self._in_flight
        return window.remaining - self._in_flight

    def _wait_for_share(self, now: datetime, share: float) -> datetime | None:
        if share >= 1:
            return None
        tally = self._tally_at(now)
        allowed = share * (self._hourly_left(now, tally) + tally.shared)
        return tally.ends if tally.shared + 1 > max(1.0, allowed) else None

    def _hourly_left(self, now: datetime, tally: Tally) -> int:
        if self.hourly is not None and now < self.hourly.over_at:
            return max(0, self._left_in(self.hourly, now))
        return max(0, self._hourly_limit - tally.calls)

    def _tally_at(self, now: datetime) -> Tally:
        if self._tally is None or now >= self._tally.ends:
            return Tally(ends=now + HOUR)
        return self._tally


def retry_after(now: datetime, headers: Mapping[str, str]) -> datetime | None:
    """`Retry-After` (seconds or an HTTP date) as a time, at most an hour ahead; None without one."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    seconds = _number(text)
    if seconds is None and (then := _unix_of(text)) is not None:
        seconds = then - now.timestamp()
    return None if seconds is None or seconds <= 0 else now + timedelta(seconds=min(seconds, HOUR.total_seconds()))


def _pause(now: datetime, status: int | None, told: Mapping[str, str], reset: datetime | None) -> datetime | None:
    """429: the later of `Retry-After` and reset (two Procore pages differ). 503: `Retry-After`."""
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return retry_after(now, told)
    if status != HTTPStatus.TOO_MANY_REQUESTS:
        return None
    waits = [wait for wait in (retry_after(now, told), reset) if wait is not None]
    return max(now + timedelta(seconds=1), max(waits, default=now + SPIKE_WINDOW))


def _allowance(now: datetime, told: Mapping[str, str], spread: float) -> Allowance | None:
    limit = _number(told.get("x-rate-limit-limit", ""))
    remaining = _number(told.get("x-rate-limit-remaining", ""))
    unix = _number(told.get("x-rate-limit-reset", ""))
    if limit is None or remaining is None or unix is None:
        return None
    # Seen from Procore's own clock where the answer tells it: ours may be wrong by minutes.
    ahead = unix - (_unix_of(told.get("date", "")) or now.timestamp())
    if not 0 < ahead <= LONGEST_AHEAD.total_seconds():
        return None
    reset = now + timedelta(seconds=ahead)
    return Allowance(int(limit), int(remaining), reset, reset + _jitter(reset - now, spread))


def _less_one(window: Allowance | None) -> Allowance | None:
    return None if window is None else replace(window, remaining=window.remaining - 1)


def _jitter(wait: timedelta, spread: float) -> timedelta:
    return max(timedelta(seconds=1), wait / 10) * spread


def _unix_of(http_date: str) -> float | None:
    try:
        then = parsedate_to_datetime(http_date)
        return (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", text.strip()) else None
