"""All that the worker does for those who look: dry runs, the connections' profiles, counts, hooks, its heartbeat."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker.hook_looks import HookLooks
from services.export_worker.links import Link
from services.export_worker.pipeline.house import Trust
from services.export_worker.pipeline.trial import reading_house
from services.export_worker.profiles import profile_of
from services.export_worker.rollup import Rollup
from services.export_worker.trials import Trials
from services.export_worker.vitals import connections_now, kafka_now, procore_now
from shared.connections.catalog import Catalog
from shared.connections.profile_store import keep_profiles
from shared.database import DATABASE_ERRORS, Role, connect_raw
from shared.health import Health
from shared.heartbeat import Heartbeat
from shared.kafka.consumer import Gap, Progress
from shared.ledger.changes import Channel
from shared.procore.client import ProcoreClient
from shared.procore.errors import ProcoreError
from shared.procore.webhooks import Webhooks
from shared.settings import DatabaseSettings, HookNamespaceSettings, ProcoreSettings, WorkerSettings

RECONNECT_SECONDS = 1.0
HOOKS_SECONDS = 60.0

log = structlog.get_logger("export_worker.display")


class DisplaySettings(DatabaseSettings, ProcoreSettings, HookNamespaceSettings, WorkerSettings):
    """What it needs of the worker's settings."""


class Display:
    """Nothing is decided by what it does, and nothing of it may hold up an export.

    Procore is asked within reconciliation's share of its rate: what somebody only wonders about starves nothing.
    """

    def __init__(
        self,
        settings: DisplaySettings,
        *,
        engine: AsyncEngine,
        procore: ProcoreClient,
        catalog: Catalog,
        links: Mapping[str, Link],
        health: Health,
        kafka: Callable[[], tuple[Progress | None, Collection[Gap]]],
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._budget = procore.budget
        self._links = links
        self._kafka = kafka
        self._heartbeat = Heartbeat(engine, service="worker", health=health, detail=self._vitals)
        modest = procore.with_share(settings.reconcile_budget_share)
        house = reading_house(engine, modest, Trust.of(settings, settings))
        self._trials = Trials(engine, house, catalog, links)
        self._hooks = HookLooks(engine, Webhooks(modest), catalog, namespace=settings.procore_hook_namespace)

    def tasks(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """By name; each runs until cancelled, and can be begun again after a fault."""
        looks = {"hooks": self._look_at_hooks} if self._settings.hooks_look_every_hours else {}
        return {
            "trials": self._trials.run,
            "profiles": self._tell_profiles,
            "rollup": self._count,
            "heartbeat": self._heartbeat.run,
            **looks,
        }

    async def _tell_profiles(self) -> None:
        """Once: they come from files that are read at the start."""
        async with self._engine.begin() as connection:
            await keep_profiles(connection, map(profile_of, self._links.values()))
        await asyncio.Event().wait()

    async def _count(self) -> None:
        """Count what is new, and hear of trials, while the session lasts."""
        while True:
            try:
                async with self._session() as session:
                    await session.add_listener(Channel.TRIAL_ASKED, lambda *_: self._trials.wake())
                    await Rollup(self._engine).run(session)
            except DATABASE_ERRORS as error:
                log.warning("session.lost", why=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _look_at_hooks(self) -> None:
        every = timedelta(hours=self._settings.hooks_look_every_hours)
        while True:
            try:
                async with self._session() as session:
                    await self._hooks.run_due(session, every)
            except ProcoreError as error:
                log.info("hooks.not_looked_at", why=str(error))
            except DATABASE_ERRORS as error:
                log.warning("session.lost", why=type(error).__name__)
            await asyncio.sleep(HOOKS_SECONDS)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[asyncpg.Connection]:
        """One that holds advisory locks until the block ends."""
        url = self._settings.database_url.get_secret_value()
        session = await connect_raw(url, Role.WORKER, application_name="export_worker:display")
        try:
            yield session
        finally:
            await session.close()

    async def _vitals(self) -> Mapping[str, Any]:
        return {
            "kafka": kafka_now(*self._kafka()),
            "procore": procore_now(self._budget),
            "connections": await connections_now(self._engine, self._links),
        }
