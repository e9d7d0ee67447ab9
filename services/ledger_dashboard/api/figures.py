"""The overview, events, tie-outs and health as JSON."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from pydantic import BaseModel

from services.ledger_dashboard.api.answers import PREFIX, REFUSALS
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.guard import signed_in
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.presentation.filters import LARGEST_ID
from services.ledger_dashboard.presentation.masking import masked
from services.ledger_dashboard.reading.events import PAGE, EventLine, list_events, read_event
from services.ledger_dashboard.reading.export import read_profile
from services.ledger_dashboard.reading.health import (
    Database,
    Hook,
    Instance,
    read_database,
    read_hooks,
    read_instances,
)
from services.ledger_dashboard.reading.overview import (
    Fare,
    Flow,
    Hour,
    Need,
    Standing,
    read_fares,
    read_flow,
    read_hours,
    read_needs,
    read_standings,
)
from services.ledger_dashboard.reading.tie_outs import read_month
from shared.ledger.tie_out import Period
from shared.ledger.tie_out_reader import Finding, tally_to_json

MOST_HOURS = 24 * 31


class Overview(BaseModel):
    """Figures as of now, and the hours before."""

    standings: list[Standing]
    needs: list[Need]
    hours: list[Hour]
    connections: list[Fare]
    flow: Flow


class Events(BaseModel):
    """`older` goes into `before` for the page after this."""

    events: list[EventLine]
    older: int | None


class EventDetail(BaseModel):
    """With what came, without secrets and personal data."""

    event: EventLine
    body: str


class TieOut(BaseModel):
    """A month of one connection. `ties`: the parts add up, the ERP was asked to the end, and nothing differs."""

    connection: str
    period: str
    ties: bool
    sums: list[dict[str, Any]]
    asked_at: datetime | None
    failure: str | None
    findings: list[Finding]
    signed_off_by: list[str]


class Health(BaseModel):
    """Each process by its own word, the database, and Procore's hooks."""

    instances: list[Instance]
    database: Database
    hooks: list[Hook]


Reader = Annotated[Person, Depends(signed_in)]
router = APIRouter(prefix=PREFIX, responses=REFUSALS)


@router.get("/overview", tags=["figures"])
async def overview(
    request: Request, person: Reader, hours: Annotated[int, Query(ge=1, le=MOST_HOURS)] = 48
) -> Overview:
    """What the overview shows."""
    until = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    since = until - timedelta(hours=hours)
    async with desk_of(request).engine.connect() as connection:
        return Overview(
            standings=await read_standings(connection, person.companies),
            needs=await read_needs(connection, person.companies),
            hours=await read_hours(connection, person.companies, since=since, until=until, step=timedelta(hours=1)),
            connections=list(await read_fares(connection, person.companies)),
            flow=await read_flow(connection),
        )


@router.get("/events", tags=["events"])
async def events(
    request: Request,
    person: Reader,
    fate: Literal["accepted", "ignored", "command", "dead_lettered", "foreign", "refused", "unplaced"] | None = None,
    before: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
) -> Events:
    """What Kafka brought, newest first."""
    async with desk_of(request).engine.connect() as connection:
        lines = await list_events(connection, person.companies, fate=fate, before=before)
    return Events(events=list(lines[:PAGE]), older=lines[PAGE - 1].id if len(lines) > PAGE else None)


@router.get("/events/{event_id}", tags=["events"])
async def event(request: Request, event_id: Annotated[int, Path(ge=1, le=LARGEST_ID)], person: Reader) -> EventDetail:
    """One, with what came."""
    async with desk_of(request).engine.connect() as connection:
        found = await read_event(connection, event_id, person.companies)
    if found is None:
        raise HTTPException(404, "There is no such event, or you may not see it.")
    body = masked(found.raw.decode(errors="replace"))
    line = EventLine(**{name: getattr(found, name) for name in EventLine.__dataclass_fields__})
    return EventDetail(event=line, body=body)


@router.get("/tie-outs/{name}/{period}", tags=["tie-out"])
async def tie_out(request: Request, name: str, period: str, person: Reader) -> TieOut:
    """One connection's month, such as 2026-10."""
    async with desk_of(request).engine.connect() as connection:
        profile = await read_profile(connection, name.replace("\x00", ""))
        if profile is None or not person.sees(profile.company_id):
            raise HTTPException(404, "There is no such connection, or you may not see it.")
        try:
            asked = Period.parse(period)
        except ValueError as error:
            raise HTTPException(404, "A month is written like 2026-10.") from error
        month = await read_month(connection, profile, asked)
    return TieOut(
        connection=month.connection,
        period=str(month.period),
        ties=month.ties,
        sums=tally_to_json(month.tally),
        asked_at=month.run.finished_at if month.run else None,
        failure=month.run.failure if month.run else None,
        findings=list(month.findings),
        signed_off_by=[each.who for each in month.sign_offs],
    )


@router.get("/health", tags=["figures"])
async def health(request: Request, person: Reader) -> Health:
    """How the parts fare."""
    async with desk_of(request).engine.connect() as connection:
        return Health(
            instances=list(await read_instances(connection)),
            database=await read_database(connection),
            hooks=list(await read_hooks(connection, person.companies)),
        )
