"""Which tie-outs are due, who does which, and how far it came: one at a time for each connection, over all workers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.export_worker.arrivals import doubt
from services.export_worker.core.tie_out import Told
from shared.ledger.entries import Finding
from shared.ledger.tables import tie_out_findings, tie_outs
from shared.ledger.tie_out import ONLY_COUNTED, REASON_OF, Period, Tally, Verdict
from shared.ledger.tie_out_reader import Approved, tally_to_json
from shared.ledger.tie_out_request import request

AFTER_FAILURE = timedelta(hours=1)


class RunLost(Exception):
    """Another worker took the tie-out over."""


@dataclass
class Run:
    """One tie-out under way. `position`: the last export that was asked."""

    id: int
    connection: str
    period: Period
    position: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)


class TieOutRuns:
    """The table of tie-outs. `lease`: how long one that its worker left lies before another goes on with it."""

    def __init__(self, engine: AsyncEngine, worker: str, *, lease: timedelta) -> None:
        self._engine = engine
        self._worker = worker
        self._lease = lease

    async def request_due(self, name: str, periods: Sequence[Period], every: timedelta) -> None:
        """Those whose last one began longer ago than `every`; where the ERP failed it, an hour."""
        async with self._engine.begin() as connection:
            for period in periods:
                last = await connection.execute(_LAST, {"connection": name, "period": str(period)})
                row = last.one_or_none()
                wait = every if row is None or row.failure is None else min(every, AFTER_FAILURE)
                if row is None or row.age >= wait:
                    await request(connection, name, period, None)

    async def claim(self, name: str) -> Run | None:
        """The connection's oldest tie-out that nobody is at; None while one is under way, or none is asked for."""
        async with self._engine.begin() as connection:
            await connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"tie_out:{name}"))))
            asked = {"connection": name, "worker": self._worker, "lease": self._lease}
            row = (await connection.execute(_CLAIM, asked)).one_or_none()
        if row is None:
            return None
        verdicts = Counter({Verdict(verdict): count for verdict, count in row.verdicts.items()})
        return Run(row.id, name, Period.parse(row.period), row.position, verdicts)

    async def record(self, run: Run, export: Approved, told: Told, now: datetime) -> None:
        """What was seen of one export. What differs is doubted in the same transaction. Raises RunLost."""
        async with self._engine.begin() as connection:
            reason = REASON_OF.get(told.verdict)
            if reason is not None and not export.state.is_doubted:
                finding = Finding(reason=reason, detail=told.detail)
                if not await doubt(connection, export.id, export.state.version, finding, now):
                    told = Told(Verdict.NOT_ASKED, "it changed in the ledger while the ERP was asked")
            run.position = export.id
            run.verdicts[told.verdict] += 1
            await self._advance(connection, run)
            if told.verdict not in ONLY_COUNTED:
                found = {"tie_out_id": run.id, "export_id": export.id, "at": now}
                row = upsert(tie_out_findings).values(**found, verdict=told.verdict.value, detail=told.detail)
                await connection.execute(row.on_conflict_do_nothing())

    async def pass_over(self, run: Run, position: int, verdicts: Counter[Verdict]) -> None:
        """Up to `position` the ERP was not asked at all: only counted. Raises RunLost."""
        run.position = position
        run.verdicts += verdicts
        async with self._engine.begin() as connection:
            await self._advance(connection, run)

    async def finish(self, run: Run, tally: Tally, failure: str | None) -> None:
        """Keep what the month came to. Raises RunLost."""
        async with self._engine.begin() as connection:
            await self._advance(connection, run, finished_at=func.now(), tally=tally_to_json(tally), failure=failure)

    async def _advance(self, connection: AsyncConnection, run: Run, **more: Any) -> None:
        is_ours = (tie_outs.c.id == run.id) & (tie_outs.c.worker == self._worker) & tie_outs.c.finished_at.is_(None)
        verdicts = {verdict.value: count for verdict, count in run.verdicts.items()}
        values = {"position": run.position, "verdicts": verdicts, "lease_until": func.now() + self._lease, **more}
        if (await connection.execute(update(tie_outs).where(is_ours).values(**values))).rowcount == 0:
            raise RunLost


_LAST = text(
    """
    SELECT failure, now() - requested_at AS age FROM tie_outs
    WHERE connection = :connection AND period = :period ORDER BY id DESC LIMIT 1
    """
)

_CLAIM = text(
    """
    UPDATE tie_outs SET worker = :worker, lease_until = now() + CAST(:lease AS interval),
        started_at = COALESCE(started_at, now())
    WHERE id = (
        SELECT id FROM tie_outs
        WHERE connection = :connection AND finished_at IS NULL AND NOT EXISTS (
            SELECT FROM tie_outs busy WHERE busy.connection = :connection AND busy.finished_at IS NULL
            AND busy.lease_until > now())
        ORDER BY id LIMIT 1)
    RETURNING id, period, position, verdicts
    """
)
