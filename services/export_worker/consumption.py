"""From Kafka into the ledger: one transaction a batch, then the offsets. Never waits for Procore or an ERP.

A record that is not ours is kept with its reason and never stops those behind it.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import structlog
from pydantic import SecretStr, ValidationError
from sqlalchemy import Boolean, bindparam, func, literal_column, select, tuple_, update
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
from shared.events.notifications import Unreadable, read
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
        reading.row |= {"fate": POSTPONED, "detail": f"{newer}: a worker of that version takes this event up"}
        async with self._engine.begin() as connection:
            await _remember(connection, [reading])
        EVENTS.labels(POSTPONED).inc()

    async def take_up_postponed(self) -> None:
        """The webhooks that waited for a version that knows what their exports hold: all for which this is one."""
        async with self._engine.connect() as connection:
            invoices = await _invoices_postponed(connection)
        for invoice in invoices:
            try:
                async with self._engine.begin() as connection:
                    await self._receive(connection, await _take_up(connection, {invoice}), timekeeping.now())
            except WrittenByNewer:
                continue
            except ValidationError:
                log.exception("record.left_postponed", company_id=invoice[0], resource_id=invoice[1])

    async def _store(self, batch: Batch) -> None:
        readings = merged(read_record(record, self._signing_key) for record in batch)
        now = timekeeping.now()
        async with self._engine.begin() as connection:
            fresh = await _remember(connection, readings)
            news = [reading for reading in readings if reading.row["event_id"] in fresh]
            # Nobody's event overtakes another's of the same invoice: who approved would be taken for somebody else.
            told = {_invoice(each.event) for each in news if each.event}
            earlier = await _take_up(connection, told & await _invoices_postponed(connection))
            await self._receive(connection, [*earlier, *news], now)
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


async def _invoices_postponed(connection: AsyncConnection) -> set[tuple[str, str]]:
    """By company and id: those of which an event waits."""
    return {(row.company_id, row.resource_id) for row in await connection.execute(_INVOICES_POSTPONED)}


async def _take_up(connection: AsyncConnection, invoices: set[tuple[str, str]]) -> list[Reading]:
    """What waits of these invoices, in the order in which it came; it counts as accepted now."""
    if not invoices:
        return []
    rows = (await connection.execute(_TAKE_UP, {"invoices": sorted(invoices)})).all()
    taken_up = []
    for row in sorted(rows, key=lambda row: row.id):
        told = read(row.raw)
        if isinstance(told, Unreadable):
            raise WrittenByNewer(f"a newer version of invoice-export read event {row.event_id}")
        log.info("record.taken_up", event_id=row.event_id)
        taken_up.append(Reading({"event_id": row.event_id}, told.as_event(row.received_at)))
    return taken_up


def _invoice(event: WebhookEvent) -> tuple[str, str]:
    return event.company_id, event.resource_id


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
_INVOICES_POSTPONED = select(events.c.company_id, events.c.resource_id).where(events.c.fate == POSTPONED).distinct()
_TAKE_UP = (
    update(events)
    .where(
        events.c.fate == POSTPONED,
        tuple_(events.c.company_id, events.c.resource_id).in_(bindparam("invoices", expanding=True)),
    )
    .values(fate="accepted", detail=None)
    .returning(events.c.id, events.c.event_id, events.c.raw, events.c.received_at)
)
_TIE = update(events).where(events.c.event_id == bindparam("b_event_id"))
