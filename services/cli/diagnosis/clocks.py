"""Whether another clock agrees with ours."""

from datetime import datetime, timedelta

from services.cli.diagnosis.check import Check, failed, ok

TOLERATED = timedelta(seconds=5)


def clock_check(name: str, there: datetime, before: datetime, after: datetime, resolution: timedelta) -> Check:
    """`there` was read between `before` and `after` by our clock, cut to `resolution`."""
    ahead = max(there - after, timedelta(0)) or min(there + resolution - before, timedelta(0))
    seconds = ahead.total_seconds()
    if abs(ahead) <= TOLERATED:
        return ok(name, "agrees with this machine's")
    what = "ahead of" if seconds > 0 else "behind"
    return failed(name, f"{abs(seconds):.0f} s {what} this machine's", "set the clock of both by a time server")
