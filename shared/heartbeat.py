"""Each running process says every few seconds that it is there and how it fares; who stops saying so is gone.

heartbeat = Heartbeat(engine, service="receiver", health=health, detail=detail)
await heartbeat.run()
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import DATABASE_ERRORS
from shared.health import Health, check_as_json
from shared.ledger.showing import service_instances

BEAT_SECONDS = 10.0
SILENT_AFTER = timedelta(seconds=35)  # three beats, and some patience: then nobody is there any more
FORGOTTEN_AFTER = timedelta(days=1)
FAREWELL_SECONDS = 1.0

Detail = Callable[[], Awaitable[Mapping[str, Any]]]

log = structlog.get_logger("heartbeat")


class Heartbeat:
    """`detail` tells what else a page may show of this process: JSON, and no secret."""

    def __init__(self, engine: AsyncEngine, *, service: str, health: Health, detail: Detail) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._engine = engine
        self._service = service
        self._health = health
        self._detail = detail
        self._started_at = datetime.now(UTC)
        self._is_heard = True

    async def run(self) -> None:
        """Until cancelled; then it takes itself off the list. A database that is away harms nobody."""
        try:
            while True:
                await self._try_to_beat()
                await asyncio.sleep(BEAT_SECONDS)
        finally:
            await self._leave()

    async def beat(self) -> None:
        """Once. Raises one of DATABASE_ERRORS."""
        checks = await self._health.look()
        told = {
            "service": self._service,
            "seen_at": func.now(),
            "ready": {name: check_as_json(check) for name, check in checks.items()},
            "detail": dict(await self._detail()),
        }
        statement = upsert(service_instances).values(name=self.name, started_at=self._started_at, **told)
        forgotten = service_instances.c.seen_at < func.now() - FORGOTTEN_AFTER
        async with self._engine.begin() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=told))
            await connection.execute(delete(service_instances).where(forgotten))

    async def _try_to_beat(self) -> None:
        try:
            async with asyncio.timeout(BEAT_SECONDS):
                await self.beat()
        except DATABASE_ERRORS as error:
            if self._is_heard:
                log.warning("heartbeat.missed", why=type(error).__name__)
            self._is_heard = False
        else:
            self._is_heard = True

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(FAREWELL_SECONDS), self._engine.begin() as connection:
                await connection.execute(delete(service_instances).where(service_instances.c.name == self.name))
        except DATABASE_ERRORS as error:
            log.warning("heartbeat.not_ended", why=type(error).__name__)
