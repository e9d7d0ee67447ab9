"""A connection paused and resumed: for the pages and the API alike, each with its audit record."""

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.person import Person
from shared.connections.profile import ConnectionProfile
from shared.ledger.tables import connection_states


def subject(name: str) -> str:
    """As the audit trail names it."""
    return f"connection {name}"


async def pause(connection: AsyncConnection, person: Person, profile: ConnectionProfile, why: str) -> None:
    """Nothing more is sent through it. A pause that stands already is told anew."""
    values = {"paused_at": func.now(), "paused_by": person.who, "paused_why": why}
    statement = upsert(connection_states).values(connection=profile.name, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["connection"], set_=values))
    await record(connection, person, "paused", subject(profile.name), profile.company_id, why=why)


async def resume(connection: AsyncConnection, person: Person, profile: ConnectionProfile, why: str) -> None:
    """Its pause ends, and so does a stop after errors of our own: what follows is counted from the start."""
    ended = update(connection_states).where(connection_states.c.connection == profile.name)
    await connection.execute(ended.values(paused_at=None, paused_by=None, paused_why=None, internal_errors=0))
    await record(connection, person, "resumed", subject(profile.name), profile.company_id, why=why)
