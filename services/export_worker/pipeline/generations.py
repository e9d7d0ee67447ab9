"""What stands in the ERP under a reference and under those of later generations, and what is known by its id.

A ledger that was restored from a backup may not know that a later one was sent (law 1). It is recognised by what
stands under the reference that it does know: if all of that was cancelled, somebody sent the invoice afresh.

What was made once is known by its id too: people, and ERPs, take references away, and nothing is made a second time
because nobody finds the first.
"""

from collections.abc import Iterator, Sequence
from itertools import count

from services.export_worker.core.outcomes import Found, LookUpFailure
from services.export_worker.core.standing import all_known, id_known
from services.export_worker.links import Link
from services.export_worker.pipeline.calls import look_up, timed
from shared.ledger.state import State


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


async def also_by_id(
    link: Link, found: Sequence[Found] | LookUpFailure, state: State
) -> tuple[Found, ...] | LookUpFailure:
    """What was found, and what was made before: that is asked for by its id where it was not found."""
    if isinstance(found, LookUpFailure):
        return found
    ref = id_known(state)
    read = (
        None
        if ref is None or any(each.ref == ref for each in found)
        else await timed(link, "read", link.adapter.read(ref))
    )
    return read if isinstance(read, LookUpFailure) else all_known(found, read)


def from_generation(reference: str) -> Iterator[str]:
    """The reference, and those of the generations after it (shared.ledger.state makes them)."""
    key, _, generation = reference.rpartition(":")
    return (f"{key}:{number}" for number in count(int(generation)))
