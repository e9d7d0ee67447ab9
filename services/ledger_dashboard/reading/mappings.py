"""What stands for what in an ERP, and what nothing stands for yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.connections.mapping_store import MAPPED, mapping_of, mappings
from shared.connections.mappings import ANY_OTHER, MappingKind, Mappings
from shared.connections.mappings import Mapping as OneMapping
from shared.connections.missing import Missing, read_missing, stands_now
from shared.ledger.held_up import waiting_for_mappings
from shared.ledger.showing import projects

MOST_SHOWN = 100
MOST_COUNTED = 2_000  # exports that lack a mapping; beyond it their numbers are lower bounds
columns = mappings.c
ORDER = (columns.kind, columns.procore_name, columns.key)


@dataclass(frozen=True)
class Mapped:
    """A mapping, since when it stands, and who made it so."""

    mapping: OneMapping
    since: datetime
    changed_by: str


@dataclass(frozen=True)
class MappedPage:
    """By kind and name. `is_cut`: there are more than are shown."""

    rows: Sequence[Mapped]
    is_cut: bool


@dataclass(frozen=True)
class Lacking:
    """What so many open exports wait for. `missing` None: only the ERP knows what it is.

    `erp_id`: what serves it by now, so that a replay will do.
    """

    detail: str
    count: int
    missing: Missing | None
    erp_id: str | None


async def read_mappings(
    connection: AsyncConnection,
    name: str,
    *,
    kind: MappingKind | None = None,
    search: str | None = None,
    after: tuple[str, ...] | None = None,
) -> MappedPage:
    """The current ones of one connection; the search looks at names and ids of both sides.

    `after`: kind, name and key of the last that was shown already.
    """
    asked = _current(name).order_by(*ORDER).limit(MOST_SHOWN + 1)
    if after is not None:
        asked = asked.where(tuple_(*ORDER) > after)
    if kind is not None:
        asked = asked.where(columns.kind == kind.value)
    if search:
        looked_at = (columns.procore_id, columns.procore_name, columns.erp_id, columns.note)
        asked = asked.where(or_(*(column.icontains(search, autoescape=True) for column in looked_at)))
    rows = [_mapped(row) for row in await connection.execute(asked)]
    return MappedPage(rows[:MOST_SHOWN], len(rows) > MOST_SHOWN)


async def read_mapping(connection: AsyncConnection, name: str, kind: MappingKind, key: str) -> OneMapping | None:
    """The one that stands under this key now."""
    asked = _current(name).where(columns.kind == kind.value, columns.key == key)
    row = (await connection.execute(asked)).one_or_none()
    return mapping_of(row) if row else None


async def count_mappings(connection: AsyncConnection, name: str) -> Mapping[MappingKind, int]:
    """How many of each kind, also of those that have none."""
    asked = select(columns.kind, func.count()).where(columns.connection == name, columns.valid_to.is_(None))
    counted = {row[0]: row[1] for row in await connection.execute(asked.group_by(columns.kind))}
    return {kind: counted.get(kind.value, 0) for kind in MappingKind}


async def read_lacking(connection: AsyncConnection, name: str, company_id: str) -> Sequence[Lacking]:
    """What holds up the most exports first; a project with its name."""
    waiting = await waiting_for_mappings(connection, name, most=MOST_COUNTED)
    missing = {detail: read_missing(detail) for detail in waiting}
    mapped = await _mapped_by_now(connection, name, [each for each in missing.values() if each])
    found = [
        Lacking(detail, count, one, stands_now(one, mapped) if one else None)
        for (detail, count), one in zip(waiting.items(), missing.values(), strict=True)
    ]
    jobs = {each.missing.procore_id for each in found if each.missing and each.missing.kind is MappingKind.JOB}
    names = await _project_names(connection, company_id, [job for job in jobs if job])
    return [_with_name(each, names) for each in found]


async def _mapped_by_now(connection: AsyncConnection, name: str, missing: Sequence[Missing]) -> Mappings:
    """As much of the connection's mappings as can serve these: there may be thousands of cost codes."""
    if not missing:
        return Mappings()
    ids = {each.procore_id for each in missing if each.procore_id} | {ANY_OTHER}
    few = columns.kind.not_in([MappingKind.ACCOUNT.value, MappingKind.ITEM.value])
    rows = await connection.execute(_current(name).where(or_(few, columns.procore_id.in_(ids))))
    return Mappings(tuple(mapping_of(row) for row in rows))


async def _project_names(connection: AsyncConnection, company_id: str, ids: Sequence[str]) -> Mapping[str, str]:
    seen = projects.c
    asked = select(seen.project_id, seen.name).where(seen.company_id == company_id, seen.project_id.in_(ids))
    return {row.project_id: row.name for row in await connection.execute(asked)}


def _with_name(lacking: Lacking, names: Mapping[str, str]) -> Lacking:
    missing = lacking.missing
    if missing is None or missing.kind is not MappingKind.JOB:
        return lacking
    return replace(lacking, missing=replace(missing, procore_name=names.get(missing.procore_id or "", "")))


def _current(name: str) -> Select[Any]:
    kept = (columns.key, *MAPPED, columns.valid_from, columns.changed_by)
    return select(*kept).where(columns.connection == name, columns.valid_to.is_(None))


def _mapped(row: Row[Any]) -> Mapped:
    return Mapped(mapping_of(row), row.valid_from, row.changed_by)
