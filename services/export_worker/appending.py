"""The one place that inserts entries and folds them into the current row; and how a look becomes due."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, update

from services.export_worker.exports import Export, ExportKey
from shared.ledger.chain import entry_hash, genesis
from shared.ledger.changes import Channel, tell
from shared.ledger.entries import EntryBody, body_to_json
from shared.ledger.fold import apply
from shared.ledger.row import row_of
from shared.ledger.state import State, state_from_json
from shared.ledger.tables import entries, exports, work
from shared.statements import Session, Statement

ROW = (
    exports.c.id,
    exports.c.connection,
    exports.c.company_id,
    exports.c.project_id,
    exports.c.payment_application_id,
    exports.c.version,
    exports.c.state,
)


async def append_entries(session: Session, row: Any, bodies: Sequence[EntryBody], now: datetime) -> State:
    """Insert the entries of one export, chained, and make its current row their fold."""
    [state] = await append_to_each(session, [(row, bodies)], now)
    return state


async def append_to_each(
    session: Session, appended: Iterable[tuple[Any, Sequence[EntryBody]]], now: datetime
) -> list[State]:
    """The same for many exports, in as many statements as for one; each is locked by now. Their states, in order."""
    chains = [_chained(row, bodies, now) for row, bodies in appended]
    longer = [chain for chain in chains if chain.lines]
    if longer:
        await _INSERT.run_each(session, (line for chain in longer for line in chain.lines))
        await _FOLD.run_each(session, map(_folded, longer))
        await tell(session, Channel.LEDGER_CHANGED, *(str(chain.export_id) for chain in longer))
    return [chain.state for chain in chains]


@dataclass(frozen=True)
class Chain:
    """New entries of one export as rows, the state that they lead to, and the newest hash."""

    export_id: int
    lines: Sequence[Mapping[str, Any]]
    state: State
    newest: bytes


def _chained(row: Any, bodies: Sequence[EntryBody], now: datetime) -> Chain:
    state = state_from_json(row.state)
    newest = row.last_hash or genesis(row.id, row.company_id, row.payment_application_id)
    lines = []
    for body in bodies:
        before, state = state.status, apply(state, body, now)
        stored = body_to_json(body)
        hashed = entry_hash(newest, seq=state.version, kind=body.kind.value, at=now, body=stored)
        lines.append(
            {
                "export_id": row.id,
                "seq": state.version,
                "kind": body.kind.value,
                "at": now,
                "body": stored,
                "status_before": before.value,
                "status": state.status.value,
                "previous_hash": newest,
                "hash": hashed,
            }
        )
        newest = hashed
    return Chain(row.id, lines, state, newest)


def _folded(chain: Chain) -> dict[str, Any]:
    return {**row_of(chain.state), "last_hash": chain.newest, "b_export_id": chain.export_id}


async def make_due(session: Session, looks: Sequence[tuple[int, int, str | None]]) -> None:
    """A look is due at once for these exports (id, priority, W3C traceparent); whoever waits for work is told."""
    if not looks:
        return
    names = ("b_export_id", "b_priority", "b_trace")
    await _MAKE_DUE.run_each(session, (dict(zip(names, look, strict=True)) for look in looks))
    await tell(session, Channel.WORK_DUE)


async def make_due_next(session: Session, export_id: int) -> None:
    """As `make_due`, but who walks the export now need not stop for it: it is walked again right afterwards.

    The clock's time and not the transaction's: later than the claim under which it is walked (see `release`).
    """
    await _MAKE_DUE_NEXT.run(session, b_export_id=export_id)
    await tell(session, Channel.WORK_DUE)


def export_of(row: Any) -> Export:
    key = ExportKey(row.connection, row.company_id, row.project_id, row.payment_application_id)
    return Export(row.id, key, state_from_json(row.state))


_INSERT = Statement(insert(entries))
# The other columns come from the parameters: all that the fold decides.
_FOLD = Statement(
    update(exports).where(exports.c.id == bindparam("b_export_id")).values(changed_at=func.clock_timestamp())
)
_DUE = update(work).where(work.c.export_id == bindparam("b_export_id"))
_MAKE_DUE = Statement(
    _DUE.values(
        due_at=func.now(),
        look_due=True,
        priority=func.least(work.c.priority, bindparam("b_priority")),
        trace=func.coalesce(bindparam("b_trace"), work.c.trace),
    )
)
_MAKE_DUE_NEXT = Statement(_DUE.values(due_at=func.clock_timestamp(), priority=0))
