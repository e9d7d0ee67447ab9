"""/events: whoever watches is told that the ledger changed, within a quarter of a second, and asks for the rest."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.guard import signed_in
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.watch import Watch

KEEP_ALIVE_SECONDS = 15.0
MOST_WATCHERS = 500
LONGEST_SECONDS = 600.0  # then the browser connects anew, and its session is looked at again
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

router = APIRouter()


@router.get("/events", include_in_schema=False)
async def events(request: Request, _person: Annotated[Person, Depends(signed_in)]) -> Response:
    """Server-sent events without content: what changed is asked for by who may see it."""
    watch = desk_of(request).watch
    if watch.watchers >= MOST_WATCHERS:
        return Response(status_code=503, headers={"Retry-After": "60"})
    return StreamingResponse(_told(watch, request), media_type="text/event-stream", headers=HEADERS)


async def _told(watch: Watch, request: Request) -> AsyncIterator[str]:
    watch.watchers += 1
    loop, seen = asyncio.get_running_loop(), watch.turn
    ends_at = loop.time() + LONGEST_SECONDS
    try:
        yield "retry: 2000\n\n"
        while not watch.is_ending and loop.time() < ends_at and not await request.is_disconnected():
            turn = await watch.changed(seen, within=KEEP_ALIVE_SECONDS)
            yield "event: changed\ndata: \n\n" if turn > seen else ": still here\n\n"
            seen = turn
    finally:
        watch.watchers -= 1
