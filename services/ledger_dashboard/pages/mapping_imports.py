"""A Mappings CSV: shown with all that it would change, then taken over whole; one bad row refuses it all."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.ledger_dashboard.deeds.mappings import import_mappings, read_file
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.pages.connections import ConnectionName, seen_connection
from services.ledger_dashboard.pages.mappings import Mapper
from services.ledger_dashboard.pages.uploads import closing, confirmed, kept, uploaded
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.presentation.mapping import differences
from services.ledger_dashboard.presentation.told import address_after, tally
from services.ledger_dashboard.reading.rehearsals import rehearse_mappings
from shared.connections.mapping_csv import MappingsFile
from shared.connections.mappings import ANY_OTHER

MOST_SHOWN = 200
router = APIRouter(dependencies=[Depends(closing)])


@router.post("/connections/{name}/mappings/previews", include_in_schema=False)
async def preview(request: Request, name: ConnectionName, person: Mapper) -> HTMLResponse:
    """What the file would change. Nothing is saved."""
    content = await uploaded(request)
    async with desk_of(request).engine.connect() as connection:
        await seen_connection(connection, person, name)
        read = (await read_file(connection, person, content)).read
    if read.problems:
        return _refused(request, person, name, read)
    saved, changes = await rehearse_mappings(desk_of(request).engine, read.rows, person.who)
    return desk_of(request).pages.render(
        request,
        "mapping_import.html",
        person,
        name=name,
        problems=(),
        tally=tally(vars(saved)),
        undecided=read.undecided,
        defaults=[row for row in read.rows if row.mapping.procore_id == ANY_OTHER],
        changes=[
            (each.after, each.before, list(differences(each.before, each.after.mapping)))
            for each in changes[:MOST_SHOWN]
        ],
        more=max(0, len(changes) - MOST_SHOWN),
        content=kept(content),
        total=len(read.rows),
    )


@router.post("/connections/{name}/mappings/imports", include_in_schema=False)
async def import_file(request: Request, name: ConnectionName, person: Mapper) -> Response:
    """The very bytes that the preview showed."""
    content = await confirmed(request)
    async with desk_of(request).engine.begin() as connection:
        await seen_connection(connection, person, name)
        file = await read_file(connection, person, content)
        if file.read.problems:
            return _refused(request, person, name, file.read)
        saved = await import_mappings(connection, person, content, file)
    address = address_after(f"/connections/{name}/mappings", "imported", tally(vars(saved)))
    return RedirectResponse(address, status_code=303)


def _refused(request: Request, person: Person, name: str, read: MappingsFile) -> HTMLResponse:
    return desk_of(request).pages.render(
        request,
        "mapping_import.html",
        person,
        status=422,
        name=name,
        problems=read.problems[:MOST_SHOWN],
        total=len(read.problems),
    )
