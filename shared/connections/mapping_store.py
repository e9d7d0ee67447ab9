"""Mappings in Postgres, with their history."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Row,
    Select,
    Table,
    Text,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.connections.mappings import Mapping, MappingKind, MappingRow, Mappings
from shared.database import metadata

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
    Column("valid_from", DateTime(timezone=True), nullable=False),
    Column("valid_to", DateTime(timezone=True)),
    Column("changed_by", Text, nullable=False),
    CheckConstraint("erp_id <> ''", name="erp_id"),
    CheckConstraint("valid_to >= valid_from", name="validity"),
    Index(
        "mappings_one_current",
        "connection",
        "kind",
        "key",
        unique=True,
        postgresql_where=text("valid_to IS NULL"),
    ),
)
MAPPED = tuple(mappings.c[name] for name in Mapping.__dataclass_fields__)
ROWS_PER_STATEMENT = 1000  # Postgres takes 32,767 parameters


@dataclass(frozen=True)
class SavedMappings:
    """What `save` did."""

    added: list[MappingRow] = field(default_factory=list)
    changed: list[MappingRow] = field(default_factory=list)
    unchanged: list[MappingRow] = field(default_factory=list)


async def load(connection: AsyncConnection, connection_name: str) -> Mappings:
    """The current mappings of one connection; empty when it has none."""
    rows = await connection.execute(current_rows().where(mappings.c.connection == connection_name))
    return Mappings(tuple(mapping_of(row) for row in rows))


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
    # Readers go on; a second writer waits, and then sees our versions instead of failing on the index.
    await connection.execute(text("LOCK TABLE mappings IN SHARE ROW EXCLUSIVE MODE"))
    keys = list(given)
    for start in range(0, len(keys), ROWS_PER_STATEMENT):
        batch = {key: given[key] for key in keys[start : start + ROWS_PER_STATEMENT]}
        await save_batch(connection, batch, changed_by, saved)
    return saved


async def save_batch(
    connection: AsyncConnection,
    batch: dict[tuple[str, str, str], MappingRow],
    changed_by: str,
    saved: SavedMappings,
) -> None:
    columns = mappings.c
    key = tuple_(columns.connection, columns.kind, columns.key)
    standing = {
        (row.connection, row.kind, row.key): mapping_of(row)
        for row in await connection.execute(current_rows().where(key.in_(list(batch))))
    }
    fresh = [place for place, row in batch.items() if standing.get(place) != row.mapping]
    saved.added.extend(batch[place] for place in fresh if place not in standing)
    saved.changed.extend(batch[place] for place in fresh if place in standing)
    saved.unchanged.extend(row for place, row in batch.items() if place not in fresh)
    if not fresh:
        return
    now = await connection.scalar(select(func.clock_timestamp()))
    ended = key.in_(fresh) & columns.valid_to.is_(None)
    await connection.execute(update(mappings).where(ended).values(valid_to=now))
    versions = [version(batch[place]) | {"valid_from": now, "changed_by": changed_by} for place in fresh]
    await connection.execute(insert(mappings), versions)


def version(row: MappingRow) -> dict[str, Any]:
    mapping = row.mapping
    named = {column.name: getattr(mapping, column.name) for column in MAPPED}
    return named | {"connection": row.connection, "key": mapping.key}


def current_rows() -> Select[Any]:
    return select(mappings.c.connection, mappings.c.key, *MAPPED).where(mappings.c.valid_to.is_(None))


def mapping_of(row: Row[Any]) -> Mapping:
    values = {column.name: getattr(row, column.name) for column in MAPPED}
    return Mapping(**values | {"kind": MappingKind(row.kind)})
