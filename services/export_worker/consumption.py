"""From Kafka into the ledger: one transaction a batch, then the offsets. Never waits for Procore or an ERP.

A record that is not ours is kept with its reason and never stops those behind it.
"""

import contextlib
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import structlog
from pydantic import SecretStr
from sqlalchemy import Boolean, bindparam, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.export_worker import timekeeping
from services.export_worker.appending import make_due, make_due_next
from services.export_worker.arrivals import receive
from services.export_worker.exports import Arrival, ExportKey
from services.export_worker.metrics import EVENTS
from services.export_worker.records import Reading, event_row, merged, read_record, received
from shared.connections.catalog import Catalog
from shared.database import is_passing
from shared.events.command import Action, Command
from shared.events.webhook_event import WebhookEvent
from shared.kafka.consumer import Batch, Record
from shared.ledger.changes import Channel, tell
from shared.ledger.tables import commands, events, exports
from shared.ledger.versions import WrittenByNewer

POSTPONED = "postponed"

log = structlog.get_logger("export_worker.consumption")


class Consumption:
    """Understands batches and stores them."""

    def __init__(self, engine: AsyncEngine, catalog: Catalog, signing_key: SecretStr) -> None:
        self._engine = engine
        self._catalog = catalog
        self._signing_key = signing_key

    async def store(self, batch: Batch) -> None:
        """All of the batch. Raises what a database that is away raises; then the batch comes again.

        A record that can never be stored is set aside with its reason, one of an export that a newer version wrote is
        postponed, and those beside it are stored.
        """
        try:
            await self._store(batch)
        except Exception as error:
            if is_passing(error):
                raise
            if len(batch) > 1:
                for record in batch:
                    await self.store([record])
            elif isinstance(error, WrittenByNewer):
                await self._postpone(batch[0], error)
            else:
                log.exception("record.set_aside", topic=batch[0].topic, offset=batch[0].offset)
                await self._set_aside(batch[0], error)

    async def _set_aside(self, record: Record, error: Exception) -> None:
        reading = Reading(event_row(record, fate="foreign", detail=f"it cannot be stored: {type(error).__name__}"))
        async with self._engine.begin() as connection:
            await _remember(connection, [reading])
        EVENTS.labels("foreign").inc()

    async def _postpone(self, record: Record, newer: WrittenByNewer) -> None:
        log.warning("record.postponed", topic=record.topic, offset=record.offset, why=str(newer))
        reading = read_record(record, self._signing_key)
        told = f"{newer}: a worker of that version takes this event up"
        reading.row |= {"fate": POSTPONED, "detail": told, "raw": record.value}
        async with self._engine.begin() as connection:
            await _remember(connection, [reading])
        EVENTS.labels(POSTPONED).inc()

    async def take_up_postponed(self) -> None:
        """The webhooks that waited for a version that knows what their exports hold: all for which this is one."""
        last: int | None = 0
        while last is not None:
            last = await self._take_up_after(last)

    async def _take_up_after(self, last: int) -> int | None:
        """The next one; its id, or None when there is none. Another worker's is passed over."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(_POSTPONED, {"last": last})).one_or_none()
            if row is None:
                return None
            event = WebhookEvent.from_bytes(row.raw)
            await connection.execute(_ACCEPT, {"b_event_id": event.event_id, "b_raw": event.body.encode()})
            with contextlib.suppress(WrittenByNewer):
                await self._receive(connection, [Reading({"event_id": event.event_id}, event)], timekeeping.now())
                await connection.commit()
                log.info("record.taken_up", event_id=event.event_id)
        return int(row.id)

    async def _store(self, batch: Batch) -> None:
        readings = merged(read_record(record, self._signing_key) for record in batch)
        now = timekeeping.now()
        async with self._engine.begin() as connection:
            fresh = await _remember(connection, readings)
            await self._receive(connection, [reading for reading in readings if reading.row["event_id"] in fresh], now)
        fates = Counter(
            reading.row["fate"] if reading.row["event_id"] in fresh else "duplicate" for reading in readings
        )
        for fate, number in fates.items():
            EVENTS.labels(fate).inc(number)
        log.info("batch.stored", records=len(batch), **fates)

    async def _receive(self, connection: AsyncConnection, readings: list[Reading], now: datetime) -> None:
        arrivals: list[tuple[Reading, Arrival]] = []
        for reading in readings:
            if reading.event is not None:
                arrival = await self._arrival(connection, reading)
                if arrival is not None:
                    arrivals.append((reading, arrival))
        ids = await receive(connection, [arrival for _, arrival in arrivals], now)
        await _tie(connection, {reading.row["event_id"]: ids[arrival.key] for reading, arrival in arrivals})
        for reading in readings:
            if reading.command is not None:
                await _take(connection, reading, reading.command, now)

    async def _arrival(self, connection: AsyncConnection, reading: Reading) -> Arrival | None:
        event = reading.event
        if event is None:
            return None
        project_id = event.project_id or await _known_project(connection, event)
        if project_id is None:
            detail = "without a project id, and the invoice is not known yet: reconciliation finds it"
            await _note(connection, event.event_id, "unplaced", detail)
            return None
        serving = self._catalog.serving(event.company_id, project_id)
        key = ExportKey(serving.name if serving else "", event.company_id, project_id, event.resource_id)
        return Arrival(key, (received(event),), priority=int(event.reason == "create"), trace=reading.trace)


async def _remember(connection: AsyncConnection, readings: list[Reading]) -> set[str]:
    """Insert the events; the ids of those that were not known. The unique index decides, not a question before."""
    if not readings:
        return set()
    rows = await connection.execute(_REMEMBER, [reading.row for reading in readings])
    return {row.event_id for row in rows if row.is_new}


async def _known_project(connection: AsyncConnection, event: WebhookEvent) -> str | None:
    statement = select(exports.c.project_id).where(
        exports.c.company_id == event.company_id, exports.c.payment_application_id == event.resource_id
    )
    found: str | None = (await connection.execute(statement.limit(1))).scalar()
    return found


async def _tie(connection: AsyncConnection, exports_of: Mapping[str, int]) -> None:
    """Events to their exports, by id."""
    if exports_of:
        ties = [{"b_event_id": event_id, "export_id": export_id} for event_id, export_id in exports_of.items()]
        await connection.execute(_TIE, ties)


async def _note(connection: AsyncConnection, event_id: str, fate: str, detail: str) -> None:
    await connection.execute(update(events).where(events.c.event_id == event_id).values(fate=fate, detail=detail))


async def _take(connection: AsyncConnection, reading: Reading, command: Command, now: datetime) -> None:
    """Keep a command until its export's claim is free; one for an unknown export is refused here.

    A dry run makes no look due, so that it never causes a walk. A replay says nothing new of an invoice that is just
    being exported: two people who click at once make one attempt.
    """
    known = await connection.execute(select(func.count()).where(exports.c.id == command.export_id))
    if known.scalar() != 1:
        await _note(connection, reading.row["event_id"], "refused", f"there is no export {command.export_id}")
        return
    statement = upsert(commands).values(
        nonce=command.nonce,
        export_id=command.export_id,
        body=command.model_dump(mode="json", exclude={"signature"}),
        received_at=now,
    )
    await connection.execute(statement.on_conflict_do_nothing())
    await _tie(connection, {reading.row["event_id"]: command.export_id})
    if command.dry_run:
        await tell(connection, Channel.TRIAL_ASKED)
    elif command.action is Action.REPLAY:
        await make_due_next(connection, command.export_id)
    else:
        await make_due(connection, [(command.export_id, 0, None)])


_TOLD = upsert(events)
_REMEMBER = _TOLD.on_conflict_do_update(
    index_elements=["event_id"],
    set_={"deliveries": events.c.deliveries + _TOLD.excluded.deliveries, "position": _TOLD.excluded.position},
    where=events.c.position < _TOLD.excluded.position,
).returning(events.c.event_id, literal_column("(events.xmax = 0)", Boolean).label("is_new"))
_POSTPONED = (
    select(events.c.id, events.c.raw)
    .where(events.c.fate == POSTPONED, events.c.id > bindparam("last"))
    .order_by(events.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_ACCEPT = (
    update(events)
    .where(events.c.event_id == bindparam("b_event_id"))
    .values(fate="accepted", detail=None, raw=bindparam("b_raw"))
)
_TIE = update(events).where(events.c.event_id == bindparam("b_event_id"))
