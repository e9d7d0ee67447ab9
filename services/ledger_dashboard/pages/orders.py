"""Replay many: choose, see what it would do and over how much, then do it, watch it, or stop it."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.asking import ordering
from services.ledger_dashboard.asking.bulk import NothingChosen, Progress
from services.ledger_dashboard.asking.wishes import LONGEST_WHY
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.guard import require, signed_in
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed
from services.ledger_dashboard.presentation.filters import LARGEST_ID, postgres_id
from services.ledger_dashboard.presentation.formatting import count
from shared.ledger.foretold import Prospect
from shared.terminology import STATUS_WORDS

PROSPECTS = {
    Prospect.SEND: "would be sent",
    Prospect.HOLD: "would be held",
    Prospect.DEFER: "would wait",
    Prospect.SKIP: "would be skipped",
    Prospect.CONFIRM: "would be confirmed as exported",
    Prospect.KEEP: "would stay as they are",
    Prospect.LEAVE: "would be left alone for now",
    Prospect.ASK_ERP: "need the ERP to be asked first",
    Prospect.REFUSED: "would be refused",
    Prospect.UNKNOWN: "cannot be told now",
}

OrderId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Replayer = Annotated[Person, Depends(require(Deed.REPLAY))]
router = APIRouter()


@router.post("/replays", include_in_schema=False)
async def replay_many(request: Request, person: Replayer) -> Response:
    """A dry run first, always: its page offers to do it for real, over the very same exports."""
    form = await request.form()
    why = str(form.get("why") or "").strip()[:LONGEST_WHY].replace("\x00", "")
    if not why:
        raise HTTPException(422, "A reason is needed: go back and give one. Nothing was asked.")
    query = str(form.get("filter") or "") if form.get("which") == "filter" else None
    try:
        ids = [] if query is not None else [postgres_id(str(each)) for each in form.getlist("id")]
        async with desk_of(request).engine.begin() as connection:
            order_id = await ordering.replay_many(connection, person, why, ids=ids, query=query)
    except (NothingChosen, ValueError) as error:
        raise HTTPException(422, f"{error} Nothing was asked.") from error
    return RedirectResponse(f"/orders/{order_id}", status_code=303)


@router.get("/orders/{order_id}", include_in_schema=False)
async def order(request: Request, order_id: OrderId, person: Annotated[Person, Depends(signed_in)]) -> HTMLResponse:
    """How far it is, and what became of each."""
    async with desk_of(request).engine.connect() as connection:
        progress = await _mine(connection, order_id, person)
    told = [
        f"{count(number, 'export')} {PROSPECTS[Prospect(prospect)]}"
        for prospect, number in sorted(progress.decisions.items(), key=lambda pair: -pair[1])
    ]
    return desk_of(request).pages.render(
        request, "order.html", person, live=True, order=progress, told=told, statuses=STATUS_WORDS
    )


@router.post("/orders/{order_id}/replays", include_in_schema=False)
async def carry_out(request: Request, order_id: OrderId, person: Replayer) -> Response:
    """The dry run's exports, for real."""
    async with desk_of(request).engine.begin() as connection:
        rehearsed = await _mine(connection, order_id, person)
        if not rehearsed.is_dry_run:
            raise HTTPException(422, "This was no dry run: nothing was asked.")
        made = await ordering.replay_rehearsed(connection, person, rehearsed)
    return RedirectResponse(f"/orders/{made}", status_code=303)


@router.post("/orders/{order_id}/cancellations", include_in_schema=False)
async def stop(request: Request, order_id: OrderId, person: Replayer) -> Response:
    """What was not sent yet is not sent."""
    async with desk_of(request).engine.begin() as connection:
        await _mine(connection, order_id, person)
        await ordering.stop(connection, person, order_id)
    return RedirectResponse(f"/orders/{order_id}", status_code=303)


async def _mine(connection: AsyncConnection, order_id: int, person: Person) -> Progress:
    progress = await ordering.visible_order(connection, order_id, person)
    if progress is None:
        raise HTTPException(404, "There is no such order, or it is somebody else's.")
    return progress
