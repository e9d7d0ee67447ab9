"""Exports as JSON: listed, shown, and asked for what they need."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from pydantic import BaseModel

from services.ledger_dashboard.api.answers import PREFIX, REFUSALS, Asked
from services.ledger_dashboard.asking.sender import NotSent
from services.ledger_dashboard.asking.wishes import (
    DEED,
    Acceptance,
    Confirmation,
    Release,
    Replay,
    Resolution,
    Wish,
    command_for,
)
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.guard import require, signed_in
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.presentation.filters import LARGEST_ID, cursor_text, read_query
from services.ledger_dashboard.presentation.masking import masked
from services.ledger_dashboard.reading.export import Story, read_breaks, read_story
from shared.events.command import Action
from shared.ledger.invoice_sheet import InvoiceSheet
from shared.ledger.reader import list_exports, read_command
from shared.ledger.shown import ExportRow
from shared.ledger.words import NEXT_STEP, Reason, Status

PAGE = 100
WAIT_SECONDS = 8.0


class Finding(BaseModel):
    """One reason, its particulars, and what to do next."""

    reason: Reason
    detail: str
    next_step: str


class ExportPage(BaseModel):
    """`next` goes into `after` for the page after this; null on the last. `problems`: what was not understood."""

    exports: list[ExportRow]
    next: str | None
    problems: tuple[str, ...]


class Entry(BaseModel):
    """One line of the ledger; `body` without secrets and personal data; `hash` in hexadecimal digits."""

    seq: int
    kind: str
    at: datetime
    status_before: Status
    status: Status
    body: dict[str, Any]
    hash: str


class ExportDetail(BaseModel):
    """One export with all that is on record. `chain_breaks` is empty while the ledger of it holds."""

    export: ExportRow
    project: str
    findings: list[Finding]
    invoice: InvoiceSheet | None
    authority: dict[str, Any] | None
    entries: list[Entry]
    chain_breaks: list[str]
    procore_url: str | None
    fingerprint: str | None


ExportId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Reader = Annotated[Person, Depends(signed_in)]
router = APIRouter(prefix=PREFIX, tags=["exports"], responses=REFUSALS)


@router.get("/exports")
async def exports(request: Request, person: Reader) -> ExportPage:
    """One page, newest first. Takes the same query as the page /exports: search, status, reason, connection, ..."""
    asked = read_query(request.query_params.multi_items(), person.companies)
    async with desk_of(request).engine.connect() as connection:
        try:
            page = await list_exports(connection, asked.filter, sort=asked.sort, limit=PAGE, after=asked.after)
        except ValueError as error:
            raise HTTPException(422, "after: it belongs to another order.") from error
    next_page = cursor_text(page.next) if page.next else None
    return ExportPage(exports=list(page.rows), next=next_page, problems=asked.problems)


@router.get("/exports/{export_id}")
async def export(request: Request, export_id: ExportId, person: Reader) -> ExportDetail:
    """All that is on record about one export."""
    desk = desk_of(request)
    async with desk.engine.begin() as connection:
        story = await _story(request, person, export_id)
        await record(connection, person, "saw", f"export {export_id}", story.detail.export.company_id)
    state = story.detail.state
    return ExportDetail(
        export=story.detail.export,
        project=story.project,
        findings=[
            Finding(reason=each.reason, detail=each.detail, next_step=NEXT_STEP[each.reason]) for each in state.findings
        ],
        invoice=story.sheet.sheet if story.sheet else None,
        authority=masked(state.authority.model_dump(mode="json")) if state.authority else None,
        entries=[
            Entry(
                seq=each.seq,
                kind=each.kind,
                at=each.at,
                status_before=each.status_before,
                status=each.status,
                body=masked(each.body.model_dump(mode="json")),
                hash=each.hash.hex(),
            )
            for each in story.detail.entries
        ],
        chain_breaks=[str(broken) for broken in await read_breaks(desk.engine, export_id)],
        procore_url=story.procore_url,
        fingerprint=state.look.fingerprint if state.look else None,
    )


@router.post("/exports/{export_id}/replays")
async def replay(
    request: Request,
    export_id: ExportId,
    wish: Replay,
    person: Annotated[Person, Depends(require(DEED[Action.REPLAY]))],
) -> Asked:
    """Decide it anew, as if it had just arrived; with `dry_run`, only say what that would do."""
    return await _ask(request, export_id, Action.REPLAY, wish, person)


@router.post("/exports/{export_id}/releases")
async def release(
    request: Request,
    export_id: ExportId,
    wish: Release,
    person: Annotated[Person, Depends(require(DEED[Action.RELEASE]))],
) -> Asked:
    """Take it over under one's own recorded rights."""
    return await _ask(request, export_id, Action.RELEASE, wish, person)


@router.post("/exports/{export_id}/acceptances")
async def accept(
    request: Request,
    export_id: ExportId,
    wish: Acceptance,
    person: Annotated[Person, Depends(require(DEED[Action.ACCEPT]))],
) -> Asked:
    """Go on after the ERP's warning."""
    return await _ask(request, export_id, Action.ACCEPT, wish, person)


@router.post("/exports/{export_id}/confirmations")
async def confirm(
    request: Request,
    export_id: ExportId,
    wish: Confirmation,
    person: Annotated[Person, Depends(require(DEED[Action.CONFIRM]))],
) -> Asked:
    """Say that what was handed over was imported."""
    return await _ask(request, export_id, Action.CONFIRM, wish, person)


@router.post("/exports/{export_id}/resolutions")
async def resolve(
    request: Request,
    export_id: ExportId,
    wish: Resolution,
    person: Annotated[Person, Depends(require(DEED[Action.RESOLVE]))],
) -> Asked:
    """Say how it ended by hand."""
    return await _ask(request, export_id, Action.RESOLVE, wish, person)


@router.get("/exports/{export_id}/requests/{nonce}")
async def requested(request: Request, export_id: ExportId, nonce: str, person: Reader) -> Asked:
    """What became of an earlier request."""
    async with desk_of(request).engine.connect() as connection:
        await _story(request, person, export_id)
        command = await read_command(connection, nonce) if nonce.isalnum() else None
    if command is None or command.body.get("export_id") != export_id:
        raise HTTPException(404, "There is no such request, or it was not taken in yet.")
    return Asked(nonce=nonce, handled=command.handled_at is not None, refusal=command.refusal, dry_run=command.answer)


async def _ask(request: Request, export_id: int, action: Action, wish: Wish, person: Person) -> Asked:
    desk = desk_of(request)
    story = await _story(request, person, export_id)
    command = command_for(person, story.detail.export, action, wish)
    try:
        answer = await desk.sender.ask(command, within=WAIT_SECONDS)
    except NotSent as error:
        raise HTTPException(503, f"Kafka did not take it ({error}): nothing was asked.") from error
    if not wish.dry_run:
        async with desk.engine.begin() as connection:
            company = story.detail.export.company_id
            await record(connection, person, "asked", f"export {export_id}", company, action=action, why=wish.why)
    if answer is None:
        return Asked(nonce=command.nonce, handled=False)
    return Asked(nonce=command.nonce, handled=True, refusal=answer.refusal, dry_run=answer.dry_run)


async def _story(request: Request, person: Person, export_id: int) -> Story:
    async with desk_of(request).engine.connect() as connection:
        story = await read_story(connection, export_id, person.companies)
    if story is None:
        raise HTTPException(404, "There is no such export, or you may not see it.")
    return story
