"""What the webhooks missed: list the owner invoices of each project and feed the same corridor.

Procore throws its queue away after 12 hours of failed deliveries, so this is needed, not optional.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker import timekeeping
from services.export_worker.arrivals import receive
from services.export_worker.core.comparison import compare
from services.export_worker.core.invoice import Snapshot, read_snapshot
from services.export_worker.delivery_list import DeliveryList
from services.export_worker.exports import Arrival, ExportKey
from services.export_worker.metrics import RECONCILED
from services.export_worker.project_names import keep_names
from shared.connections.catalog import Catalog, Connection
from shared.connections.connection import Mode
from shared.ledger.state import State, state_from_json
from shared.ledger.tables import exports, reconciliations
from shared.ledger.versions import WrittenByNewer
from shared.procore.client import ProcoreClient
from shared.procore.directory import Directory, Project
from shared.procore.errors import ProcoreError, ProcoreForbidden, ProcoreNotFound, ProcoreUnavailable
from shared.procore.payment_applications import PaymentApplications
from shared.procore.webhooks import Webhooks

LEFT_TO_ITS_WEBHOOK = timedelta(minutes=10)
LONGEST_WAIT = timedelta(minutes=15)
LEFT_UNFINISHED = timedelta(minutes=5)

log = structlog.get_logger("export_worker.reconciliation")


@dataclass
class Found:
    """What one run over one connection came to. `missed` names payment applications."""

    projects: int = 0
    invoices: int = 0
    missed: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


class Reconciliation:
    """Runs within `share` of Procore's rate limit, so that the events' own looks never starve."""

    def __init__(
        self,
        engine: AsyncEngine,
        procore: ProcoreClient,
        catalog: Catalog,
        *,
        share: float,
        grace: timedelta = LEFT_TO_ITS_WEBHOOK,
    ) -> None:
        modest = procore.with_share(share)
        self._engine = engine
        self._catalog = catalog
        self._grace = grace
        self._invoices = PaymentApplications(modest)
        self._directory = Directory(modest)
        self._deliveries = DeliveryList(Webhooks(modest))

    async def run(self) -> dict[str, Found]:
        """All connections that are not paused, one after the other; one that fails does not stop the next."""
        found = {}
        for connection in self._catalog.connections:
            if connection.mode is not Mode.PAUSED:
                found[connection.name] = await self._run_recorded(connection)
        return found

    async def run_due(self, every: timedelta) -> None:
        """As `run`, over the connections whose last run, by any worker, began longer ago than `every`.

        One that was begun and not ended, because its worker was killed or another has it now, is left for 5 minutes.
        """
        for connection in self._catalog.connections:
            if connection.mode is not Mode.PAUSED and await self._is_due(connection.name, every):
                await self._run_recorded(connection)

    async def _is_due(self, name: str, every: timedelta) -> bool:
        last = (
            select(reconciliations.c.started_at, reconciliations.c.finished_at)
            .where(reconciliations.c.connection == name)
            .order_by(reconciliations.c.id.desc())
            .limit(1)
        )
        async with self._engine.connect() as database:
            row = (await database.execute(last)).one_or_none()
        if row is None:
            return True
        wait = every if row.finished_at else min(every, LEFT_UNFINISHED)
        return bool(row.started_at <= timekeeping.now() - wait)

    async def _run_recorded(self, connection: Connection) -> Found:
        left_at = await self._left_at(connection.name)
        run_id = await self._begin(connection.name)
        found, failure = Found(), None
        try:
            for project_id in going_on_after(left_at, await self._projects(connection)):
                await self._project(connection, project_id, found)
                await self._note(run_id, position=project_id)
        except ProcoreError as error:
            failure = str(error)
        await self._finish(run_id, found, failure)
        RECONCILED.labels(connection.name).inc(len(found.missed))
        log.info(
            "connection.reconciled",
            connection=connection.name,
            projects=found.projects,
            invoices=found.invoices,
            missed=found.missed,
            unreadable=found.unreadable,
            failure=failure,
        )
        return found

    async def _projects(self, connection: Connection) -> list[str]:
        listed = await self._listed(connection)
        if connection.project_ids:
            return list(connection.project_ids)
        ids = (project.id for project in listed)
        return [each for each in ids if self._catalog.serving(connection.company_id, each) is connection]

    async def _listed(self, connection: Connection) -> list[Project]:
        """Those that our service account sees; where the file names the projects, only for what they are called."""
        try:
            listed = [project async for project in self._directory.projects(connection.company_id)]
        except ProcoreError:
            if connection.project_ids is None:
                raise
            return []
        async with self._engine.begin() as database:
            await keep_names(database, connection.company_id, listed)
        return listed

    async def _project(self, connection: Connection, project_id: str, found: Found) -> None:
        """One project; waits out a spent budget, and goes round a project that may not be read."""
        while True:
            try:
                await self._compare(connection, project_id, found)
            except (ProcoreForbidden, ProcoreNotFound, WrittenByNewer) as error:
                log.warning("project.left_out", connection=connection.name, project_id=project_id, why=str(error))
                found.unreadable.append(project_id)
            except ProcoreUnavailable as error:
                wait = error.retry_at - timekeeping.now()
                if wait > LONGEST_WAIT:
                    raise
                await asyncio.sleep(max(wait.total_seconds(), 0.05))
                continue
            return

    async def _compare(self, connection: Connection, project_id: str, found: Found) -> None:
        known = await self._known(connection, project_id)
        shown: dict[str, Snapshot] = {}
        async for raw in self._invoices.of_project(connection.company_id, project_id):
            snapshot = read_snapshot(raw)
            shown[snapshot.payment_application_id] = snapshot
        now = timekeeping.now()
        differences = compare(shown, known, now - self._grace)
        listed = await self._deliveries.events(connection.company_id, project_id) if differences else []
        arrivals = [
            Arrival(_key(connection, project_id, invoice), bodies)
            for invoice, bodies in differences.received(listed).items()
        ]
        async with self._engine.begin() as database:
            await receive(database, arrivals, now)
        found.projects += 1
        found.invoices += len(shown)
        found.missed += [arrival.key.payment_application_id for arrival in arrivals]

    async def _known(self, connection: Connection, project_id: str) -> dict[str, State]:
        statement = select(exports.c.payment_application_id, exports.c.state).where(
            exports.c.company_id == connection.company_id,
            exports.c.project_id == project_id,
            exports.c.connection == connection.name,
        )
        async with self._engine.connect() as database:
            rows = (await database.execute(statement)).all()
        return {row.payment_application_id: state_from_json(row.state) for row in rows}

    async def _left_at(self, name: str) -> str | None:
        """The last project that the run before came to, if that one did not come to its end."""
        last = select(reconciliations.c.position, reconciliations.c.finished_at, reconciliations.c.failure)
        last = last.where(reconciliations.c.connection == name).order_by(reconciliations.c.id.desc()).limit(1)
        async with self._engine.connect() as database:
            row = (await database.execute(last)).one_or_none()
        return row.position if row and (row.failure or row.finished_at is None) else None

    async def _begin(self, name: str) -> int:
        opening = insert(reconciliations).values(connection=name, started_at=timekeeping.now())
        async with self._engine.begin() as database:
            run_id: int = (await database.execute(opening.returning(reconciliations.c.id))).scalar_one()
        return run_id

    async def _finish(self, run_id: int, found: Found, failure: str | None) -> None:
        counts = {"projects": found.projects, "invoices": found.invoices, "missed": len(found.missed)}
        await self._note(run_id, finished_at=timekeeping.now(), failure=failure, **counts)

    async def _note(self, run_id: int, **values: Any) -> None:
        async with self._engine.begin() as database:
            await database.execute(update(reconciliations).where(reconciliations.c.id == run_id).values(**values))


def going_on_after(left_at: str | None, projects: Sequence[str]) -> Sequence[str]:
    """All of them, beginning after the one at which the run before stopped: else a large account's last never come."""
    begin = projects.index(left_at) + 1 if left_at in projects else 0
    return [*projects[begin:], *projects[:begin]]


def _key(connection: Connection, project_id: str, invoice: str) -> ExportKey:
    return ExportKey(connection.name, connection.company_id, project_id, invoice)


def summary(found: dict[str, Found]) -> Sequence[tuple[str, int, int, int]]:
    """Per connection: projects, invoices, missed."""
    return [(name, run.projects, run.invoices, len(run.missed)) for name, run in found.items()]
