"""One HTTP exchange with Procore: time-out, network failure as a typed error, and a word to the observer."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from shared.procore.errors import ProcoreUnavailable

PAUSE = timedelta(seconds=10)

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Call:
    """One exchange, for metrics. `route` is the template, without ids; `status` is None without an answer."""

    method: str
    route: str
    status: int | None
    seconds: float


Observer = Callable[[Call], None]


@dataclass(frozen=True)
class Transport:
    """`time_limit` covers the whole exchange; httpx's own time-outs cover only each read."""

    http: httpx.AsyncClient
    clock: Clock
    observer: Observer | None
    time_limit: timedelta

    async def exchange(self, method: str, url: str, *, route: str, **request: Any) -> httpx.Response:
        """The answer, whatever its status. Raises ProcoreUnavailable when none came in time."""
        started, status = time.monotonic(), None
        try:
            async with asyncio.timeout(self.time_limit.total_seconds()):
                response = await self.http.request(method, url, follow_redirects=False, **request)
            status = response.status_code
        except (httpx.HTTPError, TimeoutError) as error:
            why = f"no answer ({type(error).__name__})"
            raise ProcoreUnavailable(soon(self.clock()), why) from error
        else:
            return response
        finally:
            if self.observer is not None:
                self.observer(Call(method, route, status, time.monotonic() - started))


def soon(now: datetime) -> datetime:
    """When to try again after a failure that names no time: in 10 to 20 seconds."""
    return now + PAUSE * (1 + random.random())
