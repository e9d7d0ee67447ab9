"""Exports as JSON: listed and shown."""

from datetime import datetime
from typing import Any

from fastapi import HTTPException, Request
from pydantic import BaseModel

from services.ledger_dashboard.api.answers import ABSENT, Id, Reader, api_router, refusals
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.presentation.filters import cursor_text, read_query
from services.ledger_dashboard.presentation.masking import masked
from services.ledger_dashboard.reading.export import Story, read_breaks, read_story
from shared.ledger.invoice_sheet import InvoiceSheet
from shared.ledger.reader import list_exports
from shared.ledger.shown import ExportRow
from shared.ledger.words import NEXT_STEP, Reason, Status

PAGE = 100
# Each is text: what is odd is left out and told in `problems`, as on the page.
QUERY = {
    "search": "a part of the invoice's number, owner, ERP number or Procore's id",
    "status": "waiting, held, ...; several times for several",
    "reason": "one of the reasons, such as period_closed",
    "company_id": "Procore's",
    "project_id": "Procore's",
    "connection": "its name",
    "approver": "Procore's user id",
    "amount_from": "of the receivable, in whatever currency",
    "amount_to": "likewise",
    "since_from": "a day such as 2026-11-26: it stands where it stands since then",
    "since_to": "likewise",
    "given_up": "anything: only those after whose export something was given up",
    "sort": "arrival, since, amount, billing_date, invoice_number or customer_name",
    "order": "up, else down",
    "after": "the `next` of the page before",
}


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


router = api_router("exports")


def _described(name: str, told: str) -> dict[str, Any]:
    text = {"type": "string"}
    schema = {"type": "array", "items": text} if name == "status" else text
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": told}


@router.get("/exports", openapi_extra={"parameters": [_described(*each) for each in QUERY.items()]})
async def exports(request: Request, person: Reader) -> ExportPage:
    """One page, newest first. Takes the same query as the page /exports."""
    asked = read_query(request.query_params.multi_items(), person.companies)
    async with desk_of(request).engine.connect() as connection:
        try:
            page = await list_exports(connection, asked.filter, sort=asked.sort, limit=PAGE, after=asked.after)
        except ValueError as error:
            raise HTTPException(422, "after: it belongs to another order.") from error
    next_page = cursor_text(page.next) if page.next else None
    return ExportPage(exports=list(page.rows), next=next_page, problems=asked.problems)


@router.get("/exports/{export_id}", responses=refusals(ABSENT))
async def export(request: Request, export_id: Id, person: Reader) -> ExportDetail:
    """All that is on record about one export."""
    desk = desk_of(request)
    async with desk.engine.begin() as connection:
        story = await story_of(request, person, export_id)
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


async def story_of(request: Request, person: Person, export_id: int) -> Story:
    """Raises HTTPException 404 for what is not there, or not for this person: nobody can tell which."""
    async with desk_of(request).engine.connect() as connection:
        story = await read_story(connection, export_id, person.companies)
    if story is None:
        raise HTTPException(ABSENT, "There is no such export, or you may not see it.")
    return story
