"""The only writer of the ledger. Each method is one transaction, and none spans a foreign call."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Interval, bindparam, func, select, update

from services.export_worker.appending import ROW, append_entries, export_of, make_due
from services.export_worker.exports import Claim, Export, LeaseLost, VersionChanged
from shared.ledger.entries import EntryBody, LateAnswer
from shared.ledger.state import State
from shared.ledger.tables import exports, work
from shared.statements import Session, Sessions, Statement, at_once, transaction

Bodies = Sequence[EntryBody] | Callable[[Session], Awaitable[Sequence[EntryBody]]]


class LedgerWriter:
    """Appends entries, keeps the current row their fold, and hands out claims."""

    def __init__(self, sessions: Sessions, worker: str) -> None:
        self.worker = worker
        self._sessions = sessions

    async def claim(self, connection_name: str, *, most: int, lease: timedelta) -> Sequence[Claim]:
        """Take up to `most` due exports of a connection that nobody else holds."""
        claiming = {"connection": connection_name, "most": most, "lease": lease, "worker": self.worker}
        async with at_once(self._sessions) as session:
            return [Claim(*row) for row in await _CLAIM.rows(session, **claiming)]

    async def load(self, export_id: int) -> Export:
        """The export as it stands now."""
        async with at_once(self._sessions) as session:
            return export_of(await _LOAD.row(session, b_export_id=export_id))

    async def database_time(self) -> datetime:
        """Now, by the clock that leases and the starts of calls are kept by."""
        async with at_once(self._sessions) as session:
            now: datetime = await _NOW.value(session)
        return now

    async def lease_until(self, export_id: int) -> datetime | None:
        """Until when somebody holds the export's claim."""
        async with at_once(self._sessions) as session:
            until: datetime | None = await _LEASE_UNTIL.value(session, b_export_id=export_id)
        return until

    async def append(
        self, claim: Claim, bodies: Bodies, *, now: datetime, expected_version: int | None = None
    ) -> State:
        """Append under the claim. Raises LeaseLost, VersionChanged, ImpossibleTransition."""
        async with transaction(self._sessions) as session:
            row = await _LOCK_CLAIMED.row(session, **_claimed(claim))
            if row is None:
                raise LeaseLost
            if expected_version is not None and row.version != expected_version:
                raise VersionChanged
            made = bodies if isinstance(bodies, Sequence) else await bodies(session)
            return await append_entries(session, row, made, now)

    async def begin_call(self, claim: Claim, *, time_limit: timedelta) -> tuple[datetime, bool]:
        """Commit that a call which may change the ERP starts now; the lease outlasts it.

        Returns the start (database time) and whether a look became due meanwhile. Raises LeaseLost.
        """
        async with at_once(self._sessions) as session:
            row = await _BEGIN_CALL.row(session, **_claimed(claim), b_lease=time_limit)
        if row is None:
            raise LeaseLost
        return row.call_started_at, row.look_due

    async def renew(self, claim: Claim, *, lease: timedelta) -> bool:
        """Keep the claim for at least `lease` from now; False when it is lost already."""
        async with at_once(self._sessions) as session:
            return await _RENEW.run(session, **_claimed(claim), b_lease=lease) == 1

    async def release(self, claim: Claim, *, due_at: datetime | None) -> None:
        """Give the claim back. What became due since the claim is due at once."""
        async with at_once(self._sessions) as session:
            await _RELEASE.run(session, **_claimed(claim), due_at=due_at)

    async def record_late_answer(self, claim: Claim, answer: str, *, now: datetime) -> None:
        """Keep what came back after the lease was lost, and look again."""
        body = LateAnswer(fencing_token=claim.fencing_token, answer=answer)
        async with transaction(self._sessions) as session:
            row = await _LOCK.row(session, b_export_id=claim.export_id)
            await append_entries(session, row, [body], now)
            await make_due(session, [(claim.export_id, 0, None)])

    async def wake_successors(self, of: int | None = None) -> int:
        """Make due what waits for an invoice that changed since (law 7: found by query, so no crash can lose it).

        `of` names one export; without it all are asked.
        """
        async with at_once(self._sessions) as session:
            return await _WAKE_SUCCESSORS.run(session, of=of)


def _claimed(claim: Claim) -> dict[str, Any]:
    return {"b_export_id": claim.export_id, "b_fencing_token": claim.fencing_token}


_IS_HELD = (
    (work.c.export_id == bindparam("b_export_id"))
    & (work.c.fencing_token == bindparam("b_fencing_token"))
    & (work.c.lease_until > func.now())
)
_LEASED = func.now() + bindparam("b_lease", type_=Interval)
_ROW = select(*ROW).where(exports.c.id == bindparam("b_export_id"))
_LOAD = Statement(_ROW)
_LOCK = Statement(_ROW.add_columns(exports.c.last_hash).with_for_update())
_LOCK_CLAIMED = Statement(
    select(*ROW, exports.c.last_hash).join(work, work.c.export_id == exports.c.id).where(_IS_HELD).with_for_update()
)
_NOW = Statement(select(func.clock_timestamp()))
_LEASE_UNTIL = Statement(select(work.c.lease_until).where(work.c.export_id == bindparam("b_export_id")))
_BEGIN_CALL = Statement(
    update(work)
    .where(_IS_HELD)
    .values(call_started_at=func.now(), lease_until=_LEASED)
    .returning(work.c.call_started_at, work.c.look_due)
)
_RENEW = Statement(update(work).where(_IS_HELD).values(lease_until=func.greatest(work.c.lease_until, _LEASED)))

_CLAIM = Statement(
    """
    WITH due AS (
        SELECT export_id, lease_until FROM work
        WHERE connection = :connection AND due_at <= now() AND (lease_until IS NULL OR lease_until < now())
        ORDER BY priority, due_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    UPDATE work SET lease_until = now() + CAST(:lease AS interval), fencing_token = work.fencing_token + 1,
        worker = :worker, look_due = false, claimed_at = now()
    FROM due WHERE work.export_id = due.export_id
    RETURNING work.export_id, work.fencing_token, work.call_started_at, due.lease_until, work.trace
    """
)

_RELEASE = Statement(
    """
    UPDATE work SET lease_until = NULL, worker = NULL, priority = 1,
        due_at = CASE WHEN look_due OR due_at > claimed_at THEN now() ELSE CAST(:due_at AS timestamptz) END
    WHERE export_id = :b_export_id AND fencing_token = :b_fencing_token
    """
)

# A second of slack, because a transaction that changed the predecessor may commit after this walk had read it.
_WAKE_SUCCESSORS = Statement(
    """
    UPDATE work SET due_at = now()
    FROM exports waiting JOIN exports before
        ON before.company_id = waiting.company_id AND before.payment_application_id = waiting.waits_for
        AND before.connection = waiting.connection
    WHERE waiting.waits_for IS NOT NULL AND work.export_id = waiting.id
        AND work.lease_until IS NULL AND work.due_at > now()
        AND before.changed_at > work.claimed_at - interval '1 second'
        AND (CAST(:of AS bigint) IS NULL OR before.id = CAST(:of AS bigint))
    """
)
