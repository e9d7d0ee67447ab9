"""Mappings in Postgres, with their history."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.connections.mappings import Mapping, MappingKind, MappingRow, Mappings
from shared.database import metadata
from shared.statements import Session, Statement
from shared.versions import in_batches, lock_out_writers, one_current, supersede, validity

KEY = ("connection", "kind", "key")
mappings = Table(
    "mappings",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("connection", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False, comment="Mapping.key: by id, else by comparable name"),
    Column("procore_id", Text),
    Column("procore_name", Text, nullable=False),
    Column("erp_id", Text, nullable=False),
    Column("note", Text, nullable=False),
    *validity(),
    CheckConstraint("erp_id <> ''", name="erp_id"),
    one_current("mappings", *KEY),
)
MAPPED = tuple(mappings.c[name] for name in Mapping.__dataclass_fields__)


@dataclass(frozen=True)
class SavedMappings:
    """What `save` did."""

    added: list[MappingRow] = field(default_factory=list)
    changed: list[MappingRow] = field(default_factory=list)
    unchanged: list[MappingRow] = field(default_factory=list)


async def load(session: Session, connection_name: str) -> Mappings:
    """The current mappings of one connection; empty when it has none."""
    return Mappings(tuple(mapping_of(row) for row in await _OF_CONNECTION.rows(session, name=connection_name)))


async def all_current(connection: AsyncConnection, connection_name: str | None = None) -> list[MappingRow]:
    """The current mappings of every connection, or of one; ordered for people."""
    columns = mappings.c
    query = current_rows().order_by(columns.connection, columns.kind, columns.procore_name, columns.key)
    if connection_name is not None:
        query = query.where(columns.connection == connection_name)
    return [MappingRow(row.connection, mapping_of(row)) for row in await connection.execute(query)]


async def save(connection: AsyncConnection, rows: Iterable[MappingRow], changed_by: str) -> SavedMappings:
    """Makes these the current versions within the caller's transaction; equal ones stay as they are."""
    given = {(row.connection, row.mapping.kind.value, row.mapping.key): row for row in rows}
    saved = SavedMappings()
    await lock_out_writers(connection, mappings)
    for keys in in_batches(list(given)):
        await save_batch(connection, {key: given[key] for key in keys}, changed_by, saved)
    return saved


async def save_batch(
    connection: AsyncConnection,
    batch: dict[tuple[str, str, str], MappingRow],
    changed_by: str,
    saved: SavedMappings,
) -> None:
    key = tuple_(*(mappings.c[name] for name in KEY))
    standing = {
        (row.connection, row.kind, row.key): mapping_of(row)
        for row in await connection.execute(current_rows().where(key.in_(list(batch))))
    }
    fresh = [place for place, row in batch.items() if standing.get(place) != row.mapping]
    saved.added.extend(batch[place] for place in fresh if place not in standing)
    saved.changed.extend(batch[place] for place in fresh if place in standing)
    saved.unchanged.extend(row for place, row in batch.items() if place not in fresh)
    versions = [version(batch[place]) | {"changed_by": changed_by} for place in fresh]
    await supersede(connection, mappings, KEY, versions)


def version(row: MappingRow) -> dict[str, Any]:
    mapping = row.mapping
    named = {column.name: getattr(mapping, column.name) for column in MAPPED}
    return named | {"connection": row.connection, "key": mapping.key}


def current_rows() -> Select[Any]:
    return select(mappings.c.connection, mappings.c.key, *MAPPED).where(mappings.c.valid_to.is_(None))


def mapping_of(row: Row[Any]) -> Mapping:
    values = {column.name: getattr(row, column.name) for column in MAPPED}
    return Mapping(**values | {"kind": MappingKind(row.kind)})


_OF_CONNECTION = Statement(current_rows().where(mappings.c.connection == bindparam("name")))
