"""Durations in buckets, so that percentiles over any span of hours come from a few sums. Pure.

Each bucket's bound is a quarter above the one before: a percentile is told at most a quarter too long, never too short.
"""

from bisect import bisect_left
from collections.abc import Mapping

SHORTEST = 0.1
GROWTH = 1.25
LONGEST = 60 * 86_400

# Seconds, upper bounds; the bucket behind the last bound holds what took longer.
BOUNDS: tuple[float, ...] = tuple(
    SHORTEST * GROWTH**power for power in range(200) if SHORTEST * GROWTH ** (power - 1) < LONGEST
)


def bucket_of(seconds: float) -> int:
    """The number of the first bucket whose bound is not below `seconds`."""
    return bisect_left(BOUNDS, seconds)


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """The bound, in seconds, below which at least `share` (0 to 1) of all lie; None where there are none.

    `counts` are by bucket. Behind the last bound it is that bound, which is then too short.
    """
    total = sum(counts.values())
    if total <= 0:
        return None
    needed, seen = share * total, 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if counts[bucket] > 0 and seen >= needed:
            return BOUNDS[min(bucket, len(BOUNDS) - 1)]
    raise AssertionError("the counts add up to their total")
