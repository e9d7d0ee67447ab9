"""The connections' profiles in Postgres: the worker writes them, the pages read them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.connections.profile import ConnectionProfile
from shared.ledger.showing import connection_profiles


@dataclass(frozen=True)
class SeenProfile:
    """`is_current`: whether the worker that started last still has this connection in its file."""

    profile: ConnectionProfile
    seen_at: datetime
    is_current: bool


async def keep_profiles(connection: AsyncConnection, profiles: Iterable[ConnectionProfile]) -> None:
    """All of one connections file, under one time: what is older is in the file no more."""
    rows = [
        {
            "connection": each.name,
            "company_id": each.company_id,
            "profile": each.model_dump(mode="json"),
            "seen_at": func.now(),
        }
        for each in profiles
    ]
    if rows:
        statement = upsert(connection_profiles).values(rows)
        new = {name: statement.excluded[name] for name in ("company_id", "profile", "seen_at")}
        await connection.execute(statement.on_conflict_do_update(index_elements=["connection"], set_=new))


async def read_profiles(connection: AsyncConnection) -> Sequence[SeenProfile]:
    """By name; also of connections that were in an earlier file, whose exports remain."""
    kept = connection_profiles.c
    newest = select(func.max(kept.seen_at)).scalar_subquery()
    asked = select(kept.profile, kept.seen_at, (kept.seen_at == newest).label("is_current")).order_by(kept.connection)
    return [
        SeenProfile(ConnectionProfile.model_validate(row.profile), row.seen_at, row.is_current)
        for row in await connection.execute(asked)
    ]
