"""Replay many: choose, see what it would do and over how much, then do it, watch it, or stop it."""

from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.asking.bulk import (
    NothingChosen,
    Order,
    Progress,
    cancel,
    order_again,
    order_filtered,
    order_selected,
    read_progress,
)
from services.ledger_dashboard.asking.wishes import LONGEST_WHY, capacity
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.guard import require, signed_in
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed, Role
from services.ledger_dashboard.presentation.filters import LARGEST_ID, in_words, postgres_id, read_query
from services.ledger_dashboard.presentation.formatting import count
from shared.events.command import Action
from shared.ledger.filter import Filter
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
    async with desk_of(request).engine.begin() as connection:
        try:
            order_id = await _choose(connection, form, person, why)
        except NothingChosen as error:
            raise HTTPException(422, str(error)) from error
        except ValueError as error:
            raise HTTPException(422, f"{error}: go back and choose again. Nothing was asked.") from error
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
        wish = _order(person, rehearsed.why, rehearsed.chosen, is_dry_run=False, rehearsed_by=order_id)
        made = await order_again(connection, wish, order_id)
        await record(connection, person, "asked", f"order {made}", why=rehearsed.why, exports=rehearsed.total)
    return RedirectResponse(f"/orders/{made}", status_code=303)


@router.post("/orders/{order_id}/cancellations", include_in_schema=False)
async def stop(request: Request, order_id: OrderId, person: Replayer) -> Response:
    """What was not sent yet is not sent."""
    async with desk_of(request).engine.begin() as connection:
        await _mine(connection, order_id, person)
        if await cancel(connection, order_id, person.who):
            await record(connection, person, "stopped", f"order {order_id}")
    return RedirectResponse(f"/orders/{order_id}", status_code=303)


async def _choose(connection: AsyncConnection, form: Any, person: Person, why: str) -> int:
    if form.get("which") == "filter":
        query = str(form.get("filter") or "")
        asked = read_query(_pairs(query), person.companies)
        if asked.problems:
            raise NothingChosen(f"The filter is not understood: {asked.problems[0]}")
        return await order_filtered(connection, _order(person, why, in_words(asked.filter)), asked.filter)
    ids = [postgres_id(str(each)) for each in form.getlist("id")]
    wish = _order(person, why, count(len(ids), "chosen export"))
    return await order_selected(connection, wish, ids, Filter(companies=person.companies))


def _order(person: Person, why: str, chosen: str, *, is_dry_run: bool = True, rehearsed_by: int | None = None) -> Order:
    return Order(
        by=person.who,
        shown_name=person.shown_name,
        role=capacity(person, Action.REPLAY),
        action=Action.REPLAY,
        why=why,
        chosen=chosen,
        is_dry_run=is_dry_run,
        rehearsed_by=rehearsed_by,
    )


async def _mine(connection: AsyncConnection, order_id: int, person: Person) -> Progress:
    """One's own, or an admin's view of all that lies within their companies."""
    progress = await read_progress(connection, order_id)
    is_visible = progress is not None and (
        progress.by == person.who or (Role.ADMIN in person.roles and person.companies is None)
    )
    if progress is None or not is_visible:
        raise HTTPException(404, "There is no such order, or it is somebody else's.")
    return progress


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query[:4_000], keep_blank_values=False)
