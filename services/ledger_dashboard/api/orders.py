"""Replays of many as JSON: a dry run, then the same exports for real, watched and stopped."""

from typing import Annotated

from fastapi import Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.api.answers import (
    ABSENT,
    CHANGED,
    FORBIDDEN,
    UNREAD,
    Id,
    Reader,
    api_router,
    refusals,
)
from services.ledger_dashboard.asking import ordering
from services.ledger_dashboard.asking.bulk import NothingChosen, Progress
from services.ledger_dashboard.asking.wishes import Why
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.guard import require
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed
from services.ledger_dashboard.presentation.filters import LARGEST_ID


class Replays(BaseModel):
    """Either `ids`, or `filter`: the query of GET /exports, such as "status=failed&reason=period_closed"."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)

    why: Why
    ids: list[Annotated[int, Field(ge=1, le=LARGEST_ID)]] = Field(default=[], max_length=10_000)
    filter: str | None = Field(None, max_length=4_000)
    dry_run: bool = Field(default=True, description="only say what would become of each")


Replayer = Annotated[Person, Depends(require(Deed.REPLAY))]
router = api_router("replays of many")


@router.post("/replays", status_code=201, responses=refusals(UNREAD, FORBIDDEN))
async def replay_many(request: Request, asked: Replays, person: Replayer) -> Progress:
    """Freezes the selection and sends it on, each connection at its own pace."""
    if bool(asked.ids) == (asked.filter is not None):
        raise HTTPException(422, "Give either ids or filter.")
    async with desk_of(request).engine.begin() as connection:
        try:
            order_id = await ordering.replay_many(
                connection, person, asked.why, ids=asked.ids, query=asked.filter, is_dry_run=asked.dry_run
            )
        except NothingChosen as error:
            raise HTTPException(422, str(error)) from error
        return await _mine(connection, order_id, person)


@router.get("/orders/{order_id}", responses=refusals(ABSENT))
async def order(request: Request, order_id: Id, person: Reader) -> Progress:
    """How far it is, and what became of each: the first 200."""
    async with desk_of(request).engine.connect() as connection:
        return await _mine(connection, order_id, person)


@router.post("/orders/{order_id}/replays", status_code=201, responses=refusals(FORBIDDEN, ABSENT, CHANGED))
async def carry_out(request: Request, order_id: Id, person: Replayer) -> Progress:
    """The dry run's exports, for real."""
    async with desk_of(request).engine.begin() as connection:
        rehearsed = await _mine(connection, order_id, person)
        if not rehearsed.is_dry_run:
            raise HTTPException(CHANGED, "This was no dry run: nothing was asked.")
        return await _mine(connection, await ordering.replay_rehearsed(connection, person, rehearsed), person)


@router.post("/orders/{order_id}/cancellations", responses=refusals(FORBIDDEN, ABSENT))
async def cancel(request: Request, order_id: Id, person: Replayer) -> Progress:
    """What was not sent yet is not sent."""
    async with desk_of(request).engine.begin() as connection:
        await _mine(connection, order_id, person)
        await ordering.stop(connection, person, order_id)
        return await _mine(connection, order_id, person)


async def _mine(connection: AsyncConnection, order_id: int, person: Person) -> Progress:
    progress = await ordering.visible_order(connection, order_id, person)
    if progress is None:
        raise HTTPException(ABSENT, "There is no such order, or it is somebody else's.")
    return progress
