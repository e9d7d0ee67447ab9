"""What stands between the network and an ERP: notes each request, and lets ordered faults happen."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.sandbox.faulty.arrivals import Arrival, read_whole, request_of
from deploy.sandbox.faulty.desk import Desk, Request
from deploy.sandbox.faulty.effects import EFFECTS, plainly
from deploy.sandbox.faulty.orders import Fault

CONTROL = "/sandbox/"


class Faulty:
    """ASGI middleware around an ERP. `desk_of` answers None for a request that is none of any ERP's business."""

    def __init__(self, app: ASGIApp, desk_of: Callable[[Request], Desk | None]) -> None:
        self.app = app
        self.desk_of = desk_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self.app(scope, receive, send)
            return
        request = request_of(scope, await read_whole(receive))
        desk = self.desk_of(request)
        if desk is None:
            await plainly(Arrival(self.app, scope, receive, send, request))
            return
        arrival = Arrival(self.app, scope, receive, send, request, desk.vendor.asked(request))
        fault = fault_for(desk, arrival)
        noted = note(desk, arrival, fault)
        started = time.monotonic()
        try:
            noted["status"] = await meet(desk, arrival, fault)
        finally:
            noted["seconds"] = round(time.monotonic() - started, 4)


def fault_for(desk: Desk, arrival: Arrival) -> Fault | None:
    """The order that this request meets."""
    asked = arrival.asked
    return desk.faults.take(asked.step, asked.number, asked.acknowledged) if asked.step else None


async def meet(desk: Desk, arrival: Arrival, fault: Fault | None) -> int | None:
    """Answer plainly, or as the fault has it."""
    if fault is None:
        return await plainly(arrival)
    return await EFFECTS[fault.kind](desk, arrival, fault)


def note(desk: Desk, arrival: Arrival, fault: Fault | None) -> dict[str, object]:
    """A line for the oracle; status and seconds follow when it is over."""
    noted: dict[str, object] = {
        "at": datetime.now(UTC).isoformat(),
        "method": arrival.request.method,
        "path": arrival.request.path,
        "step": arrival.asked.step,
        "number": arrival.asked.number,
        "replay_key": arrival.asked.replay_key,
        "traceparent": arrival.request.headers.get("traceparent"),
        "fault": fault.kind if fault else None,
        "status": None,
        "seconds": None,
    }
    desk.requests.append(noted)
    return noted
