"""The overview: in five seconds whether all is well, and if not, where to look."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.guard import signed_in
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.presentation.charts import Column, Point, columns, lines
from services.ledger_dashboard.reading.overview import (
    Fare,
    Flow,
    Hour,
    Need,
    read_fares,
    read_flow,
    read_hours,
    read_needs,
    read_standings,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPANS = {"hours": (48, HOUR, "%H:00"), "days": (30, DAY, "%d %b")}
MUCH_LAG = 1_000

router = APIRouter()


@router.get("/", include_in_schema=False)
async def overview(
    request: Request, person: Annotated[Person, Depends(signed_in)], span: str = "hours"
) -> HTMLResponse:
    """Figures, what needs a person, two charts, the connections and what is on its way."""
    steps, step, form = SPANS.get(span, SPANS["hours"])
    now = datetime.now(UTC)
    begun = now.replace(hour=0 if step == DAY else now.hour, minute=0, second=0, microsecond=0)
    async with desk_of(request).engine.connect() as connection:
        standings = await read_standings(connection, person.companies)
        needs = await read_needs(connection, person.companies)
        since = begun - (steps - 1) * step
        hours = await read_hours(connection, person.companies, since=since, until=begun + step, step=step)
        fares = await read_fares(connection, person.companies)
        flow = await read_flow(connection)
    unit = "day" if step == DAY else "hour"
    return desk_of(request).pages.render(
        request,
        "overview.html",
        person,
        live=True,
        standings=standings,
        needs=needs,
        troubles=troubles(needs, fares, flow),
        ends=columns([_column(hour, form) for hour in hours], f"Exports by outcome, each {unit}"),
        took=lines([_point(hour, form) for hour in hours], ("median", "p95"), f"Approval to ERP, each {unit}"),
        latest=next((hour for hour in reversed(hours) if hour.median is not None), None),
        fares=fares,
        flow=flow,
        span="days" if step == DAY else "hours",
    )


def troubles(needs: list[Need], fares: Sequence[Fare], flow: Flow) -> list[str]:
    """One sentence for each thing that is not well; none: all quiet."""
    told = []
    if needs:
        total = sum(need.count for need in needs)
        told.append("1 export needs a person." if total == 1 else f"{total:,} exports need a person.")
    for fare in fares:
        if fare.is_stopped:
            told.append(f"{fare.connection} stopped after errors of our own.")
        elif fare.open_until:
            told.append(f"{fare.connection} does not answer and is tried again by itself.")
    if not flow.workers:
        told.append("No worker is running: nothing is exported until one is.")
    if not flow.receivers:
        told.append("No receiver is running: Procore keeps its webhooks for 12 hours at most.")
    if flow.lag is not None and flow.lag > MUCH_LAG:
        told.append(f"{flow.lag:,} records wait in Kafka.")
    if flow.parked:
        told.append(f"{flow.parked:,} webhooks are parked until Kafka takes them.")
    return told


def _column(hour: Hour, form: str) -> Column:
    parts = (("exported", hour.exported), ("held", hour.held), ("failed", hour.failed))
    return Column(f"{hour.begins:{form}}", parts)


def _point(hour: Hour, form: str) -> Point:
    return Point(f"{hour.begins:{form}}", (hour.median, hour.p95))
