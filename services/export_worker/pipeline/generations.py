"""What stands in the ERP under a reference and under those of later generations.

A ledger that was restored from a backup may not know that a later one was sent (law 1). It is recognised by what
stands under the reference that it does know: if all of that was cancelled, somebody sent the invoice afresh.
"""

from collections.abc import Iterator
from itertools import count

from services.export_worker.core.outcomes import Found, LookUpFailure
from services.export_worker.links import Link
from services.export_worker.pipeline.calls import look_up


async def found_from(link: Link, reference: str) -> tuple[Found, ...] | LookUpFailure:
    """All documents from this generation on, up to the first generation without any."""
    every: list[Found] = []
    for each in from_generation(reference):
        found = await look_up(link, each)
        if isinstance(found, LookUpFailure):
            return found
        if not found:
            break
        every += found
    return tuple(every)


def from_generation(reference: str) -> Iterator[str]:
    """The reference, and those of the generations after it (shared.ledger.state makes them)."""
    key, _, generation = reference.rpartition(":")
    return (f"{key}:{number}" for number in count(int(generation)))
