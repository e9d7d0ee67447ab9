"""The audit trail as JSON: who saw and did what."""

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from services.ledger_dashboard.api.answers import FORBIDDEN, api_router, refusals
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.guard import require
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed
from services.ledger_dashboard.presentation.filters import LARGEST_ID, LONGEST, typed_text
from services.ledger_dashboard.presentation.masking import masked
from services.ledger_dashboard.reading.audit import PAGE, AuditLine, Wanted, list_audit


class AuditPage(BaseModel):
    """Newest first, without secrets and personal data. `older` goes into `before` for the page after this."""

    records: list[AuditLine]
    older: int | None


router = api_router("audit")


@router.get("/audit", responses=refusals(FORBIDDEN))
async def audit(
    request: Request,
    person: Annotated[Person, Depends(require(Deed.SEE_AUDIT))],
    who: Annotated[str, Query(max_length=LONGEST, description="such as account:3")] = "",
    what: Annotated[str, Query(max_length=LONGEST, description='how it begins, such as "export 12"')] = "",
    before: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
) -> AuditPage:
    """To look is a deed too, and recorded after it."""
    wanted = Wanted(person.companies, typed_text(who), typed_text(what))
    async with desk_of(request).engine.begin() as connection:
        lines = await list_audit(connection, wanted, before=before)
        if before is None:
            await record(connection, person, "saw", "audit", of=wanted.who, about=wanted.what)
    shown = [replace(line, detail=masked(line.detail)) for line in lines[:PAGE]]
    return AuditPage(records=shown, older=lines[PAGE - 1].id if len(lines) > PAGE else None)
