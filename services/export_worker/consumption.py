"""From Kafka into the ledger: one transaction a batch, then the offsets. Never waits for Procore or an ERP.

A record that is not ours is kept with its reason and never stops those behind it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

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
from shared.connections.catalog import Catalog
from shared.database import is_passing
from shared.events.command import Action, Command
from shared.events.dead_letter import DeadLetter
from shared.events.topics import Topic
from shared.events.webhook_event import InvalidRecord, WebhookEvent
from shared.kafka.consumer import Batch, Record
from shared.ledger.changes import Channel, tell
from shared.ledger.entries import Received
from shared.ledger.tables import commands, events, exports

log = structlog.get_logger("export_worker.consumption")


@dataclass
class Reading:
    """One record understood: the row of the Events page, and what follows from it."""

    row: dict[str, Any]
    event: WebhookEvent | None = None
    command: Command | None = None
    trace: str | None = None


class Consumption:
    """Understands batches and stores them."""

    def __init__(self, engine: AsyncEngine, catalog: Catalog, signing_key: SecretStr) -> None:
        self._engine = engine
        self._catalog = catalog
        self._signing_key = signing_key

    async def store(self, batch: Batch) -> None:
        """All of the batch. Raises what a database that is away raises; then the batch comes again.

        A record that can never be stored is set aside with its reason, and those beside it are stored.
        """
        try:
            await self._store(batch)
        except Exception as error:
            if is_passing(error):
                raise
            if len(batch) > 1:
                for record in batch:
                    await self.store([record])
            else:
                log.exception("record.set_aside", topic=batch[0].topic, offset=batch[0].offset)
                await self._set_aside(batch[0], error)

    async def _set_aside(self, record: Record, error: Exception) -> None:
        reading = Reading(_row(record, fate="foreign", detail=f"it cannot be stored: {type(error).__name__}"))
        async with self._engine.begin() as connection:
            await _remember(connection, [reading])
        EVENTS.labels("foreign").inc()

    async def _store(self, batch: Batch) -> None:
        readings = _merged(self._read(record) for record in batch)
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

    def _read(self, record: Record) -> Reading:
        try:
            match record.topic:
                case Topic.WEBHOOKS:
                    return _webhook(record)
                case Topic.COMMANDS:
                    return self._command(record)
                case _:
                    return _dead_letter(record)
        except InvalidRecord as error:
            return Reading(_row(record, fate="foreign", detail=error.reason))

    def _command(self, record: Record) -> Reading:
        command = Command.from_bytes(record.value)
        named = {
            "event_id": f"command:{command.nonce}",
            "company_id": command.company_id,
            "project_id": command.project_id,
            "resource_name": command.action.value,
            "resource_id": str(command.export_id),
        }
        if not command.is_signed_with(self._signing_key):
            # Under its own id, so that a forged command cannot take a true one's place.
            named["event_id"] = _position_id(record)
            return Reading(_row(record, fate="refused", detail="the signature is not ours") | named)
        return Reading(_row(record, fate="command") | named, command=command)


def received(event: WebhookEvent) -> Received:
    """The ledger's entry for a webhook."""
    return Received(
        event_id=event.event_id,
        reason=event.reason,
        user_id=event.user_id,
        occurred_at=event.occurred_at,
    )


def _webhook(record: Record) -> Reading:
    event = WebhookEvent.from_bytes(record.value)
    row = _row(record, fate="accepted" if event.is_relevant else "ignored") | {
        "event_id": event.event_id,
        "received_at": event.received_at,
        "company_id": event.company_id,
        "project_id": event.project_id,
        "resource_name": event.resource_name,
        "resource_id": event.resource_id,
        "raw": event.body.encode(),
    }
    trace = dict(record.headers).get("traceparent")
    return Reading(row, event if event.is_relevant else None, trace=trace.decode("latin-1") if trace else None)


def _dead_letter(record: Record) -> Reading:
    recorded_at = datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
    letter = DeadLetter.from_record(record.value, record.headers, recorded_at=recorded_at)
    detail = f"{letter.reason}: {letter.detail}"
    return Reading(_row(record, fate="dead_lettered", detail=detail) | {"received_at": letter.received_at})


def _row(record: Record, *, fate: str, detail: str | None = None) -> dict[str, Any]:
    return {
        "event_id": _position_id(record),
        "fate": fate,
        "detail": detail,
        "topic": record.topic,
        "partition": record.partition,
        "position": record.offset,
        "received_at": datetime.fromtimestamp(max(record.timestamp_ms, 0) / 1000, UTC),
        "company_id": None,
        "project_id": None,
        "resource_name": None,
        "resource_id": None,
        "raw": record.value or b"",
    }


def _position_id(record: Record) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"


def _merged(readings: Iterable[Reading]) -> list[Reading]:
    """Two of one event in a batch are one, delivered twice."""
    merged: dict[str, Reading] = {}
    for reading in readings:
        known = merged.get(reading.row["event_id"])
        if known is None:
            merged[reading.row["event_id"]] = reading
            reading.row["deliveries"] = 1
        else:
            known.row["deliveries"] += 1
            known.row["position"] = reading.row["position"]
    return list(merged.values())


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
_TIE = update(events).where(events.c.event_id == bindparam("b_event_id"))
