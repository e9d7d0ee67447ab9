"""The audit trail: who saw and did what."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.guard import require
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed
from services.ledger_dashboard.presentation.filters import merged, postgres_id, typed_text
from services.ledger_dashboard.presentation.masking import masked
from services.ledger_dashboard.reading.audit import PAGE, Wanted, list_audit, people_lately

router = APIRouter()


@router.get("/audit", include_in_schema=False)
async def audit(
    request: Request,
    person: Annotated[Person, Depends(require(Deed.SEE_AUDIT))],
    who: str = "",
    what: str = "",
    before: str = "",
) -> HTMLResponse:
    """Newest first. To look is a deed too, and recorded after it."""
    try:
        cursor = postgres_id(before) if before else None
    except ValueError:
        cursor = None
    wanted = Wanted(person.companies, typed_text(who), typed_text(what))
    async with desk_of(request).engine.begin() as connection:
        lines = await list_audit(connection, wanted, before=cursor)
        people = await people_lately(connection, person.companies)
        if cursor is None:
            await record(connection, person, "saw", "audit", of=wanted.who, about=wanted.what)
    filtered = {"who": wanted.who, "what": wanted.what}
    return desk_of(request).pages.render(
        request,
        "audit.html",
        person,
        lines=[(line, _told(masked(line.detail))) for line in lines[:PAGE]],
        wanted=wanted,
        people=people,
        newest=merged(filtered) if cursor else None,
        older=merged(filtered | {"before": lines[PAGE - 1].id}) if len(lines) > PAGE else None,
    )


def _told(detail: dict[str, object]) -> str:
    """What is known besides, on one line."""
    return ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in detail.items() if value is not None)
