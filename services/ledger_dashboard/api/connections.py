"""Each company's ERP as JSON: how it fares, what it can and cannot; paused and resumed."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel

from services.ledger_dashboard.api.answers import (
    ABSENT,
    FORBIDDEN,
    UNREAD,
    ConnectionName,
    Reader,
    Reasoned,
    api_router,
    refusals,
    seen_profile,
)
from services.ledger_dashboard.deeds.connections import pause, resume
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.guard import require
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed
from services.ledger_dashboard.reading.connections import (
    Circuit,
    ConnectionLine,
    Load,
    read_circuit,
    read_connection,
    read_connections,
)
from services.ledger_dashboard.reading.mappings import count_mappings
from services.ledger_dashboard.reading.overview import Fare
from shared.connections.mappings import MappingKind
from shared.connections.profile import ConnectionProfile


class Line(BaseModel):
    """`is_current`: the worker that started last, at `seen_at`, has it in its file."""

    name: str
    company_id: str
    adapter: str
    is_current: bool
    seen_at: datetime
    fare: Fare
    load: Load


class Connections(BaseModel):
    """By name."""

    connections: list[Line]


class ConnectionDetail(Line):
    """`profile.sections` say what the ERP can, its limits, and what to know. `mappings`: how many of each kind."""

    profile: ConnectionProfile
    circuit: Circuit
    mappings: dict[MappingKind, int]


Pauser = Annotated[Person, Depends(require(Deed.PAUSE))]
router = api_router("connections")


@router.get("/connections")
async def connections(request: Request, person: Reader) -> Connections:
    """Every connection that a worker ever served."""
    async with desk_of(request).engine.connect() as connection:
        lines = await read_connections(connection, person.companies)
    return Connections(connections=[_line(each) for each in lines])


@router.get("/connections/{name}", responses=refusals(ABSENT))
async def connection_detail(request: Request, name: ConnectionName, person: Reader) -> ConnectionDetail:
    """Everything about one but its mappings."""
    async with desk_of(request).engine.connect() as connection:
        profile = await seen_profile(connection, person, name)
        line = _line(await read_connection(connection, profile))
        return ConnectionDetail(
            **dict(line),
            profile=profile,
            circuit=await read_circuit(connection, name),
            mappings=dict(await count_mappings(connection, name)),
        )


@router.post("/connections/{name}/pauses", responses=refusals(UNREAD, FORBIDDEN, ABSENT))
async def pause_it(request: Request, name: ConnectionName, asked: Reasoned, person: Pauser) -> Circuit:
    """Nothing more is sent through it until somebody resumes it. What is under way is finished."""
    async with desk_of(request).engine.begin() as connection:
        profile = await seen_profile(connection, person, name)
        await pause(connection, person, profile, asked.why)
        return await read_circuit(connection, name)


@router.post("/connections/{name}/resumptions", responses=refusals(UNREAD, FORBIDDEN, ABSENT))
async def resume_it(request: Request, name: ConnectionName, asked: Reasoned, person: Pauser) -> Circuit:
    """Also after it stopped by itself, which is counted anew from then on. What waited is looked at again by itself."""
    async with desk_of(request).engine.begin() as connection:
        profile = await seen_profile(connection, person, name)
        await resume(connection, person, profile, asked.why)
        return await read_circuit(connection, name)


def _line(line: ConnectionLine) -> Line:
    profile = line.seen.profile
    return Line(
        name=profile.name,
        company_id=profile.company_id,
        adapter=profile.adapter,
        is_current=line.seen.is_current,
        seen_at=line.seen.seen_at,
        fare=line.fare,
        load=line.load,
    )
