"""The ledger for those who only read it: the pages and the command line. Nothing here counts a big table."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, literal_column, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ledger.entries import body_from_json
from shared.ledger.filter import SHORTEST_PART, Cursor, Filter, Sort, SortKey
from shared.ledger.shown import EntryRow, ExportRow
from shared.ledger.state import State, state_from_json
from shared.ledger.tables import SORT_KEYS, commands, entries, events, exports
from shared.ledger.words import EntryKind, Reason, Status

__all__ = [
    "CommandRow",
    "EntryRow",
    "EventRow",
    "ExportDetail",
    "ExportRow",
    "Page",
    "list_exports",
    "read_command",
    "read_export",
]

PAGE = 50
MOST_EVENTS = 200
DAY = timedelta(days=1)
BIGINT = 2**63
MOST_DIGITS = 1_000  # before and behind the point: more than any amount has, and fewer than the database holds
NEWEST_FIRST = Sort()
GIVEN_UP = (
    '$ ? (@.status == "exported" && @.standing.by_hand == false)'
    ".follow_ups.* ? (@.is_done == false && @.failures > 0 && @.retry_at == null)"
)


@dataclass(frozen=True)
class Page:
    """In the order that was asked for. `next` is what to pass as `after` for the page after this; None on the last."""

    rows: tuple[ExportRow, ...]
    next: Cursor | None


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
    """What a person asked. `refusal` is None when it was followed, or while `handled_at` is None.

    `answer` is only a dry run's: a `shared.ledger.foretold.Foretold` as JSON.
    """

    nonce: str
    body: dict[str, Any]
    received_at: datetime
    handled_at: datetime | None
    refusal: str | None
    answer: dict[str, Any] | None


@dataclass(frozen=True)
class ExportDetail:
    """One export with all that is on record about it; events are the newest ones, in their order."""

    export: ExportRow
    state: State
    entries: tuple[EntryRow, ...]
    events: tuple[EventRow, ...]
    commands: tuple[CommandRow, ...]


async def list_exports(
    connection: AsyncConnection,
    wanted: Filter,
    *,
    sort: Sort = NEWEST_FIRST,
    limit: int = PAGE,
    after: Cursor | None = None,
) -> Page:
    """One page, by keyset: what arrives meanwhile moves nothing. Raises ValueError for a cursor of another order."""
    key, position = _KEYS[sort.key], tuple_(_KEYS[sort.key], exports.c.id)
    order = (key.desc(), exports.c.id.desc()) if sort.descending else (key, exports.c.id)
    statement = filtered(select(*_COLUMNS, key.label("sorted_by")), wanted).order_by(*order).limit(limit + 1)
    if after is not None:
        last = tuple_(_PARSED[sort.key](after.value), after.id)
        statement = statement.where(position < last if sort.descending else position > last)
    rows = (await connection.execute(statement)).all()
    next_page = Cursor(str(rows[limit - 1].sorted_by), rows[limit - 1].id) if len(rows) > limit else None
    return Page(tuple(_export(row) for row in rows[:limit]), next_page)


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
    state = state_from_json(row.state)  # before the columns: it tells what is of a newer version
    return ExportDetail(
        export=_export(row),
        state=state,
        entries=await _entries(connection, export_id),
        events=await _events(connection, export_id),
        commands=await _commands(connection, export_id),
    )


async def read_command(connection: AsyncConnection, nonce: str) -> CommandRow | None:
    """None while the worker has not taken it in."""
    row = (await connection.execute(select(*_COMMAND).where(commands.c.nonce == nonce))).one_or_none()
    return CommandRow(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's public name


def filtered(statement: Select[Any], wanted: Filter) -> Select[Any]:
    """A statement over exports, only of those that are wanted."""
    if wanted.companies is not None:
        statement = statement.where(exports.c.company_id.in_(wanted.companies))
    if wanted.statuses:
        statement = statement.where(exports.c.status.in_([status.value for status in wanted.statuses]))
    if wanted.reason is not None:
        statement = statement.where(exports.c.reasons.contains([wanted.reason.value]))
    if wanted.approver is not None:
        statement = statement.where(exports.c.approvers.contains([wanted.approver]))
    for column, value in (
        (exports.c.company_id, wanted.company_id),
        (exports.c.project_id, wanted.project_id),
        (exports.c.connection, wanted.connection),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.given_up:
        statement = statement.where(exports.c.state.path_exists(GIVEN_UP))
    return _between(_searched(statement, wanted.search), wanted)


def _searched(statement: Select[Any], search: str | None) -> Select[Any]:
    if not search:
        return statement
    is_short = len(search) < SHORTEST_PART
    found = exports.c.search.startswith if is_short else exports.c.search.contains
    return statement.where(found(search.lower(), autoescape=True))


def _between(statement: Select[Any], wanted: Filter) -> Select[Any]:
    amount = _KEYS[SortKey.AMOUNT]
    if wanted.amount_from is not None:
        statement = statement.where(amount >= wanted.amount_from)
    if wanted.amount_to is not None:
        statement = statement.where(amount <= wanted.amount_to)
    if wanted.since_from is not None:
        statement = statement.where(exports.c.since >= datetime.combine(wanted.since_from, time(), UTC))
    if wanted.since_to is not None:
        last = literal(datetime.combine(wanted.since_to, time(), UTC))  # the day after it may be none of Python's
        statement = statement.where(exports.c.since < last + literal(DAY))
    return statement


def _whole(text: str) -> int:
    """As a bigint. Raises ValueError, like those below."""
    number = int(text)
    if not -BIGINT <= number < BIGINT:
        raise ValueError(text)
    return number


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not amount.is_finite() or abs(amount.adjusted()) > MOST_DIGITS:
        raise ValueError(text)
    return amount


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(text) from None


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

_KEYS: Mapping[SortKey, ColumnElement[Any]] = {
    SortKey.ARRIVAL: exports.c.id,
    **{SortKey(name): literal_column(f"({key})", exports.c[name].type) for name, key in SORT_KEYS.items()},
}
_PARSED: Mapping[SortKey, Callable[[str], Any]] = {
    SortKey.ARRIVAL: _whole,
    SortKey.SINCE: _moment,
    SortKey.AMOUNT: _amount,
    SortKey.BILLING_DATE: date.fromisoformat,
    SortKey.INVOICE_NUMBER: str,
    SortKey.CUSTOMER_NAME: str,
}
