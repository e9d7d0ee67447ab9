"""Tables that keep their history: each row is a version, and of each key one at most is current."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Table, Text, func, insert, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import SchemaItem

ROWS_PER_STATEMENT = 1000  # Postgres takes 32,767 parameters

T = TypeVar("T")


def validity() -> tuple[SchemaItem, ...]:
    """The columns of a version: from when until when it stands (`valid_to` null: still), and who made it so."""
    return (
        Column("valid_from", DateTime(timezone=True), nullable=False),
        Column("valid_to", DateTime(timezone=True)),
        Column("changed_by", Text, nullable=False),
        CheckConstraint("valid_to >= valid_from", name="validity"),
    )


def one_current(table: str, *key: str) -> Index:
    """The database's own word that of each key one version at most is current."""
    return Index(f"{table}_one_current", *key, unique=True, postgresql_where=text("valid_to IS NULL"))


def in_batches(given: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many at once as one statement takes."""
    return (given[start : start + ROWS_PER_STATEMENT] for start in range(0, len(given), ROWS_PER_STATEMENT))


async def lock_out_writers(connection: AsyncConnection, table: Table) -> None:
    """Readers go on; a second writer waits, and then sees our versions instead of failing on the index."""
    await connection.execute(text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))


async def supersede(
    connection: AsyncConnection, table: Table, key: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Ends the current versions of these rows' keys and makes the rows the current ones, at one moment.

    Each row says who changed it.
    """
    if not rows:
        return
    columns = table.c
    now = await connection.scalar(select(func.clock_timestamp()))
    keys = [tuple(row[name] for name in key) for row in rows]
    ended = tuple_(*(columns[name] for name in key)).in_(keys) & columns.valid_to.is_(None)
    await connection.execute(update(table).where(ended).values(valid_to=now))
    await connection.execute(insert(table), [{**row, "valid_from": now} for row in rows])
