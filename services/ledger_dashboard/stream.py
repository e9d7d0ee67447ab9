"""/events: whoever watches is told that the ledger changed, within a quarter of a second, and asks for the rest."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import SecretStr

from services.ledger_dashboard.people.guard import signed_in
from services.ledger_dashboard.people.person import Person
from shared.database import DATABASE_ERRORS, Role, connect_raw

LEDGER_CHANNEL = "ledger_changed"
QUIET_SECONDS = 0.25
KEEP_ALIVE_SECONDS = 15.0
RECONNECT_SECONDS = 1.0
MOST_WATCHERS = 500
LONGEST_SECONDS = 600.0  # then the browser connects anew, and its session is looked at again
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

log = structlog.get_logger("ledger_dashboard.stream")
router = APIRouter()


class Watch:
    """Hears the ledger's NOTIFY once for all watchers; each change is one turn of `turn`, however many came."""

    def __init__(self, url: SecretStr) -> None:
        self._url = url
        self._heard = asyncio.Event()
        self._turned = asyncio.Condition()
        self.turn = 0
        self.watchers = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                session = await connect_raw(
                    self._url.get_secret_value(), Role.DASHBOARD, application_name="ledger_dashboard:listen"
                )
                try:
                    await session.add_listener(LEDGER_CHANNEL, lambda *_: self._heard.set())
                    self._heard.set()  # what changed while nobody listened
                    while not session.is_closed():
                        await self._tell()
                finally:
                    await session.close()
            except DATABASE_ERRORS as error:
                log.warning("session.lost", why=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def changed(self, since: int, *, within: float) -> int:
        """The turn after `since`, or `since` again when nothing changed within so many seconds."""
        try:
            async with asyncio.timeout(within), self._turned:
                await self._turned.wait_for(lambda: self.turn > since)
        except TimeoutError:
            return since
        return self.turn

    async def _tell(self) -> None:
        try:
            async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                await self._heard.wait()
        except TimeoutError:
            return
        self._heard.clear()
        async with self._turned:
            self.turn += 1
            self._turned.notify_all()
        await asyncio.sleep(QUIET_SECONDS)


@router.get("/events", include_in_schema=False)
async def events(request: Request, _person: Annotated[Person, Depends(signed_in)]) -> StreamingResponse:
    """Server-sent events without content: what changed is asked for by who may see it."""
    watch: Watch = request.app.state.watch
    if watch.watchers >= MOST_WATCHERS:
        return StreamingResponse(iter(()), status_code=503, headers={"Retry-After": "60"})
    return StreamingResponse(_told(watch, request), media_type="text/event-stream", headers=HEADERS)


async def _told(watch: Watch, request: Request) -> AsyncIterator[str]:
    watch.watchers += 1
    loop, seen = asyncio.get_running_loop(), watch.turn
    ends_at = loop.time() + LONGEST_SECONDS
    try:
        yield "retry: 2000\n\n"
        while loop.time() < ends_at and not await request.is_disconnected():
            turn = await watch.changed(seen, within=KEEP_ALIVE_SECONDS)
            yield "event: changed\ndata: \n\n" if turn > seen else ": still here\n\n"
            seen = turn
    finally:
        watch.watchers -= 1
