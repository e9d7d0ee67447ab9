"""Who may export and why not, as JSON: listed, shown with history, recorded, and imported."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, HTTPException, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.api.answers import (
    ABSENT,
    CHANGED,
    FORBIDDEN,
    TOO_LARGE,
    UNREAD,
    Reader,
    api_router,
    misread,
    refusals,
)
from services.ledger_dashboard.api.files import csv_body, csv_described
from services.ledger_dashboard.deeds.approvers import (
    LONGEST,
    import_records,
    read_file,
    read_rights,
    record_rights,
    subject,
)
from services.ledger_dashboard.desk import Desk, desk_of
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.guard import require, seen_company
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed
from services.ledger_dashboard.presentation.filters import typed_text
from services.ledger_dashboard.presentation.places import LONGEST_PLACE, place_text, read_texts
from services.ledger_dashboard.reading.approvers import Approver, Wanted, read_approvers
from services.ledger_dashboard.reading.rehearsals import RecordChange, rehearse_records
from shared.approvers.record import ApproverRecord, ToolLevel
from shared.approvers.rule import ApproverProblem, judge
from shared.approvers.store import SavedApprovers, Version, history


class ApproverPage(BaseModel):
    """By company, name and id. `next` goes into `after` for the page after this; null on the last."""

    approvers: list[Approver]
    next: str | None


class ApproverDetail(BaseModel):
    """One person in one company. `problems` keep them from exporting: none, they may.

    `since` is when the record began that stands; to record anew, send it back as `seen`. `versions`: the newest first.
    """

    company_id: str
    user_id: str
    record: ApproverRecord
    problems: tuple[ApproverProblem, ...]
    since: datetime
    versions: list[Version]


class Rights(BaseModel):
    """What Procore shows now. `seen`: the `since` of the record that you saw; null: nothing was recorded."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    seen: AwareDatetime | None = None
    erp_integrations_level: ToolLevel
    can_push_to_accounting: StrictBool
    can_export_owner_invoices: StrictBool | None = None
    active: StrictBool = True
    name: str = Field("", max_length=LONGEST)
    email: str = Field("", max_length=LONGEST)
    source: str = Field("manual", max_length=LONGEST, description="where it was read; names no person")

    @property
    def typed(self) -> dict[str, str]:
        """As a form or a file has it."""
        said = self.model_dump(exclude={"seen"})
        return {name: "" if value is None else str(value) for name, value in said.items()}


class ApproverImport(BaseModel):
    """What the file did, or would do with `dry_run`, as Procore's user ids. `changes` are a dry run's."""

    dry_run: bool
    saved: SavedApprovers
    changes: list[RecordChange] | None


ProcoreId = Annotated[str, Path(pattern=r"^[1-9][0-9]{0,39}$")]
Recorder = Annotated[Person, Depends(require(Deed.RECORD))]
router = api_router("approvers")


@router.get("/approvers")
async def approvers(
    request: Request,
    person: Reader,
    company_id: Annotated[str, Query(max_length=LONGEST)] = "",
    search: Annotated[str, Query(max_length=LONGEST, description="in name, e-mail and Procore's id")] = "",
    after: Annotated[str | None, Query(max_length=LONGEST_PLACE)] = None,
) -> ApproverPage:
    """Everybody who is recorded, judged as of now."""
    desk = desk_of(request)
    try:
        place = read_texts(after, 3) if after is not None else None
    except ValueError as error:
        raise HTTPException(422, "after: it is no page of this list.") from error
    wanted = Wanted(person.companies, typed_text(company_id), typed_text(search))
    async with desk.engine.connect() as connection:
        now = datetime.now(UTC)
        found = await read_approvers(connection, wanted, now=now, max_age=_max_age(desk), after=place)
    last = found.rows[-1].record if found.is_cut else None
    next_page = place_text([last.company_id, last.name, last.user_id]) if last else None
    return ApproverPage(approvers=list(found.rows), next=next_page)


@router.get("/approvers/{company_id}/{user_id}", responses=refusals(ABSENT))
async def approver(request: Request, company_id: ProcoreId, user_id: ProcoreId, person: Reader) -> ApproverDetail:
    """One person's record as it stands and as it became so."""
    seen_company(person, company_id)
    desk = desk_of(request)
    async with desk.engine.begin() as connection:
        detail = await _detail(desk, connection, company_id, user_id)
        await record(connection, person, "saw", subject(company_id, user_id), company_id)
    return detail


@router.post(
    "/approvers/{company_id}/{user_id}",
    status_code=201,
    response_model=ApproverDetail,
    responses=refusals(UNREAD, FORBIDDEN, ABSENT, CHANGED),
)
async def record_one(
    request: Request, company_id: ProcoreId, user_id: ProcoreId, rights: Rights, person: Recorder
) -> ApproverDetail | JSONResponse:
    """Takes it for what Procore shows now. Whoever recorded cannot release under it."""
    seen_company(person, company_id)
    desk = desk_of(request)
    read = read_rights(person, company_id, user_id, rights.typed)
    if read.problems:
        return misread(read.problems)
    async with desk.engine.begin() as connection:
        if not await record_rights(connection, person, read.rows[0], rights.seen):
            raise HTTPException(CHANGED, "Somebody else changed this record meanwhile: look at it again.")
        return await _detail(desk, connection, company_id, user_id)


@router.post(
    "/approvers/imports",
    response_model=ApproverImport,
    responses=refusals(FORBIDDEN, TOO_LARGE),
    openapi_extra=csv_described(
        "company_id,user_id,name,erp_integrations_level,can_push_to_accounting",
        "4907,160586,Ada,Standard,yes",
    ),
)
async def import_file(request: Request, person: Recorder, *, dry_run: bool = False) -> ApproverImport | JSONResponse:
    """Takes over an Approvers CSV: all of its rows, or none if one is wrong. A dry run saves nothing."""
    content = await csv_body(request)
    engine = desk_of(request).engine
    read = read_file(person, content)
    if read.problems:
        return misread(read.problems)
    if dry_run:
        saved, changes = await rehearse_records(engine, read.rows, person.who)
        return ApproverImport(dry_run=True, saved=saved, changes=changes)
    async with engine.begin() as connection:
        saved = await import_records(connection, person, content, read.rows)
    return ApproverImport(dry_run=False, saved=saved, changes=None)


async def _detail(desk: Desk, connection: AsyncConnection, company_id: str, user_id: str) -> ApproverDetail:
    versions = await history(connection, company_id, user_id)
    if not versions:
        raise HTTPException(ABSENT, "Nothing is recorded of this person, or you may not see it.")
    now = versions[0]
    return ApproverDetail(
        company_id=company_id,
        user_id=user_id,
        record=now.record,
        problems=judge(user_id, now.record, datetime.now(UTC), _max_age(desk)),
        since=now.valid_from,
        versions=versions,
    )


def _max_age(desk: Desk) -> timedelta:
    return timedelta(days=desk.settings.approver_record_max_age_days)
