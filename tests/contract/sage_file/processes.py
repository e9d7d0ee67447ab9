"""Workers of their own on one outbox: `python -m tests.contract.sage_file.processes NAME FOLDER ...`."""

import asyncio
import json
import os
import random
import signal
import sys
import threading
from pathlib import Path

from services.export_worker.core.capabilities import Step
from services.export_worker.core.outcomes import HandedOver
from services.export_worker.erp.adapter import Place
from services.export_worker.erp.sage_file.adapter import SageFileAdapter
from tests.contract.sage_file.outboxes import CONTRACTOR, an_invoice

INVOICES = 20
TOUCHING = {"open", "write", "flush", "fsync", "replace", "close", "flock"}


def an_adapter(folder: Path, batch_size: int) -> SageFileAdapter:
    """As a worker makes it; the outbox is prepared already."""
    return SageFileAdapter(Place("harbor", {"outbox": str(folder), "batch_size": batch_size, **CONTRACTOR}))


async def hand_over_all(folder: Path, seed: int) -> dict[str, str]:
    """Every invoice, in an order of its own; reference -> ref."""
    adapter, refs = an_adapter(folder, 7), {}
    numbers = list(range(1, INVOICES + 1))
    random.Random(seed).shuffle(numbers)
    for number in numbers:
        document = an_invoice(nth=number)
        outcome = await adapter.perform(Step.CREATE, document, None)
        assert isinstance(outcome, HandedOver), outcome
        refs[document.reference] = outcome.ref
    await adapter.close()
    return refs


def die_at_each_call(folder: Path) -> int:
    """One outbox for each number of calls to the disk before SIGKILL; how many of them there are."""
    for before in range(1000):
        outbox = folder / str(before)
        asyncio.run(an_adapter(outbox, 1).prepare())
        child = os.fork()
        if child == 0:
            die_after(before)
            asyncio.run(an_adapter(outbox, 1).perform(Step.CREATE, an_invoice(), None))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            return before
    raise AssertionError("it writes without end")


def die_after(calls: int) -> None:
    """In the threads that are started from now on: before the next call that touches the disk."""
    left = calls

    def count(_: object, event: str, called: object) -> None:
        nonlocal left
        if event == "c_call" and getattr(called, "__name__", "") in TOUCHING:
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    threading.setprofile(count)


def main(name: str, folder: str, *numbers: str) -> None:
    """What a test asks for; JSON on standard output."""
    if name == "hand_over_all":
        print(json.dumps(asyncio.run(hand_over_all(Path(folder), int(numbers[0])))))
    else:
        print(die_at_each_call(Path(folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
