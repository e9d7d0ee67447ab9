"""The one place that inserts entries and folds them into the current row; and how a look becomes due."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.export_worker.exports import Export, ExportKey
from shared.ledger.chain import entry_hash, genesis
from shared.ledger.changes import Channel, tell
from shared.ledger.entries import EntryBody, body_to_json
from shared.ledger.fold import apply
from shared.ledger.row import row_of
from shared.ledger.state import State
from shared.ledger.tables import entries, exports, work

ROW = (
    exports.c.id,
    exports.c.connection,
    exports.c.company_id,
    exports.c.project_id,
    exports.c.payment_application_id,
    exports.c.version,
    exports.c.state,
)


async def append_entries(connection: AsyncConnection, row: Any, bodies: Sequence[EntryBody], now: datetime) -> State:
    """Insert the entries, chained, and make the current row their fold."""
    state = State.model_validate(row.state)
    previous = row.last_hash or genesis(row.id, row.company_id, row.payment_application_id)
    lines = []
    for body in bodies:
        before, state = state.status, apply(state, body, now)
        stored = body_to_json(body)
        hashed = entry_hash(previous, seq=state.version, kind=body.kind.value, at=now, body=stored)
        lines.append(
            {
                "export_id": row.id,
                "seq": state.version,
                "kind": body.kind.value,
                "at": now,
                "body": stored,
                "status_before": before.value,
                "status": state.status.value,
                "previous_hash": previous,
                "hash": hashed,
            }
        )
        previous = hashed
    if lines:
        await connection.execute(insert(entries), lines)
        folded = row_of(state) | {"last_hash": previous, "changed_at": func.clock_timestamp()}
        await connection.execute(update(exports).where(exports.c.id == row.id).values(**folded))
        await tell(connection, Channel.LEDGER_CHANGED, str(row.id))
    return state


async def make_due(connection: AsyncConnection, looks: Sequence[tuple[int, int, str | None]]) -> None:
    """A look is due at once for these exports (id, priority, W3C traceparent); whoever waits for work is told."""
    if not looks:
        return
    names = ("b_export_id", "b_priority", "b_trace")
    await connection.execute(_MAKE_DUE, [dict(zip(names, look, strict=True)) for look in looks])
    await tell(connection, Channel.WORK_DUE)


async def make_due_next(connection: AsyncConnection, export_id: int) -> None:
    """As `make_due`, but who walks the export now need not stop for it: it is walked again right afterwards.

    The clock's time and not the transaction's: later than the claim under which it is walked (see `release`).
    """
    due = {"due_at": func.clock_timestamp(), "priority": 0}
    await connection.execute(update(work).where(work.c.export_id == export_id).values(**due))
    await tell(connection, Channel.WORK_DUE)


def export_of(row: Any) -> Export:
    key = ExportKey(row.connection, row.company_id, row.project_id, row.payment_application_id)
    return Export(row.id, key, State.model_validate(row.state))


_MAKE_DUE = (
    update(work)
    .where(work.c.export_id == bindparam("b_export_id"))
    .values(
        due_at=func.now(),
        look_due=True,
        priority=func.least(work.c.priority, bindparam("b_priority")),
        trace=func.coalesce(bindparam("b_trace"), work.c.trace),
    )
)
