"""Health: each process, Kafka, the database, Procore's budget and its hooks."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.guard import signed_in
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.reading.health import read_database, read_hooks, read_instances

router = APIRouter()


@router.get("/health", include_in_schema=False)
async def health(request: Request, person: Annotated[Person, Depends(signed_in)]) -> HTMLResponse:
    """Everything on one page."""
    desk = desk_of(request)
    async with desk.engine.connect() as connection:
        instances = await read_instances(connection)
        hooks = await read_hooks(connection, person.companies)
        database = await read_database(connection)
    workers = [each for each in instances if each.service == "worker" and each.is_fresh]
    partitions = {
        tuple(place.rsplit("/", 1)): lag
        for worker in workers
        for place, lag in worker.detail.get("kafka", {}).get("partitions", {}).items()
    }
    return desk.pages.render(
        request,
        "health.html",
        person,
        live=True,
        instances=instances,
        partitions=sorted(partitions.items()),
        budgets=[budget for worker in workers if (budget := worker.detail.get("procore"))],
        hooks=hooks,
        database=database,
    )
