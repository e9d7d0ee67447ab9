"""The ledger for those who only read it: the pages and the command line. Nothing here counts a big table."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ledger.entries import EntryBody, body_from_json
from shared.ledger.state import State
from shared.ledger.tables import commands, entries, events, exports
from shared.ledger.words import EntryKind, Reason, Status

PAGE = 50
MOST_EVENTS = 200
GIVEN_UP = (
    '$ ? (@.status == "exported" && @.standing.by_hand == false)'
    ".follow_ups.* ? (@.is_done == false && @.failures > 0 && @.retry_at == null)"
)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What is asked for; an empty field asks for nothing. `search` looks for a part of the invoice number, owner
    or ERP number, or for the whole of Procore's id; `given_up` for exports after which something was given up."""

    statuses: Sequence[Status] = ()
    reason: Reason | None = None
    company_id: str | None = None
    project_id: str | None = None
    connection: str | None = None
    search: str | None = None
    given_up: bool = False


@dataclass(frozen=True)
class ExportRow:
    """One export as it stands. `amount`: line 8 plus tax, in `currency`; `connection` is empty while none serves it."""

    id: int
    connection: str
    company_id: str
    project_id: str
    payment_application_id: str
    status: Status
    since: datetime
    version: int
    generation: int
    reasons: tuple[Reason, ...]
    waits_for: str | None
    contract_id: str | None
    number: int | None
    invoice_number: str | None
    customer_name: str | None
    billing_date: date | None
    amount: Decimal | None
    currency: str | None
    erp_ref: str | None
    erp_number: str | None
    erp_url: str | None
    attempts: int
    opened_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class Page:
    """Newest first. `next` is what to pass as `before` for the page after this; None on the last."""

    rows: tuple[ExportRow, ...]
    next: int | None


@dataclass(frozen=True)
class EntryRow:
    """One line of the ledger."""

    id: int
    seq: int
    kind: EntryKind
    at: datetime
    body: EntryBody
    status_before: Status
    status: Status
    hash: bytes


@dataclass(frozen=True)
class EventRow:
    """What Kafka brought about this invoice. `raw` is the webhook's body, or the record's."""

    id: int
    event_id: str
    fate: str
    detail: str | None
    topic: str
    partition: int
    position: int
    deliveries: int
    received_at: datetime
    raw: bytes = field(repr=False)


@dataclass(frozen=True)
class CommandRow:
    """What a person asked. `refusal` is None when it was followed, or while `handled_at` is None."""

    nonce: str
    body: dict[str, Any]
    received_at: datetime
    handled_at: datetime | None
    refusal: str | None


@dataclass(frozen=True)
class ExportDetail:
    """One export with all that is on record about it; events are the newest ones, in their order."""

    export: ExportRow
    state: State
    entries: tuple[EntryRow, ...]
    events: tuple[EventRow, ...]
    commands: tuple[CommandRow, ...]


async def list_exports(
    connection: AsyncConnection, wanted: Filter, *, limit: int = PAGE, before: int | None = None
) -> Page:
    """One page, by keyset: what arrives meanwhile moves nothing."""
    statement = _filtered(select(*_COLUMNS), wanted).order_by(exports.c.id.desc()).limit(limit + 1)
    if before is not None:
        statement = statement.where(exports.c.id < before)
    rows = [_export(row) for row in await connection.execute(statement)]
    shown = tuple(rows[:limit])
    return Page(shown, shown[-1].id if len(rows) > limit else None)


async def count_given_up(connection: AsyncConnection, connections: Collection[str], since: date) -> Mapping[str, int]:
    """By connection: after how many exports, billed on `since` or later, something was given up. None: not told."""
    statement = (
        select(exports.c.connection, func.count())
        .where(
            exports.c.connection.in_(connections),
            exports.c.billing_date >= since,
            exports.c.state.path_exists(GIVEN_UP),
        )
        .group_by(exports.c.connection)
    )
    return {row[0]: row[1] for row in await connection.execute(statement)}


async def read_export(connection: AsyncConnection, export_id: int) -> ExportDetail | None:
    """None when there is no such export."""
    statement = select(*_COLUMNS, exports.c.state).where(exports.c.id == export_id)
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return None
    return ExportDetail(
        export=_export(row),
        state=State.model_validate(row.state),
        entries=await _entries(connection, export_id),
        events=await _events(connection, export_id),
        commands=await _commands(connection, export_id),
    )


async def read_command(connection: AsyncConnection, nonce: str) -> CommandRow | None:
    """None while the worker has not taken it in."""
    row = (await connection.execute(select(*_COMMAND).where(commands.c.nonce == nonce))).one_or_none()
    return CommandRow(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's public name


def _filtered(statement: Select[Any], wanted: Filter) -> Select[Any]:
    if wanted.statuses:
        statement = statement.where(exports.c.status.in_([status.value for status in wanted.statuses]))
    if wanted.reason is not None:
        statement = statement.where(exports.c.reasons.contains([wanted.reason.value]))
    for column, value in (
        (exports.c.company_id, wanted.company_id),
        (exports.c.project_id, wanted.project_id),
        (exports.c.connection, wanted.connection),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.given_up:
        statement = statement.where(exports.c.state.path_exists(GIVEN_UP))
    if wanted.search:
        parts = (exports.c.invoice_number, exports.c.customer_name, exports.c.erp_number)
        found = [func.coalesce(part, "").icontains(wanted.search, autoescape=True) for part in parts]
        statement = statement.where(or_(exports.c.payment_application_id == wanted.search, *found))
    return statement


def _export(row: Any) -> ExportRow:
    values = {name: getattr(row, name) for name in ExportRow.__dataclass_fields__}
    reasons = tuple(Reason(reason) for reason in row.reasons)
    return ExportRow(**values | {"status": Status(row.status), "reasons": reasons})


async def _entries(connection: AsyncConnection, export_id: int) -> tuple[EntryRow, ...]:
    statement = select(*_ENTRY).where(entries.c.export_id == export_id).order_by(entries.c.seq)
    return tuple(
        EntryRow(
            id=row.id,
            seq=row.seq,
            kind=EntryKind(row.kind),
            at=row.at,
            body=body_from_json(row.body),
            status_before=Status(row.status_before),
            status=Status(row.status),
            hash=row.hash,
        )
        for row in await connection.execute(statement)
    )


async def _events(connection: AsyncConnection, export_id: int) -> tuple[EventRow, ...]:
    statement = select(*_EVENT).where(events.c.export_id == export_id).order_by(events.c.id.desc()).limit(MOST_EVENTS)
    rows = (await connection.execute(statement)).all()
    return tuple(EventRow(**row._mapping) for row in reversed(rows))  # noqa: SLF001


async def _commands(connection: AsyncConnection, export_id: int) -> tuple[CommandRow, ...]:
    statement = select(*_COMMAND).where(commands.c.export_id == export_id).order_by(commands.c.received_at)
    return tuple(CommandRow(**row._mapping) for row in await connection.execute(statement))  # noqa: SLF001


_COLUMNS = tuple(exports.c[name] for name in ExportRow.__dataclass_fields__)
_ENTRY = tuple(entries.c[name] for name in EntryRow.__dataclass_fields__)
_EVENT = tuple(events.c[name] for name in EventRow.__dataclass_fields__)
_COMMAND = tuple(commands.c[name] for name in CommandRow.__dataclass_fields__)
