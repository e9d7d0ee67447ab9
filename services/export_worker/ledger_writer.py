"""The only writer of the ledger. Each method is one transaction, and none spans a foreign call."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Interval, bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.export_worker.appending import ROW, append_entries, export_of, make_due
from services.export_worker.counts import carried_over
from services.export_worker.exports import Claim, Export, LeaseLost, VersionChanged
from shared.database import at_once
from shared.ledger.entries import EntryBody, LateAnswer
from shared.ledger.state import State
from shared.ledger.tables import exports, work

Bodies = Sequence[EntryBody] | Callable[[AsyncConnection], Awaitable[Sequence[EntryBody]]]


class LedgerWriter:
    """Appends entries, keeps the current row their fold, and hands out claims."""

    def __init__(self, engine: AsyncEngine, worker: str) -> None:
        self.engine = engine
        self.worker = worker
        self._at_once = at_once(engine)

    async def claim(self, connection_name: str, *, most: int, lease: timedelta) -> Sequence[Claim]:
        """Take up to `most` due exports of a connection that nobody else holds."""
        async with self._at_once.connect() as connection:
            rows = await connection.execute(
                _CLAIM,
                {"connection": connection_name, "most": most, "lease": lease, "worker": self.worker},
            )
            return [Claim(*row) for row in rows]

    async def load(self, export_id: int) -> Export:
        """The export as it stands now."""
        async with self._at_once.connect() as connection:
            row = (await connection.execute(_LOAD, {"b_export_id": export_id})).one()
        return export_of(row)

    async def database_time(self) -> datetime:
        """Now, by the clock that leases and the starts of calls are kept by."""
        async with self._at_once.connect() as connection:
            now: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
        return now

    async def lease_until(self, export_id: int) -> datetime | None:
        """Until when somebody holds the export's claim."""
        async with self._at_once.connect() as connection:
            asked = select(work.c.lease_until).where(work.c.export_id == export_id)
            until: datetime | None = (await connection.execute(asked)).scalar()
        return until

    async def append(
        self, claim: Claim, bodies: Bodies, *, now: datetime, expected_version: int | None = None
    ) -> State:
        """Append under the claim. Raises LeaseLost, VersionChanged, ImpossibleTransition."""
        async with self.engine.begin() as connection:
            row = await _locked(connection, claim)
            if expected_version is not None and row.version != expected_version:
                raise VersionChanged
            made = bodies if isinstance(bodies, Sequence) else await bodies(connection)
            return await append_entries(connection, row, made, now)

    async def begin_call(self, claim: Claim, *, time_limit: timedelta) -> tuple[datetime, bool]:
        """Commit that a call which may change the ERP starts now; the lease outlasts it.

        Returns the start (database time) and whether a look became due meanwhile. Raises LeaseLost.
        """
        async with self._at_once.connect() as connection:
            row = (await connection.execute(_BEGIN_CALL, {**_claimed(claim), "b_lease": time_limit})).one_or_none()
        if row is None:
            raise LeaseLost
        return row.call_started_at, row.look_due

    async def renew(self, claim: Claim, *, lease: timedelta) -> bool:
        """Keep the claim for at least `lease` from now; False when it is lost already."""
        async with self._at_once.connect() as connection:
            kept = await connection.execute(_RENEW, {**_claimed(claim), "b_lease": lease})
        return kept.rowcount == 1

    async def release(self, claim: Claim, *, due_at: datetime | None) -> None:
        """Give the claim back. What became due since the claim is due at once."""
        async with self._at_once.connect() as connection:
            await connection.execute(_RELEASE, {**_claimed(claim), "due_at": due_at})

    async def record_late_answer(self, claim: Claim, answer: str, *, now: datetime) -> None:
        """Keep what came back after the lease was lost, and look again."""
        async with self.engine.begin() as connection:
            row = (
                await connection.execute(
                    select(*ROW, exports.c.last_hash).where(exports.c.id == claim.export_id).with_for_update()
                )
            ).one()
            body = LateAnswer(fencing_token=claim.fencing_token, answer=answer)
            await append_entries(connection, row, [body], now)
            await make_due(connection, [(claim.export_id, 0, None)])

    async def wake_successors(self, of: int | None = None) -> int:
        """Make due what waits for an invoice that changed since (law 7: found by query, so no crash can lose it).

        `of` names one export; without it all are asked.
        """
        async with self._at_once.connect() as connection:
            woken = await connection.execute(_WAKE_SUCCESSORS, {"of": of})
        return woken.rowcount

    async def unserved(self) -> Sequence[Export]:
        """Exports that no connection served when they arrived."""
        async with self._at_once.connect() as connection:
            rows = await connection.execute(select(*ROW).where(exports.c.connection == ""))
            return [export_of(row) for row in rows]

    async def adopt(self, export_id: int, connection_name: str) -> bool:
        """Give an export that no connection served to `connection_name`. False when that one has its own."""
        async with self.engine.begin() as connection, carried_over(connection, export_id):
            taken = await connection.execute(_ADOPT, {"export_id": export_id, "connection": connection_name})
            await connection.execute(_ADOPT_WORK, {"export_id": export_id, "connection": connection_name})
        return taken.rowcount == 1


async def _locked(connection: AsyncConnection, claim: Claim) -> Any:
    row = (await connection.execute(_LOCK, _claimed(claim))).one_or_none()
    if row is None:
        raise LeaseLost
    return row


def _claimed(claim: Claim) -> dict[str, Any]:
    return {"b_export_id": claim.export_id, "b_fencing_token": claim.fencing_token}


# Built once, as is all that each export asks: a statement that stays remembers under which key it was compiled.
_IS_HELD = (
    (work.c.export_id == bindparam("b_export_id"))
    & (work.c.fencing_token == bindparam("b_fencing_token"))
    & (work.c.lease_until > func.now())
)
_LEASED = func.now() + bindparam("b_lease", type_=Interval)
_LOAD = select(*ROW).where(exports.c.id == bindparam("b_export_id"))
_LOCK = select(*ROW, exports.c.last_hash).join(work, work.c.export_id == exports.c.id).where(_IS_HELD).with_for_update()
_BEGIN_CALL = (
    update(work)
    .where(_IS_HELD)
    .values(call_started_at=func.now(), lease_until=_LEASED)
    .returning(work.c.call_started_at, work.c.look_due)
)
_RENEW = update(work).where(_IS_HELD).values(lease_until=func.greatest(work.c.lease_until, _LEASED))

_CLAIM = text(
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

_RELEASE = text(
    """
    UPDATE work SET lease_until = NULL, worker = NULL, priority = 1,
        due_at = CASE WHEN look_due OR due_at > claimed_at THEN now() ELSE CAST(:due_at AS timestamptz) END
    WHERE export_id = :b_export_id AND fencing_token = :b_fencing_token
    """
)

# A second of slack, because a transaction that changed the predecessor may commit after this walk had read it.
_WAKE_SUCCESSORS = text(
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

_ADOPT = text(
    """
    UPDATE exports SET connection = :connection WHERE id = :export_id AND connection = '' AND NOT EXISTS (
        SELECT FROM exports other WHERE other.connection = :connection
        AND other.company_id = exports.company_id
        AND other.payment_application_id = exports.payment_application_id)
    """
)

_ADOPT_WORK = text(
    """
    UPDATE work SET connection = exports.connection, due_at = now() FROM exports
    WHERE work.export_id = :export_id AND exports.id = work.export_id
    """
)
