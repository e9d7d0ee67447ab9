"""Each company's ERP: how it fares, what it can and cannot, what it lacks; paused and resumed."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.deeds.connections import pause, resume
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.guard import require, signed_in
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed
from services.ledger_dashboard.presentation.told import address_after, told
from services.ledger_dashboard.reading.connections import (
    read_circuit,
    read_connection,
    read_connections,
    read_fault,
    visible_profile,
)
from services.ledger_dashboard.reading.mappings import MOST_COUNTED, count_mappings, read_lacking
from services.ledger_dashboard.reading.names import people_names
from shared.connections.profile import ConnectionProfile

LONGEST_WHY = 500
ConnectionName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]
Pauser = Annotated[Person, Depends(require(Deed.PAUSE))]
router = APIRouter()


@router.get("/connections", include_in_schema=False)
async def connections(request: Request, person: Annotated[Person, Depends(signed_in)]) -> HTMLResponse:
    """All of them beside each other."""
    async with desk_of(request).engine.connect() as connection:
        lines = await read_connections(connection, person.companies)
    return desk_of(request).pages.render(request, "connections.html", person, live=True, lines=lines)


@router.get("/connections/{name}", include_in_schema=False)
async def one_connection(
    request: Request, name: ConnectionName, person: Annotated[Person, Depends(signed_in)]
) -> HTMLResponse:
    """Everything about one."""
    async with desk_of(request).engine.connect() as connection:
        profile = await seen_connection(connection, person, name)
        line = await read_connection(connection, profile)
        circuit = await read_circuit(connection, name)
        fault = await read_fault(connection, name) if line.fare.is_stopped else None
        lacking = await read_lacking(connection, name, profile.company_id)
        counts = await count_mappings(connection, name)
        names = await people_names(connection, [circuit.paused_by] if circuit.paused_by else [])
    return desk_of(request).pages.render(
        request,
        "connection.html",
        person,
        live=True,
        line=line,
        profile=profile,
        **_sections(profile),
        circuit=circuit,
        fault=fault,
        lacking=lacking,
        is_bounded=sum(each.count for each in lacking) >= MOST_COUNTED,
        counts=counts,
        names=names,
        may_pause=person.may(Deed.PAUSE),
        may_map=person.may(Deed.MAP),
        may_replay=person.may(Deed.REPLAY),
        flash=told(request.query_params),
    )


@router.post("/connections/{name}/pauses", include_in_schema=False)
async def pause_it(request: Request, name: ConnectionName, person: Pauser) -> Response:
    """Until somebody resumes it."""
    why = await _why(request)
    async with desk_of(request).engine.begin() as connection:
        profile = await seen_connection(connection, person, name)
        await pause(connection, person, profile, why)
    return RedirectResponse(address_after(f"/connections/{name}", "paused"), status_code=303)


@router.post("/connections/{name}/resumptions", include_in_schema=False)
async def resume_it(request: Request, name: ConnectionName, person: Pauser) -> Response:
    """Also after it stopped by itself. What waited is looked at again by itself."""
    why = await _why(request)
    async with desk_of(request).engine.begin() as connection:
        profile = await seen_connection(connection, person, name)
        await resume(connection, person, profile, why)
    return RedirectResponse(address_after(f"/connections/{name}", "resumed"), status_code=303)


async def seen_connection(connection: AsyncConnection, person: Person, name: str) -> ConnectionProfile:
    """Raises HTTPException 404 for what is not there, or not for this person: nobody can tell which."""
    profile = await visible_profile(connection, name, person.companies)
    if profile is None:
        raise HTTPException(404, "There is no such connection, or you may not see it.")
    return profile


def _sections(profile: ConnectionProfile) -> dict[str, Any]:
    """What it can, what to know, and what one needs once. A table of what it can has no name for its first column."""
    tables = [each for each in profile.sections if each.rows]
    return {
        "abilities": [each for each in tables if not any(each.head[:1])],
        "notes": [each for each in profile.sections if each.sentences],
        "tables": [each for each in tables if any(each.head[:1])],
    }


async def _why(request: Request) -> str:
    why = str((await request.form()).get("why") or "").strip()[:LONGEST_WHY].replace("\x00", "")
    if not why:
        raise HTTPException(422, "A reason is needed: go back and give one. Nothing was done.")
    return why
