"""A month of the ledger for the tie-out, and the tie-outs on record. Reads by keyset and never whole months at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, false, func, literal_column, or_, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ledger.state import State, state_from_json
from shared.ledger.tables import exports, tie_out_findings, tie_outs
from shared.ledger.tie_out import Account, Part, Period, Sum, Tally, Verdict
from shared.ledger.words import Reason, Status

PAGE = 100
APPROVED = "approved"


@dataclass(frozen=True)
class Approved:
    """One approved export of a month, as it stands now."""

    id: int
    payment_application_id: str
    invoice_number: str | None
    customer_name: str | None
    amount: Decimal | None
    currency: str | None
    status: Status
    reasons: tuple[Reason, ...]
    erp_ref: str | None
    erp_number: str | None
    state: State


@dataclass(frozen=True)
class Finding:
    """What a tie-out saw of one export, with what it takes to recognise it."""

    export_id: int
    verdict: Verdict
    detail: str
    at: datetime
    invoice_number: str | None
    customer_name: str | None
    amount: Decimal | None
    currency: str | None
    erp_number: str | None


@dataclass(frozen=True)
class TieOutRun:
    """One tie-out on record. `failure`: why the ERP was not asked to the end. Not finished: no tally yet."""

    id: int
    connection: str
    period: Period
    requested_at: datetime
    requested_by: str | None
    started_at: datetime | None
    finished_at: datetime | None
    verdicts: Mapping[Verdict, int]
    tally: Tally | None
    failure: str | None


async def read_tally(connection: AsyncConnection, name: str, period: Period, zone: tzinfo) -> Tally:
    """The month's sums as of now: the parts, and beside them the whole."""
    return (await read_tallies(connection, {name: (period, zone)}))[name]


async def read_tallies(connection: AsyncConnection, months: Mapping[str, tuple[Period, tzinfo]]) -> Mapping[str, Tally]:
    """The same of many connections, each for its month, in one statement."""
    amount = func.coalesce(func.sum(exports.c.amount), 0)
    currency = func.coalesce(exports.c.currency, literal_column("''"))
    whole = (exports.c.connection, currency)
    statement = (
        select(
            exports.c.connection,
            currency.label("currency"),
            exports.c.status,
            func.grouping(exports.c.status).label("is_whole"),
            func.count().label("number"),
            amount.label("amount"),
        )
        .where(or_(false(), *(_in(name, period, zone) for name, (period, zone) in months.items())))
        .group_by(func.grouping_sets(tuple_(*whole, exports.c.status), tuple_(*whole)))
    )
    found: dict[str, list[tuple[str, Status | None, Sum]]] = {name: [] for name in months}
    for row in await connection.execute(statement):
        part = None if row.is_whole else Status(row.status)
        found[row.connection].append((row.currency, part, Sum(row.number, Decimal(row.amount))))
    return {name: Tally.of(sums) for name, sums in found.items()}


async def read_approved(
    connection: AsyncConnection,
    name: str,
    period: Period,
    zone: tzinfo,
    *,
    after: int = 0,
    only: Status | None = None,
    limit: int = PAGE,
) -> Sequence[Approved]:
    """The next page of a month's approved exports; empty at the end."""
    statement = select(*_APPROVED).where(_in(name, period, zone), exports.c.id > after)
    if only is not None:
        statement = statement.where(exports.c.status == only.value)
    rows = await connection.execute(statement.order_by(exports.c.id).limit(limit))
    return [_approved(row) for row in rows]


async def read_last_run(connection: AsyncConnection, name: str, period: Period) -> TieOutRun | None:
    """The newest tie-out of a month that came to its end."""
    return (await read_last_runs(connection, {name: period})).get(name)


async def read_last_runs(connection: AsyncConnection, months: Mapping[str, Period]) -> Mapping[str, TieOutRun]:
    """The same of many connections, each for its month; one that has none is missing."""
    wanted = tuple_(tie_outs.c.connection, tie_outs.c.period).in_([(name, str(each)) for name, each in months.items()])
    statement = (
        select(*_RUN)
        .where(wanted, tie_outs.c.finished_at.is_not(None))
        .ext(distinct_on(tie_outs.c.connection))
        .order_by(tie_outs.c.connection, tie_outs.c.id.desc())
    )
    return {row.connection: _run(row) for row in await connection.execute(statement)}


async def read_findings(
    connection: AsyncConnection, run_id: int, *, after: int = 0, limit: int = PAGE
) -> Sequence[Finding]:
    """The next page of what a tie-out found, in the exports' order."""
    statement = (
        select(*_FINDING)
        .join(exports, exports.c.id == tie_out_findings.c.export_id)
        .where(tie_out_findings.c.tie_out_id == run_id, tie_out_findings.c.export_id > after)
        .order_by(tie_out_findings.c.export_id)
        .limit(limit)
    )
    rows = await connection.execute(statement)
    return [Finding(**_named(row) | {"verdict": Verdict(row.verdict)}) for row in rows]


def tally_to_json(tally: Tally) -> list[dict[str, Any]]:
    """As the table keeps it: money as text."""
    return [
        {
            "currency": account.currency,
            APPROVED: _sum_to_json(account.approved),
            **{part.value: _sum_to_json(account.parts.get(part, Sum())) for part in Part},
        }
        for account in tally.accounts
    ]


def tally_from_json(stored: Sequence[Mapping[str, Any]]) -> Tally:
    """What `tally_to_json` made."""
    return Tally(
        tuple(
            Account(each["currency"], _sum(each[APPROVED]), {part: _sum(each[part.value]) for part in Part})
            for each in stored
        )
    )


def _in(name: str, period: Period, zone: tzinfo) -> ColumnElement[bool]:
    """The connection's exports of the month: by billing date, else by the day on which we first heard of them.

    Approved: the last look saw it so, or something of it stands in the ERP.
    """
    since, until = period.moments(zone)
    billed, opened = exports.c.billing_date, exports.c.opened_at
    in_month = or_(
        (billed >= period.first) & (billed < period.end),
        billed.is_(None) & (opened >= since) & (opened < until),
    )
    is_approved = or_(exports.c.state["look"]["seen"].astext == APPROVED, exports.c.erp_ref.is_not(None))
    return (exports.c.connection == name) & in_month & is_approved & (exports.c.status != Status.NONE.value)


def _approved(row: Any) -> Approved:
    told = {
        "state": state_from_json(row.state),  # first: it tells what is of a newer version
        "status": Status(row.status),
        "reasons": tuple(Reason(reason) for reason in row.reasons),
    }
    return Approved(**_named(row) | told)


def _run(row: Any) -> TieOutRun:
    told = {
        "period": Period.parse(row.period),
        "verdicts": {Verdict(verdict): count for verdict, count in row.verdicts.items()},
        "tally": None if row.tally is None else tally_from_json(row.tally),
    }
    return TieOutRun(**_named(row) | told)


def _named(row: Any) -> dict[str, Any]:
    return dict(zip(row._fields, row, strict=True))


def _sum_to_json(one: Sum) -> dict[str, Any]:
    return {"count": one.count, "amount": str(one.amount)}


def _sum(stored: Mapping[str, Any]) -> Sum:
    return Sum(stored["count"], Decimal(stored["amount"]))


_APPROVED = tuple(exports.c[name] for name in Approved.__dataclass_fields__)
_RUN = tuple(tie_outs.c[name] for name in TieOutRun.__dataclass_fields__)
_FINDING = tuple(
    tie_out_findings.c[name] if name in tie_out_findings.c else exports.c[name] for name in Finding.__dataclass_fields__
)
