"""Hears that the ledger changed, once for everybody who watches."""

import asyncio

import structlog
from pydantic import SecretStr

from shared.database import DATABASE_ERRORS, Role, connect_raw
from shared.ledger.changes import Channel

QUIET_SECONDS = 0.25
IDLE_SECONDS = 15.0
RECONNECT_SECONDS = 1.0

log = structlog.get_logger("ledger_dashboard.watch")


class Watch:
    """Hears the ledger's NOTIFY once for all watchers; each change is one turn of `turn`, however many came."""

    def __init__(self, url: SecretStr) -> None:
        self._url = url
        self._heard = asyncio.Event()
        self._turned = asyncio.Condition()
        self.turn = 0
        self.watchers = 0
        self.is_ending = False

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                session = await connect_raw(
                    self._url.get_secret_value(), Role.DASHBOARD, application_name="ledger_dashboard:listen"
                )
                try:
                    await session.add_listener(Channel.LEDGER_CHANGED, lambda *_: self._heard.set())
                    self._heard.set()  # what changed while nobody listened
                    while not session.is_closed():
                        await self._tell()
                finally:
                    await session.close()
            except DATABASE_ERRORS as error:
                log.warning("session.lost", why=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def changed(self, since: int, *, within: float) -> int:
        """The turn after `since`, or `since` again when nothing changed within so many seconds, or at the end."""
        try:
            async with asyncio.timeout(within), self._turned:
                await self._turned.wait_for(lambda: self.turn > since or self.is_ending)
        except TimeoutError:
            return since
        return self.turn

    async def end(self) -> None:
        """Nobody waits any longer: an open stream would keep the server from ending."""
        self.is_ending = True
        async with self._turned:
            self._turned.notify_all()

    async def _tell(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._heard.wait()
        except TimeoutError:
            return
        self._heard.clear()
        async with self._turned:
            self.turn += 1
            self._turned.notify_all()
        await asyncio.sleep(QUIET_SECONDS)
