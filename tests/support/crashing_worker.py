"""The worker or the receiver as it is, save that it stops itself just before or after one call of one function.

    python -m tests.support.crashing_worker --before services.export_worker.erp.sandbox.adapter:SandboxErpAdapter.find

The product knows nothing of it: the function is wrapped here, from outside, before the service starts.
"""

import argparse
import asyncio
import functools
import importlib
import inspect
import itertools
import os
import signal
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LANE: ContextVar[str] = ContextVar("lane", default="")


@dataclass(frozen=True)
class Point:
    """Where to stop. `target` is module:qualname of a coroutine function; `about` narrows which calls count:

    those of a walk of the connection of that name, and those whose arguments mention the text.
    """

    target: str
    is_before: bool
    nth: int
    about: str
    signal: signal.Signals

    def set(self) -> None:
        """Wrap the function in its place."""
        owner, name = _place(self.target)
        original = getattr(owner, name)
        if not inspect.iscoroutinefunction(original):
            raise TypeError(f"{self.target} is not a coroutine function")
        calls = itertools.count(1)

        @functools.wraps(original)
        async def stopping(*arguments: Any, **named: Any) -> Any:
            is_it = self._counts((arguments, named)) and next(calls) == self.nth
            if is_it and self.is_before:
                os.kill(os.getpid(), self.signal)
            answer = await original(*arguments, **named)
            if is_it and not self.is_before:
                os.kill(os.getpid(), self.signal)
            return answer

        setattr(owner, name, stopping)

    def _counts(self, arguments: object) -> bool:
        return not self.about or LANE.get() == self.about or self.about in repr(arguments)


def main() -> None:
    given = _parse()
    run = SERVICES[given.service]()
    if given.before or given.after:
        target = given.before or given.after
        Point(target, bool(given.before), given.nth, given.about, signal.Signals[f"SIG{given.signal}"]).set()
    while given.hold and not given.hold.exists():
        time.sleep(0.01)
    run()


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.support.crashing_worker", description=__doc__)
    point = parser.add_mutually_exclusive_group()
    point.add_argument("--before", metavar="MODULE:QUALNAME", help="stop when it is called")
    point.add_argument("--after", metavar="MODULE:QUALNAME", help="stop when it returns")
    parser.add_argument("--nth", type=int, default=1, help="which of the calls that count")
    parser.add_argument("--about", default="", help="count only calls for this connection, or that mention this text")
    parser.add_argument("--signal", choices=("KILL", "STOP"), default="KILL")
    parser.add_argument("--hold", type=Path, metavar="FILE", help="import everything, then start once this file exists")
    parser.add_argument("--service", choices=SERVICES, default="worker")
    return parser.parse_args()


def _worker() -> Callable[[], None]:
    from services.export_worker import serving, worker
    from shared.settings import load

    owner, name = _place("services.export_worker.clock:Lane._walk")
    walk = getattr(owner, name)

    async def marked(lane: Any, claim: Any) -> None:
        LANE.set(lane.name)
        await walk(lane, claim)

    setattr(owner, name, marked)
    return lambda: asyncio.run(serving.serve(load(worker.WorkerServiceSettings)))


def _receiver() -> Callable[[], None]:
    from services.webhook_receiver import app
    from shared.settings import load

    return lambda: app.run(load(app.ReceiverSettings))


def _place(target: str) -> tuple[Any, str]:
    module, _, qualname = target.partition(":")
    *path, name = qualname.split(".")
    return functools.reduce(getattr, path, importlib.import_module(module)), name


SERVICES: dict[str, Callable[[], Callable[[], None]]] = {"worker": _worker, "receiver": _receiver}

if __name__ == "__main__":
    main()
