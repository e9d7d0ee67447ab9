"""The overview and health as JSON."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel

from services.ledger_dashboard.api.answers import Reader, api_router
from services.ledger_dashboard.desk import desk_of
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

MOST_HOURS = 24 * 31


class Overview(BaseModel):
    """Figures as of now, and the hours before."""

    standings: list[Standing]
    needs: list[Need]
    hours: list[Hour]
    connections: list[Fare]
    flow: Flow


class Health(BaseModel):
    """Each process by its own word, the database, and Procore's hooks."""

    instances: list[Instance]
    database: Database
    hooks: list[Hook]


router = api_router("figures")


@router.get("/overview")
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


@router.get("/health")
async def health(request: Request, person: Reader) -> Health:
    """How the parts fare."""
    async with desk_of(request).engine.connect() as connection:
        return Health(
            instances=list(await read_instances(connection)),
            database=await read_database(connection),
            hooks=list(await read_hooks(connection, person.companies)),
        )
