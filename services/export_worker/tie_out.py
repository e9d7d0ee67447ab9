"""The tie-out: what a month came to, and whether each exported document still stands in the ERP as it was sent.

It only looks. What differs is recorded as a doubt, and the corridor asks the ERP again under the export's own claim.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar

import structlog
from aiolimiter import AsyncLimiter
from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker import timekeeping
from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import document_from_json
from services.export_worker.core.outcomes import Found, LookUpFailure, Unavailable
from services.export_worker.core.tie_out import Exported, Told, compare
from services.export_worker.links import Link, link_state
from services.export_worker.tie_out_runs import Run, RunLost, TieOutRuns
from shared.connections.connection import Mode
from shared.ledger.tie_out import Period, Tally, Verdict, usual_periods
from shared.ledger.tie_out_reader import Approved, read_approved, read_tally
from shared.ledger.versions import WrittenByNewer
from shared.ledger.words import Status

MINUTE = 60.0
FAILURES_IN_A_ROW = 3
LONGEST_WAIT = timedelta(minutes=2)  # less than a run's lease
LEFT_BY_ITS_WORKER = timedelta(minutes=10)

Answer = TypeVar("Answer")
Shown = tuple[Found | None, Sequence[Found]]

log = structlog.get_logger("export_worker.tie_out")


class TieOut:
    """Looks at one connection's ledger and ERP, within `share` of the connection's rate: exports never starve."""

    def __init__(self, engine: AsyncEngine, link: Link, *, share: float) -> None:
        self._engine = engine
        self._link = link
        self._pace = AsyncLimiter(1, MINUTE / (link.pace.per_minute * share))
        self._failures = 0
        self._failure = ""

    @property
    def failure(self) -> str | None:
        """Why the ERP is asked no more, once it failed several times in a row."""
        return self._failure if self._failures >= FAILURES_IN_A_ROW else None

    @property
    def is_mute(self) -> bool:
        """Whether nothing more can be asked: the ERP takes no questions, or it failed."""
        return self.failure is not None or not self._link.capabilities.can_look_up

    async def tally(self, period: Period) -> Tally:
        """The month's sums as of now."""
        async with self._engine.connect() as connection:
            return await read_tally(connection, self._link.connection.name, period, self._link.connection.zone)

    async def pages(
        self, period: Period, *, after: int = 0, only: Status | None = None
    ) -> AsyncIterator[Sequence[Approved]]:
        """The month's approved exports, in the order of their ids."""
        name, zone = self._link.connection.name, self._link.connection.zone
        while True:
            async with self._engine.connect() as connection:
                page = await read_approved(connection, name, period, zone, after=after, only=only)
            if not page:
                return
            yield page
            after = page[-1].id

    async def ask(self, export: Approved) -> Told:
        """What the ERP shows of one exported invoice, by the document's id and by our reference."""
        state, capabilities = export.state, self._link.capabilities
        standing, attempt = state.standing, state.attempt
        if standing is None or attempt is None or standing.by_hand:
            return Told(Verdict.BY_HAND)
        if self.is_mute:
            return Told(Verdict.NOT_ASKED, self.failure or "this ERP cannot be asked")
        if state.since is None or state.since + capabilities.absence_proven_after > timekeeping.now():
            return Told(Verdict.NOT_ASKED, "it was exported only just now, and a look-up may lag")
        shown = await self._show(attempt.reference, standing.ref)
        if isinstance(shown, LookUpFailure):
            self._failures, self._failure = self._failures + 1, shown.text
            return Told(Verdict.NOT_ASKED, shown.text)
        self._failures = 0
        exported = Exported(
            standing=standing,
            document=document_from_json(attempt.document),
            capabilities=capabilities,
            is_left_as_draft=bool(attempt.done) and Step.FINISH.value not in attempt.done,
        )
        return compare(exported, *shown)

    async def _show(self, reference: str, ref: str) -> Shown | LookUpFailure:
        found = await self._look(self._link.adapter.find, reference)
        if isinstance(found, LookUpFailure):
            return found
        read = await self._look(self._link.adapter.read, ref)
        return read if isinstance(read, LookUpFailure) else (read, found)

    async def _look(self, call: Callable[[str], Awaitable[Answer]], key: str) -> Answer:
        """One call, and once more where the ERP says when."""
        answer = await self._paced(call, key)
        if not isinstance(answer, Unavailable) or answer.retry_at is None:
            return answer
        wait = answer.retry_at - timekeeping.now()
        if wait > LONGEST_WAIT:
            return answer
        await asyncio.sleep(max(wait.total_seconds(), 0))
        return await self._paced(call, key)

    async def _paced(self, call: Callable[[str], Awaitable[Answer]], key: str) -> Answer:
        """Within the share: what a look took beyond one request, others' requests meanwhile too, is waited for."""
        await self._pace.acquire()
        before = self._link.pace.taken
        answer = await call(key)
        for _ in range(self._link.pace.taken - before - 1):
            await self._pace.acquire()
        return answer


class TieOuts:
    """One connection's tie-outs: those that are due, and those that somebody asked for. Any worker does them."""

    def __init__(
        self,
        engine: AsyncEngine,
        link: Link,
        worker: str,
        *,
        share: float,
        every: timedelta | None,
        lease: timedelta = LEFT_BY_ITS_WORKER,
    ) -> None:
        self._engine = engine
        self._link = link
        self._share = share
        self._every = every
        self._runs = TieOutRuns(engine, worker, lease=lease)

    async def run_due(self) -> None:
        """All that nobody is at, one after the other; none while the connection is paused."""
        connection = self._link.connection
        async with self._engine.connect() as database:
            state = await link_state(database, connection.name)
        if connection.mode is Mode.PAUSED or state.is_paused:
            return
        if self._every:
            periods = usual_periods(timekeeping.now(), connection.zone)
            await self._runs.request_due(connection.name, periods, self._every)
        while (run := await self._runs.claim(connection.name)) is not None:
            try:
                await self._run(run)
            except RunLost:
                log.warning("tie_out.lost", connection=run.connection, period=str(run.period))
            except WrittenByNewer as newer:
                log.warning("tie_out.left", connection=run.connection, period=str(run.period), why=str(newer))

    async def _run(self, run: Run) -> None:
        """From where it stands: each answer is committed before the next question."""
        tie_out = TieOut(self._engine, self._link, share=self._share)
        async for page in tie_out.pages(run.period, after=run.position, only=Status.EXPORTED):
            if tie_out.is_mute:
                verdicts = Counter([(await tie_out.ask(export)).verdict for export in page])
                await self._runs.pass_over(run, page[-1].id, verdicts)
                continue
            for export in page:
                await self._runs.record(run, export, await tie_out.ask(export), timekeeping.now())
        tally = await tie_out.tally(run.period)
        await self._runs.finish(run, tally, tie_out.failure)
        log.info(
            "connection.tied_out",
            connection=run.connection,
            period=str(run.period),
            verdicts={verdict.value: count for verdict, count in run.verdicts.items()},
            adds_up=tally.adds_up,
            failure=tie_out.failure,
        )
