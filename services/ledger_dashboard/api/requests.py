"""Exports asked for what they need, as JSON."""

from typing import Annotated

from fastapi import Depends, HTTPException, Request

from services.ledger_dashboard.api.answers import ABSENT, FORBIDDEN, UNREAD, Asked, Id, Reader, api_router, refusals
from services.ledger_dashboard.api.exports import story_of
from services.ledger_dashboard.asking.sender import NotSent
from services.ledger_dashboard.asking.wishes import (
    DEED,
    Acceptance,
    Confirmation,
    Release,
    Replay,
    Resolution,
    Wish,
)
from services.ledger_dashboard.deeds import exports as deeds
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.guard import require
from services.ledger_dashboard.people.person import Person
from shared.events.command import Action
from shared.ledger.reader import read_command

MAY_REFUSE = refusals(UNREAD, FORBIDDEN, ABSENT)
router = api_router("exports")


@router.post("/exports/{export_id}/replays", responses=MAY_REFUSE)
async def replay(
    request: Request,
    export_id: Id,
    wish: Replay,
    person: Annotated[Person, Depends(require(DEED[Action.REPLAY]))],
) -> Asked:
    """Decide it anew, as if it had just arrived; with `dry_run`, only say what that would do."""
    return await _ask(request, export_id, Action.REPLAY, wish, person)


@router.post("/exports/{export_id}/releases", responses=MAY_REFUSE)
async def release(
    request: Request,
    export_id: Id,
    wish: Release,
    person: Annotated[Person, Depends(require(DEED[Action.RELEASE]))],
) -> Asked:
    """Take it over under one's own recorded rights."""
    return await _ask(request, export_id, Action.RELEASE, wish, person)


@router.post("/exports/{export_id}/acceptances", responses=MAY_REFUSE)
async def accept(
    request: Request,
    export_id: Id,
    wish: Acceptance,
    person: Annotated[Person, Depends(require(DEED[Action.ACCEPT]))],
) -> Asked:
    """Go on after the ERP's warning."""
    return await _ask(request, export_id, Action.ACCEPT, wish, person)


@router.post("/exports/{export_id}/confirmations", responses=MAY_REFUSE)
async def confirm(
    request: Request,
    export_id: Id,
    wish: Confirmation,
    person: Annotated[Person, Depends(require(DEED[Action.CONFIRM]))],
) -> Asked:
    """Say that what was handed over was imported."""
    return await _ask(request, export_id, Action.CONFIRM, wish, person)


@router.post("/exports/{export_id}/resolutions", responses=MAY_REFUSE)
async def resolve(
    request: Request,
    export_id: Id,
    wish: Resolution,
    person: Annotated[Person, Depends(require(DEED[Action.RESOLVE]))],
) -> Asked:
    """Say how it ended by hand."""
    return await _ask(request, export_id, Action.RESOLVE, wish, person)


@router.get("/exports/{export_id}/requests/{nonce}", responses=refusals(ABSENT))
async def requested(request: Request, export_id: Id, nonce: str, person: Reader) -> Asked:
    """What became of an earlier request."""
    async with desk_of(request).engine.connect() as connection:
        await story_of(request, person, export_id)
        command = await read_command(connection, nonce) if nonce.isalnum() else None
    if command is None or command.body.get("export_id") != export_id:
        raise HTTPException(ABSENT, "There is no such request, or it was not taken in yet.")
    return Asked(nonce=nonce, handled=command.handled_at is not None, refusal=command.refusal, dry_run=command.answer)


async def _ask(request: Request, export_id: int, action: Action, wish: Wish, person: Person) -> Asked:
    desk = desk_of(request)
    story = await story_of(request, person, export_id)
    try:
        asked = await deeds.ask(desk.sender, desk.engine, person, story.detail.export, action=action, wish=wish)
    except NotSent as error:
        raise HTTPException(503, f"Kafka did not take it ({error}): nothing was asked.") from error
    if asked.answer is None:
        return Asked(nonce=asked.nonce, handled=False)
    return Asked(nonce=asked.nonce, handled=True, refusal=asked.answer.refusal, dry_run=asked.answer.dry_run)
