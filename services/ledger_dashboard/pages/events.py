"""Webhooks as they came; and a dead letter read once more, after its cause was mended."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.ledger_dashboard.asking.sender import NotSent
from services.ledger_dashboard.deeds import dead_letters
from services.ledger_dashboard.deeds.dead_letters import DEAD, NotReplayed
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.pages.export import masked_body
from services.ledger_dashboard.people.guard import require, signed_in
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed
from services.ledger_dashboard.presentation.filters import LARGEST_ID, merged, postgres_id
from services.ledger_dashboard.reading.events import FATES, PAGE, Event, list_events, read_event

FATE_WORDS = {
    "accepted": "accepted: about an owner invoice",
    "ignored": "ignored: about something else",
    "command": "commands of people",
    DEAD: "dead letters: nobody could read them",
    "foreign": "not ours",
    "refused": "refused commands",
    "unplaced": "without a project: reconciliation finds the invoice",
    "postponed": "wait for a worker of a newer version",
    "duplicate": "came more than once",
}

NO_EVENT = "There is no such event, or you may not see it."

EventId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
router = APIRouter()


@router.get("/events-log", include_in_schema=False)
async def events(
    request: Request, person: Annotated[Person, Depends(signed_in)], fate: str = "", before: str = ""
) -> HTMLResponse:
    """Newest first."""
    try:
        cursor = postgres_id(before) if before else None
    except ValueError:
        cursor = None
    wanted = fate if fate in FATES else None
    async with desk_of(request).engine.connect() as connection:
        lines = await list_events(
            connection, person.companies, fate=wanted, duplicates_only=fate == "duplicate", before=cursor
        )
    return desk_of(request).pages.render(
        request,
        "events.html",
        person,
        live=not cursor,
        events=lines[:PAGE],
        fate=fate if fate in FATE_WORDS else "",
        fates=FATE_WORDS,
        older=merged({"fate": fate, "before": lines[PAGE - 1].id}) if len(lines) > PAGE else None,
        is_first=cursor is None,
    )


@router.get("/events-log/{event_id}", include_in_schema=False)
async def event(request: Request, event_id: EventId, person: Annotated[Person, Depends(signed_in)]) -> HTMLResponse:
    """One, with what came."""
    found = await _event(request, event_id, person)
    return desk_of(request).pages.render(
        request,
        "event.html",
        person,
        event=found,
        body=masked_body(found.raw),
        size=len(found.raw),
        can_replay=found.fate == DEAD and person.may(Deed.REPLAY_DEAD_LETTER),
        flash={"kind": "", "text": "It is on its way: look for it among the accepted ones."}
        if "sent" in request.query_params
        else None,
    )


@router.post("/events-log/{event_id}/replays", include_in_schema=False)
async def replay(
    request: Request, event_id: EventId, person: Annotated[Person, Depends(require(Deed.REPLAY_DEAD_LETTER))]
) -> Response:
    """Reads the very bytes again. What still cannot be read stays where it is, and says why."""
    found = await _event(request, event_id, person)
    desk = desk_of(request)
    try:
        told = await dead_letters.replay(desk.sender, desk.engine, person, found)
    except NotSent as error:
        raise HTTPException(503, f"Kafka did not take it ({error}): try again.") from error
    if isinstance(told, NotReplayed):
        raise HTTPException(404, NO_EVENT) if told.is_hidden else HTTPException(422, told.why)
    return RedirectResponse(f"/events-log/{event_id}?sent", status_code=303)


async def _event(request: Request, event_id: int, person: Person) -> Event:
    async with desk_of(request).engine.connect() as connection:
        found = await read_event(connection, event_id, person.companies)
    if found is None:
        raise HTTPException(404, NO_EVENT)
    return found
