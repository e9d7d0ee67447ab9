"""The clock: one lane for each connection claims what is due and walks it. No lane waits for another."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

import structlog
from opentelemetry.trace import Span, format_trace_id

from services.export_worker import timekeeping
from services.export_worker.core.decisions import Defer, Keep
from services.export_worker.exports import Claim, Export, LeaseLost, VersionChanged
from services.export_worker.links import Link, link_state
from services.export_worker.metrics import ATTEMPTS, EXPORT_SECONDS, INTERNAL_ERRORS, SETTLED, WALK_SECONDS, WALKS
from services.export_worker.pipeline.corridor import Corridor, Passage
from services.export_worker.pipeline.house import House
from shared.database import DATABASE_ERRORS, is_passing
from shared.ledger.entries import AttemptClosed, EntryBody, Finding, Held
from shared.ledger.versions import WrittenByNewer
from shared.ledger.words import Closing, Reason, Status
from shared.procore.errors import ProcoreUnauthorized, ProcoreUnavailable
from shared.statements import at_once
from shared.telemetry import trace_context, tracer

POLL_SECONDS = 1.0
MOST_RENEWALS = 30
NEXT_TRY_WAIT = timedelta(minutes=1)  # until we may log in again, or a worker of the newer version took it
UNSERVED_CONCURRENCY = 4
# A step takes up to nine requests, log-in included: so many walks at once leave each a turn every four seconds.
REQUESTS_FOR_A_WALK = 15
# Exported, and Procore does not show it any more; nobody serves its company. Neither comes right without a person.
NEEDS_SOMEBODY = frozenset({(Keep, 4), (Defer, 11)})

ABANDONING: tuple[type[Exception], ...] = (*DATABASE_ERRORS, LeaseLost, VersionChanged, WrittenByNewer)

log = structlog.get_logger("export_worker.clock")


class Lane:
    """One connection's due exports, as many at once as the connection allows; one while its ERP fails.

    `lease`: how long an export stays claimed after its worker crashed; a walk that takes longer renews it.
    """

    def __init__(self, house: House, name: str, link: Link | None, *, lease: timedelta) -> None:
        self.name = name
        self._house = house
        self._lease = lease
        self._link = link
        self._corridor = Corridor(house, link)
        self._most = walks_at_once(link) if link else UNSERVED_CONCURRENCY
        self._walks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled; then the walks under way are left to `drain`."""
        while True:
            self._wake.clear()
            free = 0
            try:
                free = await self._allowed() - len(self._walks)
                claims = await self._claim(free) if free > 0 else ()
            except DATABASE_ERRORS as error:
                log.warning("claims.failed", connection=self.name, why=type(error).__name__)
                claims = ()
            for claim in claims:
                walk = asyncio.create_task(self._walk(claim))
                self._walks.add(walk)
                walk.add_done_callback(self._ended)
            if not claims or free == len(claims):
                await self._wait()

    async def drain(self, seconds: float) -> None:
        """Let the walks under way end; what takes longer is left to its lease, as after a crash."""
        if not self._walks:
            return
        _, late = await asyncio.wait(self._walks, timeout=seconds)
        if late:
            log.warning("walks.abandoned", connection=self.name, walks=len(late))
        for walk in late:
            walk.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _allowed(self) -> int:
        """How many walks may run."""
        async with at_once(self._house.sessions) as session:
            state = await link_state(session, self.name)
        return 1 if state.circuit.failures else self._most

    async def _claim(self, free: int) -> tuple[Claim, ...]:
        return tuple(await self._house.writer.claim(self.name, most=free, lease=self._lease))

    async def _wait(self) -> None:
        # Not wait_for: Python 3.11's loses a cancellation that comes together with the wake-up.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._wake.wait()

    def _ended(self, walk: asyncio.Task[None]) -> None:
        self._walks.discard(walk)
        self._wake.set()

    async def _walk(self, claim: Claim) -> None:
        renewing = asyncio.create_task(self._renew(claim))
        try:
            await self._walk_claimed(claim)
        finally:
            renewing.cancel()

    async def _renew(self, claim: Claim) -> None:
        """A walk whose Procore or ERP is slow keeps its claim; one that hangs loses it in the end."""
        for _ in range(MOST_RENEWALS):
            await asyncio.sleep(self._lease.total_seconds() / 3)
            try:
                if not await self._house.writer.renew(claim, lease=self._lease):
                    return
            except DATABASE_ERRORS as error:
                log.warning("lease.not_renewed", export=claim.export_id, why=type(error).__name__)

    async def _walk_claimed(self, claim: Claim) -> None:
        """One walk with its line in the log; whatever goes wrong ends here and nowhere else."""
        headers = [("traceparent", claim.trace.encode())] if claim.trace else []
        started = time.perf_counter()
        with tracer().start_as_current_span("export.advance", context=trace_context(headers)) as span:
            span.set_attribute("export.id", claim.export_id)
            try:
                passage = await self._corridor.advance(claim)
                self._tell(claim, passage, time.perf_counter() - started)
                await self._house.writer.release(claim, due_at=passage.due_at)
                await _woken(self._house, claim.export_id)
            except ProcoreUnavailable as error:
                await self._put_off(claim, error.retry_at, str(error))
            except (ProcoreUnauthorized, WrittenByNewer) as error:
                await self._put_off(claim, timekeeping.now() + NEXT_TRY_WAIT, str(error))
            except LeaseLost:
                await self._answer_late(claim)
            except Exception as error:
                if is_passing(error):
                    log.warning("export.interrupted", export=claim.export_id, why=type(error).__name__)
                    return
                # A fault of ours: this export is held for a person, the others go on.
                trace_id = _trace_id(span)
                log.exception("export.broken", export=claim.export_id, connection=self.name, trace_id=trace_id)
                await self._hold_for_fault(claim, trace_id)

    def _tell(self, claim: Claim, passage: Passage, seconds: float) -> None:
        decision, state = passage.decision, passage.state
        name = type(decision).__name__.lower()
        WALKS.labels(name, str(decision.row)).inc()
        WALK_SECONDS.observe(seconds)
        reasons = [reason.value for reason in state.reasons]
        SETTLED.labels(state.status.value, reasons[0] if reasons else "").inc()
        if passage.closing:
            ATTEMPTS.labels(self.name, passage.closing.value).inc()
        if passage.closing is Closing.DONE and state.approval and state.since:
            EXPORT_SECONDS.observe((state.since - state.approval.seen_at).total_seconds())
        log.log(
            logging.WARNING if (type(decision), decision.row) in NEEDS_SOMEBODY else logging.INFO,
            "export.advanced",
            export=claim.export_id,
            connection=self.name,
            reference=state.attempt.reference if state.attempt else None,
            invoice=state.look.invoice_number if state.look else None,
            decision=name,
            row=decision.row,
            status=state.status.value,
            reasons=reasons,
            erp_number=state.standing.number if state.standing else None,
            due_at=passage.due_at.isoformat() if passage.due_at else None,
            version=state.version,
            ms=round(seconds * 1000),
        )

    async def _put_off(self, claim: Claim, until: datetime, why: str) -> None:
        """Nothing was seen, so nothing is decided and nothing is written but when to look again."""
        log.info("export.postponed", export=claim.export_id, connection=self.name, until=until.isoformat(), why=why)
        await self._guard(claim, self._house.writer.release(claim, due_at=until))

    async def _answer_late(self, claim: Claim) -> None:
        log.warning("lease.lost", export=claim.export_id, connection=self.name, token=claim.fencing_token)
        answer = "an answer of the ERP, or a decision, came after the lease was over"
        await self._guard(claim, self._house.writer.record_late_answer(claim, answer, now=timekeeping.now()))

    async def _hold_for_fault(self, claim: Claim, trace_id: str) -> None:
        INTERNAL_ERRORS.labels(self.name).inc()
        await self._guard(claim, self._record_fault(claim, trace_id))

    async def _record_fault(self, claim: Claim, trace_id: str) -> None:
        writer, now = self._house.writer, timekeeping.now()
        export = await writer.load(claim.export_id)
        finding = Finding(reason=Reason.INTERNAL_ERROR, detail=f"trace {trace_id}")
        body = _fault(export, finding)
        if body is not None:
            await writer.append(claim, [body], now=now, expected_version=export.state.version)
        if isinstance(body, AttemptClosed):
            ATTEMPTS.labels(self.name, body.closing.value).inc()
        await writer.release(claim, due_at=None)
        await self._house.book.broke(self.name)

    async def _guard(self, claim: Claim, action: Coroutine[Any, Any, None]) -> None:
        """Cleaning up may fail too; then the lease runs out and the clock comes back."""
        try:
            await action
        except ABANDONING as error:
            log.warning("claim.abandoned", export=claim.export_id, why=type(error).__name__)


def walks_at_once(link: Link) -> int:
    """As the connection says, and no more than its rate lets end their steps within a call's time."""
    return max(1, min(link.connection.concurrency, link.pace.per_minute // REQUESTS_FOR_A_WALK))


async def wake_successors(house: House, lanes: Callable[[], None]) -> None:
    """Every second: what waited for its predecessor."""
    while True:
        if await _woken(house):
            lanes()
        await asyncio.sleep(POLL_SECONDS)


async def _woken(house: House, of: int | None = None) -> int:
    """How many there were; of one export's, or of all. Who is not asked now is found a second later."""
    try:
        return await house.writer.wake_successors(of)
    except DATABASE_ERRORS as error:
        log.warning("successors.not_asked", why=type(error).__name__)
        return 0


def _trace_id(span: Span) -> str:
    """Where nothing is traced and no event began a trace, one at random: the log and the ledger name the same."""
    trace_id = span.get_span_context().trace_id
    return format_trace_id(trace_id) if trace_id else secrets.token_hex(16)


def _fault(export: Export, finding: Finding) -> EntryBody | None:
    """Exporting: the attempt closes with its outcome left open. Otherwise the export is held."""
    match export.state.status:
        case Status.EXPORTING:
            return AttemptClosed(closing=Closing.INTERNAL_ERROR, finding=finding)
        case Status.NONE:
            return None
        case _:
            return Held(findings=(finding,))
