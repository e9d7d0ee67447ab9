"""Approver records in Postgres, with their whole history: what was recorded when, and who changed it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Row,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.approvers.record import ApproverRecord, ToolLevel
from shared.database import metadata
from shared.statements import Session, Statement
from shared.versions import in_batches, lock_out_writers, one_current, supersede, validity

approver_records = Table(
    "approver_records",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("company_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("erp_integrations_level", Text, nullable=False),
    Column("can_push_to_accounting", Boolean, nullable=False),
    Column("can_export_owner_invoices", Boolean),
    Column("active", Boolean, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("source", Text, nullable=False),
    *validity(),
    Column(
        "changed_by_user_id", Text, comment="who that is in Procore, whatever they signed in with; null: nobody there"
    ),
    CheckConstraint("erp_integrations_level IN ('none', 'read_only', 'standard', 'admin')", name="level"),
    one_current("approver_records", "company_id", "user_id"),
    Index("approver_records_history", "company_id", "user_id", "id"),
)
RECORDED = tuple(approver_records.c[name] for name in ApproverRecord.__dataclass_fields__)


@dataclass(frozen=True)
class Version:
    """A record as it stood from `valid_from` until `valid_to` (None: still), and who made it so."""

    record: ApproverRecord
    valid_from: datetime
    valid_to: datetime | None
    changed_by: str


@dataclass(frozen=True)
class SavedApprovers:
    """What `save` did, as user ids: `refreshed` says the same, later; `older` was not taken over."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    refreshed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    older: list[str] = field(default_factory=list)


async def current(session: Session, company_id: str, user_ids: Collection[str]) -> dict[str, ApproverRecord]:
    """What is recorded of these people now, by user id; who is not recorded is missing."""
    if not user_ids:
        return {}
    rows = await _OF_PEOPLE.rows(session, company_id=company_id, user_ids=sorted(user_ids))
    return {row.user_id: record_of(row) for row in rows}


async def all_current(connection: AsyncConnection, company_id: str | None = None) -> list[ApproverRecord]:
    """What is recorded now of everybody, or of one company; ordered by company, name and id."""
    columns = approver_records.c
    query = current_rows(company_id).order_by(columns.company_id, columns.name, columns.user_id)
    return [record_of(row) for row in await connection.execute(query)]


async def history(connection: AsyncConnection, company_id: str, user_id: str) -> list[Version]:
    """All versions of one person's record, the newest first."""
    columns = approver_records.c
    query = (
        select(approver_records)
        .where(columns.company_id == company_id, columns.user_id == user_id)
        .order_by(columns.id.desc())
    )
    rows = await connection.execute(query)
    return [Version(record_of(row), row.valid_from, row.valid_to, row.changed_by) for row in rows]


async def changers(session: Session, company_id: str, user_id: str) -> frozenset[str]:
    """Everybody who ever changed this record, and who they are in Procore: none of them may release under it.

    All versions count, since a later refresh by somebody else keeps what an earlier change granted.
    """
    rows = await _CHANGERS.rows(session, company_id=company_id, user_id=user_id)
    return frozenset(name for row in rows for name in row if name)


async def save(
    connection: AsyncConnection,
    records: Iterable[ApproverRecord],
    changed_by: str,
    changed_by_user_id: str | None = None,
) -> SavedApprovers:
    """Makes these the current versions, one per person, within the caller's transaction.

    Whoever changes them is named with their user id in Procore, where they have one: the same person may come by
    another log-in, or with a token.

    A record taken later than the current one becomes a new version even where it says the same, since its
    age counts. One that is equal, or taken earlier than the current one, changes nothing.
    """
    given = {(record.company_id, record.user_id): record for record in records}
    saved = SavedApprovers()
    await lock_out_writers(connection, approver_records)
    for batch in in_batches(list(given)):
        standing = await standing_records(connection, batch)
        fresh = [given[key] for key in batch if is_new_version(given[key], standing.get(key), saved)]
        changer = {"changed_by": changed_by, "changed_by_user_id": changed_by_user_id}
        rows = [vars(record) | changer for record in fresh]
        await supersede(connection, approver_records, ("company_id", "user_id"), rows)
    return saved


async def standing_records(
    connection: AsyncConnection, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], ApproverRecord]:
    columns = approver_records.c
    query = current_rows().where(tuple_(columns.company_id, columns.user_id).in_(keys))
    return {(row.company_id, row.user_id): record_of(row) for row in await connection.execute(query)}


def is_new_version(new: ApproverRecord, standing: ApproverRecord | None, saved: SavedApprovers) -> bool:
    """Whether to append, noting on `saved` what becomes of the record."""
    if standing is None:
        saved.added.append(new.user_id)
    elif new.recorded_at < standing.recorded_at:
        saved.older.append(new.user_id)
        return False
    elif replace(new, recorded_by=standing.recorded_by) == standing:
        saved.unchanged.append(new.user_id)
        return False
    elif content(new) == content(standing):
        saved.refreshed.append(new.user_id)
    else:
        saved.changed.append(new.user_id)
    return True


def content(record: ApproverRecord) -> dict[str, str | bool | None]:
    """What the record says of the person, without when and whence."""
    said = record.evidence() | {"name": record.name, "email": record.email}
    return {key: value for key, value in said.items() if key not in {"recorded_at", "source"}}


def current_rows(company_id: str | None = None) -> Select[Any]:
    columns = approver_records.c
    query = select(*RECORDED).where(columns.valid_to.is_(None))
    return query if company_id is None else query.where(columns.company_id == company_id)


def record_of(row: Row[Any]) -> ApproverRecord:
    values = {column.name: getattr(row, column.name) for column in RECORDED}
    level = ToolLevel(row.erp_integrations_level)
    recorded_at = row.recorded_at.astimezone(UTC)
    return ApproverRecord(**values | {"erp_integrations_level": level, "recorded_at": recorded_at})


_OF_COMPANY = approver_records.c.company_id == bindparam("company_id")
_OF_PEOPLE = Statement(
    current_rows().where(_OF_COMPANY, approver_records.c.user_id == any_(bindparam("user_ids", type_=ARRAY(Text))))
)
_CHANGERS = Statement(
    select(approver_records.c.changed_by, approver_records.c.changed_by_user_id).where(
        _OF_COMPANY, approver_records.c.user_id == bindparam("user_id")
    )
)
