"""A connection's mappings: listed, found, changed one by one, downloaded, and imported as a file."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.deeds import mappings as deeds
from services.ledger_dashboard.deeds.mappings import LONGEST, TYPED, as_typed, read_typed
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.pages.connections import ConnectionName, seen_connection
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.guard import require, signed_in
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed
from services.ledger_dashboard.presentation.told import address_after, told
from services.ledger_dashboard.reading.mappings import count_mappings, read_mapping, read_mappings
from services.ledger_dashboard.reading.names import people_names
from shared.connections.mapping_csv import COLUMNS, write_mappings
from shared.connections.mapping_store import all_current
from shared.connections.mappings import ANY_OTHER, Mapping, MappingKind

THERE = "connection"  # where a form goes back to, if it came from there

Mapper = Annotated[Person, Depends(require(Deed.MAP))]
router = APIRouter()


@dataclass(frozen=True)
class Sought:
    """What of the list is asked for; empty: everything."""

    kind: str = ""
    search: str = ""


@router.get("/connections/{name}/mappings", include_in_schema=False)
async def mappings(
    request: Request,
    name: ConnectionName,
    person: Annotated[Person, Depends(signed_in)],
    sought: Annotated[Sought, Depends()],
    change: str = "",
) -> HTMLResponse:
    """The list. `change` names the one that the form begins with, as kind:key."""
    async with desk_of(request).engine.connect() as connection:
        await seen_connection(connection, person, name)
        values = await _listed(connection, name, sought)
        changed_kind, _, key = change.replace("\x00", "").partition(":")
        standing = None
        if known := _kind(changed_kind):
            standing = await read_mapping(connection, name, known, key)
    values |= {"typed": _as_typed(standing), "is_change": standing is not None, "problems": ()}
    return _page(request, person, values, flash=told(request.query_params))


@router.post("/connections/{name}/mappings", include_in_schema=False)
async def map_one(request: Request, name: ConnectionName, person: Mapper) -> Response:
    """One mapping, read by the same rules as a file's row."""
    form = await request.form()
    typed = {column: str(form.get(column) or "")[:LONGEST] for column in TYPED}
    read = read_typed(name, typed)
    async with desk_of(request).engine.begin() as connection:
        profile = await seen_connection(connection, person, name)
        if read.problems:
            values = await _listed(connection, name, Sought())
            values |= {"typed": typed, "is_change": False, "problems": read.problems}
            flash = {"kind": "bad", "text": "Nothing was saved: see below."}
            return _page(request, person, values, flash=flash, status=422)
        await deeds.map_one(connection, person, profile, read.rows[0])
    back = f"/connections/{name}" if form.get("back") == THERE else f"/connections/{name}/mappings"
    return RedirectResponse(address_after(back, "mapped"), status_code=303)


@router.get("/connections/{name}/mappings.csv", include_in_schema=False)
async def download(request: Request, name: ConnectionName, person: Annotated[Person, Depends(signed_in)]) -> Response:
    """All that is mapped now, as a file that can be changed and imported again."""
    async with desk_of(request).engine.begin() as connection:
        profile = await seen_connection(connection, person, name)
        rows = await all_current(connection, name)
        await record(connection, person, "downloaded", f"mappings of {name}", profile.company_id)
    headers = {"Content-Disposition": f'attachment; filename="mappings-{name}.csv"', "Cache-Control": "no-store"}
    return Response(write_mappings(rows), media_type="text/csv; charset=utf-8", headers=headers)


async def _listed(connection: AsyncConnection, name: str, sought: Sought) -> dict[str, Any]:
    wanted, text = _kind(sought.kind), sought.search.strip().replace("\x00", "")[:LONGEST]
    found = await read_mappings(connection, name, kind=wanted, search=text or None)
    return {
        "name": name,
        "found": found,
        "kind": wanted,
        "search": text,
        "counts": await count_mappings(connection, name),
        "names": await people_names(connection, {each.changed_by for each in found.rows}),
    }


def _page(
    request: Request, person: Person, values: dict[str, Any], *, flash: dict[str, str] | None, status: int = 200
) -> HTMLResponse:
    return desk_of(request).pages.render(
        request,
        "mappings.html",
        person,
        status=status,
        kinds=list(MappingKind),
        columns=COLUMNS,
        any_other=ANY_OTHER,
        may_map=person.may(Deed.MAP),
        flash=flash,
        **values,
    )


def _as_typed(mapping: Mapping | None) -> dict[str, str]:
    if mapping is None:
        return dict.fromkeys(TYPED, "")
    return as_typed(mapping)


def _kind(word: str) -> MappingKind | None:
    return next((kind for kind in MappingKind if kind.value == word), None)
