"""Who may export, why not, and since when that is known; and the record of one person, with its history."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.deeds.approvers import LONGEST, TYPED, read_rights, record_rights, subject
from services.ledger_dashboard.desk import Desk, desk_of
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.guard import require, seen_company, signed_in
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed
from services.ledger_dashboard.presentation.filters import typed_text
from services.ledger_dashboard.presentation.rights import (
    LEVEL_WORDS,
    PROBLEM_WORDS,
    Difference,
    differences,
    is_only_younger,
    rights,
)
from services.ledger_dashboard.presentation.told import address_after, told
from services.ledger_dashboard.reading.approvers import Wanted, read_approvers, read_companies
from services.ledger_dashboard.reading.names import people_names
from shared.approvers.csv_file import COLUMNS
from shared.approvers.rule import judge
from shared.approvers.store import Version, history
from shared.connections.csv_table import CsvProblem

CHANGED = "Somebody else changed this record meanwhile: look at it again. Nothing was done."
NEVER = datetime.max.replace(tzinfo=UTC)

ProcoreId = Annotated[str, Path(pattern=r"^[1-9][0-9]{0,39}$")]
Recorder = Annotated[Person, Depends(require(Deed.RECORD))]
router = APIRouter()


@router.get("/approvers", include_in_schema=False)
async def approvers(
    request: Request, person: Annotated[Person, Depends(signed_in)], company: str = "", search: str = ""
) -> HTMLResponse:
    """Everybody who is recorded, judged as of now."""
    desk = desk_of(request)
    wanted = Wanted(person.companies, typed_text(company), typed_text(search))
    async with desk.engine.connect() as connection:
        found = await read_approvers(connection, wanted, now=datetime.now(UTC), max_age=_max_age(desk))
        companies = await read_companies(connection, person.companies)
    return desk.pages.render(
        request,
        "approvers.html",
        person,
        found=found,
        wanted=wanted,
        companies=companies,
        levels=LEVEL_WORDS,
        problems=PROBLEM_WORDS,
        max_age_days=_max_age(desk).days,
        columns=COLUMNS,
        may_record=person.may(Deed.RECORD),
        flash=told(request.query_params),
    )


@router.get("/approvers/one", include_in_schema=False)
async def look_up(company: str, user: str, _person: Annotated[Person, Depends(signed_in)]) -> Response:
    """From a form's two fields to the page of one person, who need not be recorded yet."""
    if not all(each.strip().isascii() and each.strip().isdigit() for each in (company, user)):
        raise HTTPException(422, "Procore's ids are whole numbers, such as 4907 and 160586.")
    return RedirectResponse(f"/approvers/{company.strip().lstrip('0')}/{user.strip().lstrip('0')}", status_code=303)


@router.get("/approvers/{company}/{user}", include_in_schema=False)
async def one_approver(
    request: Request, company: ProcoreId, user: ProcoreId, person: Annotated[Person, Depends(signed_in)]
) -> HTMLResponse:
    """One person's record as it stands and as it became so."""
    seen_company(person, company)
    async with desk_of(request).engine.begin() as connection:
        await record(connection, person, "saw", subject(company, user), company)
        values = await _shown(desk_of(request), connection, company, user)
    if not values["versions"] and not person.may(Deed.RECORD):
        raise HTTPException(404, "Nothing is recorded of this person, or you may not see it.")
    values |= {"flash": told(request.query_params), "typed": _as_typed(values["versions"]), "problems": ()}
    return _page(request, person, values)


@router.post("/approvers/{company}/{user}", include_in_schema=False)
async def record_one(request: Request, company: ProcoreId, user: ProcoreId, person: Recorder) -> Response:
    """Takes what was typed for what Procore shows now."""
    seen_company(person, company)
    form = await request.form()
    typed = {name: str(form.get(name) or "")[:LONGEST] for name in TYPED}
    read = read_rights(person, company, user, typed)
    if read.problems:
        return await _again(request, person, typed | {"company": company, "user": user}, read.problems)
    async with desk_of(request).engine.begin() as connection:
        if not await record_rights(connection, person, read.rows[0], _seen(str(form.get("seen") or ""))):
            raise HTTPException(422, CHANGED)
    return RedirectResponse(address_after(f"/approvers/{company}/{user}", "recorded"), status_code=303)


async def _again(
    request: Request, person: Person, typed: dict[str, str], problems: tuple[CsvProblem, ...]
) -> HTMLResponse:
    desk = desk_of(request)
    async with desk.engine.connect() as connection:
        values = await _shown(desk, connection, typed["company"], typed["user"])
    flash = {"kind": "bad", "text": "Nothing was saved: see below."}
    return _page(request, person, values | {"flash": flash, "typed": typed, "problems": problems}, status=422)


def _page(request: Request, person: Person, values: dict[str, Any], status: int = 200) -> HTMLResponse:
    pages = desk_of(request).pages
    may = person.may(Deed.RECORD)
    return pages.render(request, "approver.html", person, status=status, may_record=may, levels=LEVEL_WORDS, **values)


async def _shown(desk: Desk, connection: AsyncConnection, company: str, user: str) -> dict[str, Any]:
    versions = await history(connection, company, user)
    now = versions[0].record if versions else None
    changers = {each.changed_by for each in versions}
    return {
        "company": company,
        "user": user,
        "versions": versions,
        "record": now,
        "rights": rights(now) if now else {},
        "why_not": [PROBLEM_WORDS[each] for each in judge(user, now, datetime.now(UTC), _max_age(desk))],
        "steps": _steps(versions),
        "names": await people_names(connection, changers),
        "changers": sorted(changers),
        "seen": _moment(versions[0].valid_from if versions else None),
    }


def _steps(versions: list[Version]) -> list[tuple[Version, str, list[Difference]]]:
    """Each version, what it was, and what it changed in the one before; the first with all that it says."""
    if not versions:
        return []
    later = [(new, list(differences(old.record, new.record))) for new, old in pairwise(versions)]
    first = versions[-1]
    return [
        *((new, "Looked up again" if is_only_younger(changes) else "Changed", changes) for new, changes in later),
        (first, "First recorded", list(differences(None, first.record))),
    ]


def _as_typed(versions: list[Version]) -> dict[str, str]:
    """What the form begins with."""
    if not versions:
        return dict.fromkeys(TYPED, "") | {"active": "yes", "source": "manual"}
    said = vars(versions[0].record)
    words = {True: "yes", False: "no", None: ""}
    return {name: words.get(said[name], said[name]) for name in TYPED} | {"source": "manual"}


def _moment(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _seen(text: str) -> datetime | None:
    """What `_moment` made; of anything else, a moment at which nothing began."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return NEVER


def _max_age(desk: Desk) -> timedelta:
    return timedelta(days=desk.settings.approver_record_max_age_days)
