"""Who may export: people's recorded rights, judged as they stand now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.approvers.record import ApproverRecord
from shared.approvers.rule import ApproverProblem, judge
from shared.approvers.store import approver_records, record_of
from shared.ledger.showing import connection_profiles

MOST_SHOWN = 100
columns = approver_records.c
ORDER = (columns.company_id, columns.name, columns.user_id)


@dataclass(frozen=True)
class Approver:
    """What is recorded of one person now, and what keeps them from exporting; none: they may."""

    record: ApproverRecord
    problems: tuple[ApproverProblem, ...]


@dataclass(frozen=True)
class Wanted:
    """An empty field asks for nothing. `companies`: those that whoever asks may see; None: all."""

    companies: frozenset[str] | None = None
    company_id: str | None = None
    search: str | None = None


@dataclass(frozen=True)
class Approvers:
    """By company and name. `is_cut`: there are more than are shown."""

    rows: Sequence[Approver]
    is_cut: bool


async def read_approvers(
    connection: AsyncConnection,
    wanted: Wanted,
    *,
    now: datetime,
    max_age: timedelta,
    after: tuple[str, ...] | None = None,
) -> Approvers:
    """Of current records; the search looks at name, e-mail and Procore's id.

    `after`: company, name and id of the last that were shown already.
    """
    asked = _current(wanted).order_by(*ORDER).limit(MOST_SHOWN + 1)
    if after is not None:
        asked = asked.where(tuple_(*ORDER) > after)
    records = [record_of(row) for row in await connection.execute(asked)]
    judged = [Approver(record, judge(record.user_id, record, now, max_age)) for record in records]
    return Approvers(judged[:MOST_SHOWN], len(judged) > MOST_SHOWN)


async def read_companies(connection: AsyncConnection, companies: frozenset[str] | None) -> Sequence[str]:
    """Those with records or a connection, that may be seen."""
    recorded = select(columns.company_id).where(columns.valid_to.is_(None)).distinct()
    served = select(connection_profiles.c.company_id).distinct()
    known = {*await connection.scalars(recorded), *await connection.scalars(served)}
    return sorted(known if companies is None else known & companies)


async def standing_since(connection: AsyncConnection, company_id: str, user_id: str) -> datetime | None:
    """When the current version began; None: nothing is recorded. Nobody can change it before this transaction ends."""
    current = (columns.company_id == company_id) & (columns.user_id == user_id) & columns.valid_to.is_(None)
    since: datetime | None = await connection.scalar(select(columns.valid_from).where(current).with_for_update())
    return since


def _current(wanted: Wanted) -> Select[Any]:
    asked = select(approver_records).where(columns.valid_to.is_(None))
    if wanted.companies is not None:
        asked = asked.where(columns.company_id.in_(wanted.companies))
    if wanted.company_id is not None:
        asked = asked.where(columns.company_id == wanted.company_id)
    return asked.where(_found(wanted.search)) if wanted.search else asked


def _found(search: str) -> ColumnElement[bool]:
    return or_(
        *(column.icontains(search, autoescape=True) for column in (columns.name, columns.email, columns.user_id))
    )
