"""What Kafka brought, as JSON; and a dead letter read once more."""

from typing import Annotated, Literal

from fastapi import Depends, HTTPException, Query, Request
from pydantic import BaseModel

from services.ledger_dashboard.api.answers import ABSENT, CHANGED, FORBIDDEN, Id, Reader, api_router, refusals
from services.ledger_dashboard.asking.sender import NotSent
from services.ledger_dashboard.deeds import dead_letters
from services.ledger_dashboard.deeds.dead_letters import NotReplayed
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.guard import require
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed
from services.ledger_dashboard.presentation.filters import LARGEST_ID
from services.ledger_dashboard.presentation.masking import masked
from services.ledger_dashboard.reading.events import PAGE, Event, EventLine, list_events, read_event

NO_EVENT = "There is no such event, or you may not see it."
DUPLICATE = "duplicate"
Fate = Literal[
    "accepted", "ignored", "command", "dead_lettered", "foreign", "refused", "unplaced", "postponed", "duplicate"
]


class Events(BaseModel):
    """`older` goes into `before` for the page after this."""

    events: list[EventLine]
    older: int | None


class EventDetail(BaseModel):
    """With what came, without secrets and personal data."""

    event: EventLine
    body: str


class PassedOn(BaseModel):
    """It is on its way: look for `event_id` among the accepted ones."""

    event_id: str
    company_id: str
    project_id: str | None


router = api_router("events")


@router.get("/events")
async def events(
    request: Request,
    person: Reader,
    fate: Annotated[Fate | None, Query(description="duplicate: came more than once")] = None,
    before: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
) -> Events:
    """What Kafka brought, newest first."""
    is_duplicate = fate == DUPLICATE
    async with desk_of(request).engine.connect() as connection:
        lines = await list_events(
            connection,
            person.companies,
            fate=None if is_duplicate else fate,
            duplicates_only=is_duplicate,
            before=before,
        )
    return Events(events=list(lines[:PAGE]), older=lines[PAGE - 1].id if len(lines) > PAGE else None)


@router.get("/events/{event_id}", responses=refusals(ABSENT))
async def event(request: Request, event_id: Id, person: Reader) -> EventDetail:
    """One, with what came."""
    found = await _event(request, event_id, person)
    line = EventLine(**{name: getattr(found, name) for name in EventLine.__dataclass_fields__})
    return EventDetail(event=line, body=masked(found.raw.decode(errors="replace")))


@router.post("/events/{event_id}/replays", status_code=202, responses=refusals(FORBIDDEN, ABSENT, CHANGED))
async def replay(
    request: Request, event_id: Id, person: Annotated[Person, Depends(require(Deed.REPLAY_DEAD_LETTER))]
) -> PassedOn:
    """Reads a dead letter's very bytes again. What still cannot be read stays where it is, and says why."""
    desk = desk_of(request)
    found = await _event(request, event_id, person)
    try:
        told = await dead_letters.replay(desk.sender, desk.engine, person, found)
    except NotSent as error:
        raise HTTPException(503, f"Kafka did not take it ({error}): try again.") from error
    if isinstance(told, NotReplayed):
        raise HTTPException(ABSENT, NO_EVENT) if told.is_hidden else HTTPException(CHANGED, told.why)
    return PassedOn(event_id=told.event_id, company_id=told.company_id, project_id=told.project_id)


async def _event(request: Request, event_id: int, person: Person) -> Event:
    async with desk_of(request).engine.connect() as connection:
        found = await read_event(connection, event_id, person.companies)
    if found is None:
        raise HTTPException(ABSENT, NO_EVENT)
    return found
