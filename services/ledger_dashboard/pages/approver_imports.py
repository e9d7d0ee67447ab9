"""An Approvers CSV: shown with all that it would change, then taken over whole; one bad row refuses it all."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.ledger_dashboard.deeds.approvers import import_records, read_file
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.pages.approvers import Recorder
from services.ledger_dashboard.pages.uploads import closing, confirmed, kept, uploaded
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.presentation.rights import differences
from services.ledger_dashboard.presentation.told import address_after, tally
from services.ledger_dashboard.reading.rehearsals import rehearse_records
from shared.approvers.record import ApproverRecord
from shared.connections.csv_table import CsvResult

MOST_SHOWN = 200
router = APIRouter(dependencies=[Depends(closing)])


@router.post("/approvers/previews", include_in_schema=False)
async def preview(request: Request, person: Recorder) -> HTMLResponse:
    """What the file would change. Nothing is saved."""
    content = await uploaded(request)
    read = read_file(person, content)
    if read.problems:
        return _refused(request, person, read)
    saved, changes = await rehearse_records(desk_of(request).engine, read.rows, person.who)
    shown = [(each.after, list(differences(each.before, each.after)), each.before) for each in changes[:MOST_SHOWN]]
    return desk_of(request).pages.render(
        request,
        "approver_import.html",
        person,
        problems=(),
        tally=tally(vars(saved)),
        changes=shown,
        more=len(changes) - len(shown),
        content=kept(content),
        total=len(read.rows),
    )


@router.post("/approvers/imports", include_in_schema=False)
async def import_file(request: Request, person: Recorder) -> Response:
    """The very bytes that the preview showed."""
    content = await confirmed(request)
    read = read_file(person, content)
    if read.problems:
        return _refused(request, person, read)
    async with desk_of(request).engine.begin() as connection:
        saved = await import_records(connection, person, content, read.rows)
    return RedirectResponse(address_after("/approvers", "imported", tally(vars(saved))), status_code=303)


def _refused(request: Request, person: Person, read: CsvResult[ApproverRecord]) -> HTMLResponse:
    return desk_of(request).pages.render(
        request,
        "approver_import.html",
        person,
        status=422,
        problems=read.problems[:MOST_SHOWN],
        total=len(read.problems),
    )
