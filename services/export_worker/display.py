"""All that the worker does for those who look: dry runs, the connections' profiles, counts by the hour,
and that it is there at all."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker.appending import TRIAL_CHANNEL
from services.export_worker.links import Link
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
from shared.procore.client import ProcoreClient
from shared.settings import DatabaseSettings, ProcoreSettings, WorkerSettings

RECONNECT_SECONDS = 1.0

log = structlog.get_logger("export_worker.display")


class DisplaySettings(DatabaseSettings, ProcoreSettings, WorkerSettings):
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
        house = reading_house(
            engine,
            procore.with_share(settings.reconcile_budget_share),
            service_users=frozenset(settings.procore_service_user_ids),
            record_max_age=timedelta(days=settings.approver_record_max_age_days),
        )
        self._trials = Trials(engine, house, catalog, links)

    async def keep_profiles(self) -> None:
        """Once, at the worker's start."""
        async with self._engine.begin() as connection:
            await keep_profiles(connection, map(profile_of, self._links.values()))

    def tasks(self) -> Iterator[Coroutine[Any, Any, None]]:
        """Each runs until cancelled."""
        yield self._trials.run()
        yield self._count()
        yield self._heartbeat.run()

    async def _count(self) -> None:
        """Count what is new, and hear of trials, while the session lasts."""
        url = self._settings.database_url.get_secret_value()
        while True:
            try:
                session = await connect_raw(url, Role.WORKER, application_name="export_worker:display")
                try:
                    await session.add_listener(TRIAL_CHANNEL, lambda *_: self._trials.wake())
                    await Rollup(self._engine).run(session)
                finally:
                    await session.close()
            except DATABASE_ERRORS as error:
                log.warning("session.lost", why=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _vitals(self) -> Mapping[str, Any]:
        return {
            "kafka": kafka_now(*self._kafka()),
            "procore": procore_now(self._budget),
            "connections": await connections_now(self._engine, self._links),
        }
