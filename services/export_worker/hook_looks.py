"""Looks every few hours at the projects' hooks in Procore, so that a page can tell what `hooks status` tells.

Within reconciliation's share of Procore's rate. Which projects there are is known from reconciliation.
"""

from datetime import timedelta

import asyncpg
import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker import timekeeping
from shared.connections.catalog import Catalog
from shared.connections.connection import Mode
from shared.ledger.showing import hook_states, projects
from shared.procore.errors import ProcoreForbidden, ProcoreNotFound
from shared.procore.hook_health import health
from shared.procore.hook_state import HookState, state_of
from shared.procore.webhooks import Webhooks

LOOKED_BACK = timedelta(days=14)
LISTED_WITHIN = timedelta(days=2)
LOCK = 7_215_003  # any number that nothing else in this database locks

Place = tuple[str, str]
"""Company and project."""

log = structlog.get_logger("export_worker.hook_looks")


class HookLooks:
    """One worker at a time looks: whoever holds the advisory lock of its session."""

    def __init__(self, engine: AsyncEngine, webhooks: Webhooks, catalog: Catalog, *, namespace: str) -> None:
        self._engine = engine
        self._webhooks = webhooks
        self._catalog = catalog
        self._namespace = namespace

    async def run_due(self, session: asyncpg.Connection, every: timedelta) -> int:
        """Looks where the last look is older than `every`; at how many projects.

        Raises ProcoreUnavailable, ProcoreUnauthorized; what was seen so far is kept.
        """
        if not await session.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
            return 0
        looked = 0
        for company_id, project_id in await self._due(every):
            await self._keep(company_id, project_id, await self._look(company_id, project_id))
            looked += 1
        return looked

    async def _due(self, every: timedelta) -> list[Place]:
        """Those that a connection serves and that nobody has looked at for so long."""
        seen, listed = hook_states.c, projects.c
        recent = select(seen.company_id, seen.project_id).where(seen.seen_at > func.now() - every)
        known = select(listed.company_id, listed.project_id).where(listed.seen_at > func.now() - LISTED_WITHIN)
        async with self._engine.connect() as connection:
            fresh, there = [
                {(row.company_id, row.project_id) for row in await connection.execute(asked)}
                for asked in (recent, known)
            ]
        named = {(one.company_id, project) for one in self._catalog.connections for project in one.project_ids or ()}
        return [place for place in sorted((there | named) - fresh) if self._is_served(place)]

    def _is_served(self, place: Place) -> bool:
        serving = self._catalog.serving(*place)
        return serving is not None and serving.mode is not Mode.PAUSED

    async def _look(self, company_id: str, project_id: str) -> HookState:
        since = (timekeeping.now() - LOOKED_BACK).date()
        try:
            listed = await self._webhooks.hooks(company_id, project_id, namespace=self._namespace)
            found = []
            # A filter that Procore does not understand is likely to be ignored.
            for hook in [each for each in listed if each.namespace == self._namespace]:
                told = self._webhooks.deliveries(company_id, hook.id, since=since, project_id=project_id)
                found.append((hook, health([delivery async for delivery in told])))
        except (ProcoreForbidden, ProcoreNotFound) as error:
            return HookState(failure=str(error))
        return state_of(found)

    async def _keep(self, company_id: str, project_id: str, state: HookState) -> None:
        statement = upsert(hook_states).values(
            company_id=company_id, project_id=project_id, state=state.model_dump(mode="json"), seen_at=func.now()
        )
        new = {name: statement.excluded[name] for name in ("state", "seen_at")}
        async with self._engine.begin() as connection:
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["company_id", "project_id"], set_=new)
            )
        if state.lost or state.failure:
            log.warning("hooks.seen", company=company_id, project=project_id, lost=state.lost, failure=state.failure)
