"""Each company's ERP: what it is, how it fares, and how many exports it has open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.reading.export import read_profile
from services.ledger_dashboard.reading.overview import OPEN, Fare, read_fares
from shared.connections.profile import ConnectionProfile
from shared.connections.profile_store import SeenProfile, read_profiles
from shared.ledger.showing import export_counts
from shared.ledger.state import state_from_json
from shared.ledger.tables import connection_states, exports
from shared.ledger.words import Reason, Status

FOR_PEOPLE = (Status.HELD.value, Status.FAILED.value)


@dataclass(frozen=True)
class Load:
    """How many exports are open, and how many of them a person has to do something about."""

    open: int = 0
    for_people: int = 0


@dataclass(frozen=True)
class ConnectionLine:
    """One connection of those that a worker ever served."""

    seen: SeenProfile
    fare: Fare
    load: Load


@dataclass(frozen=True)
class Circuit:
    """What the workers noted of a connection in common; all of it nothing while nothing happened yet."""

    failures: int = 0
    open_until: datetime | None = None
    internal_errors: int = 0
    paused_at: datetime | None = None
    paused_by: str | None = None
    paused_why: str | None = None
    last_success_at: datetime | None = None
    last_failure: str | None = None


@dataclass(frozen=True)
class Fault:
    """The newest error of our own that still holds an export; `detail` names its trace, as the worker's log does."""

    export_id: int
    detail: str


async def read_connections(connection: AsyncConnection, companies: frozenset[str] | None) -> Sequence[ConnectionLine]:
    """By name."""
    seen = {each.profile.name: each for each in await read_profiles(connection)}
    loads = await read_loads(connection, companies)
    fares = await read_fares(connection, companies)
    return [ConnectionLine(seen[fare.connection], fare, loads.get(fare.connection, Load())) for fare in fares]


async def read_connection(connection: AsyncConnection, profile: ConnectionProfile) -> ConnectionLine:
    """The one of this profile."""
    lines = await read_connections(connection, frozenset({profile.company_id}))
    return next(line for line in lines if line.fare.connection == profile.name)


async def visible_profile(
    connection: AsyncConnection, name: str, companies: frozenset[str] | None
) -> ConnectionProfile | None:
    """None when there is no such connection, or not for whoever asks."""
    profile = await read_profile(connection, name)
    is_visible = profile is not None and (companies is None or profile.company_id in companies)
    return profile if is_visible else None


async def read_companies_of(connection: AsyncConnection, companies: frozenset[str] | None) -> Mapping[str, str]:
    """The company of each connection that may be seen."""
    profiles = [each.profile for each in await read_profiles(connection)]
    return {each.name: each.company_id for each in profiles if companies is None or each.company_id in companies}


async def read_circuit(connection: AsyncConnection, name: str) -> Circuit:
    """As the workers share it."""
    row = (await connection.execute(select(*_CIRCUIT).where(connection_states.c.connection == name))).one_or_none()
    return Circuit(*row) if row else Circuit()


async def read_fault(connection: AsyncConnection, name: str) -> Fault | None:
    """None when everything that such errors held was taken up again."""
    kept = exports.c
    asked = select(kept.id, kept.state).where(
        kept.connection == name, kept.status == Status.HELD.value, kept.reasons.contains([Reason.INTERNAL_ERROR.value])
    )
    row = (await connection.execute(asked.order_by(kept.since.desc()).limit(1))).one_or_none()
    if row is None:
        return None
    findings = state_from_json(row.state).findings
    return Fault(row.id, next((each.detail for each in findings if each.reason is Reason.INTERNAL_ERROR), ""))


async def read_loads(connection: AsyncConnection, companies: frozenset[str] | None) -> Mapping[str, Load]:
    """By connection, as counted along with the entries; those that never had an export are missing."""
    kept = export_counts.c
    for_people = func.sum(kept.count).filter(kept.status.in_(FOR_PEOPLE))
    asked = select(kept.connection, func.sum(kept.count), func.coalesce(for_people, 0)).group_by(kept.connection)
    asked = asked.where(kept.status.in_(OPEN))
    if companies is not None:
        asked = asked.where(kept.company_id.in_(companies))
    return {row[0]: Load(int(row[1]), int(row[2])) for row in await connection.execute(asked)}


_CIRCUIT = tuple(connection_states.c[name] for name in Circuit.__dataclass_fields__)
