"""How the parts fare, by their own word and the database's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ledger.showing import hook_states, projects, service_instances


@dataclass(frozen=True)
class Instance:
    """One process. `is_fresh`: it spoke within the last minute; `ready`: its checks as /readyz tells them."""

    name: str
    service: str
    started_at: datetime
    seen_at: datetime
    is_fresh: bool
    ready: dict[str, Any]
    detail: dict[str, Any]

    @property
    def failing(self) -> list[tuple[str, str]]:
        """Check and what is wrong."""
        return [(name, str(each.get("detail", ""))) for name, each in self.ready.items() if not each.get("ok")]


@dataclass(frozen=True)
class Hook:
    """A project's hook as Procore shows it."""

    company_id: str
    project_id: str
    project: str
    state: dict[str, Any]
    seen_at: datetime


@dataclass(frozen=True)
class Database:
    """The ledger's database."""

    version: str
    size_bytes: int
    connections: int


async def read_instances(connection: AsyncConnection) -> Sequence[Instance]:
    """All that spoke within a day, the living first."""
    columns = service_instances.c
    is_fresh = (columns.seen_at > func.now() - text("interval '1 minute'")).label("is_fresh")
    asked = select(
        columns.name, columns.service, columns.started_at, columns.seen_at, is_fresh, columns.ready, columns.detail
    )
    rows = await connection.execute(asked.order_by(is_fresh.desc(), columns.service, columns.name).limit(200))
    return [Instance(*row) for row in rows]


async def read_hooks(connection: AsyncConnection, companies: frozenset[str] | None) -> Sequence[Hook]:
    """As the worker looked last; those with something lost first."""
    columns = hook_states.c
    place = (projects.c.company_id == columns.company_id) & (projects.c.project_id == columns.project_id)
    name = func.coalesce(projects.c.name, columns.project_id)
    asked = select(columns.company_id, columns.project_id, name, columns.state, columns.seen_at)
    asked = asked.join(projects, place, isouter=True)
    if companies is not None:
        asked = asked.where(columns.company_id.in_(companies))
    lost = columns.state["lost"].as_integer()
    rows = await connection.execute(asked.order_by(func.coalesce(lost, 0).desc(), name).limit(500))
    return [Hook(*row) for row in rows]


async def read_database(connection: AsyncConnection) -> Database:
    """Size and use."""
    row = (
        await connection.execute(
            text(
                "SELECT current_setting('server_version'), pg_database_size(current_database()),"
                " (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database())"
            )
        )
    ).one()
    return Database(*row)
