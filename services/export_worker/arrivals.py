"""What comes from outside, into the ledger: facts are always recorded, and make a look due."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.export_worker.appending import ROW, append_entries, append_to_each, make_due
from services.export_worker.exports import Arrival, ExportKey, VersionChanged
from shared.ledger.entries import EntryBody, Finding, Received, TieOutFound
from shared.ledger.state import EMPTY
from shared.ledger.tables import entries, exports, work
from shared.ledger.words import EntryKind


async def receive(connection: AsyncConnection, arrivals: Iterable[Arrival], now: datetime) -> dict[ExportKey, int]:
    """Append what arrived, opening exports that are new, in the caller's transaction. A look becomes due.

    Locks in the order of the exports' ids, so that two workers never wait for each other in a circle.
    """
    by_key: dict[ExportKey, Arrival] = {}
    for arrival in arrivals:
        known = by_key.get(arrival.key)
        bodies = (*known.bodies, *arrival.bodies) if known else arrival.bodies
        priority = min(known.priority, arrival.priority) if known else arrival.priority
        by_key[arrival.key] = Arrival(arrival.key, bodies, priority, arrival.trace)
    rows = await _opened(connection, list(by_key), now)
    told = await _known_events(connection, [row.id for row in rows.values()])
    appended = [
        (row, [body for body in by_key[key].bodies if (row.id, _event_id(body)) not in told])
        for key, row in rows.items()
    ]
    await append_to_each(connection, appended, now)
    await make_due(connection, [(row.id, by_key[key].priority, by_key[key].trace) for key, row in rows.items()])
    return {key: row.id for key, row in rows.items()}


async def doubt(connection: AsyncConnection, export_id: int, version: int, finding: Finding, now: datetime) -> bool:
    """Append what a tie-out saw, in the caller's transaction; a look becomes due.

    False, and nothing appended, when somebody appended since `version` was read: the next tie-out looks again.
    """
    locked = select(*ROW, exports.c.last_hash).where(exports.c.id == export_id).with_for_update()
    row = (await connection.execute(locked)).one()
    if row.version != version:
        return False
    await append_entries(connection, row, [TieOutFound(finding=finding)], now)
    await make_due(connection, [(export_id, 1, None)])
    return True


async def _found(connection: AsyncConnection, keys: Sequence[ExportKey]) -> dict[ExportKey, int]:
    """The ids of those that are there, whether or not a connection has taken them yet."""
    invoice = tuple_(exports.c.company_id, exports.c.payment_application_id)
    statement = select(exports.c.id, exports.c.connection, exports.c.company_id, exports.c.payment_application_id)
    asked = statement.where(invoice.in_([(key.company_id, key.payment_application_id) for key in keys]))
    ids = {
        (row.company_id, row.payment_application_id, row.connection): row.id for row in await connection.execute(asked)
    }
    found = {}
    for key in keys:
        named = (key.company_id, key.payment_application_id)
        export_id = ids.get((*named, key.connection)) or ids.get((*named, ""))
        if export_id is not None:
            found[key] = export_id
    return found


async def _known_events(connection: AsyncConnection, export_ids: list[int]) -> set[tuple[int, str | None]]:
    """An event may come twice, by webhook and by Procore's delivery list. The rows are locked by now."""
    event_id = entries.c.body["event_id"].astext
    statement = select(entries.c.export_id, event_id).where(
        entries.c.export_id.in_(export_ids), entries.c.kind == EntryKind.RECEIVED.value
    )
    return {(row[0], row[1]) for row in await connection.execute(statement)}


def _event_id(body: EntryBody) -> str | None:
    return body.event_id if isinstance(body, Received) else None


async def _opened(connection: AsyncConnection, keys: Sequence[ExportKey], now: datetime) -> dict[ExportKey, Any]:
    """Existing rows locked, missing ones made. An export that waits for a connection is found by any."""
    ids = await _found(connection, keys)
    missing = [key for key in keys if key not in ids]
    if missing:
        await _open(connection, missing, now)
        ids |= await _found(connection, missing)
        if any(key not in ids for key in missing):
            raise VersionChanged
    statement = (
        select(*ROW, exports.c.last_hash)
        .join(work, work.c.export_id == exports.c.id)
        .where(exports.c.id.in_(set(ids.values())))
        .order_by(exports.c.id)
        .with_for_update()
    )
    locked = {row.id: row for row in await connection.execute(statement)}
    return {key: locked[export_id] for key, export_id in ids.items()}


async def _open(connection: AsyncConnection, keys: Iterable[ExportKey], now: datetime) -> None:
    """New exports without entries, where somebody else was not quicker; in one order, whoever makes them."""
    empty = {
        "status": EMPTY.status.value,
        "since": now,
        "version": 0,
        "opened_at": now,
        "changed_at": now,
        "last_hash": b"",
        "state": EMPTY.model_dump(mode="json"),
    }
    made = upsert(exports).on_conflict_do_nothing().returning(exports.c.id, exports.c.connection)
    rows = [vars(key) | empty for key in sorted(keys, key=_place)]
    opened = (await connection.execute(made, rows)).all()
    if opened:
        working = [{"export_id": row.id, "connection": row.connection} for row in opened]
        await connection.execute(upsert(work).on_conflict_do_nothing(), working)


def _place(key: ExportKey) -> tuple[str, str, str]:
    return key.company_id, key.payment_application_id, key.connection
