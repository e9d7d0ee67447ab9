"""Whose words the pages use: Procore's three points of view, and where they differ."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.guard import signed_in
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.sessions import choose_dictionary, known_dictionary
from services.ledger_dashboard.presentation.told import address_after, told
from shared.terminology import DERIVED, DICTIONARY_NAMES, PAGE, Row

router = APIRouter()


@router.get("/words", include_in_schema=False)
async def words(
    request: Request, person: Annotated[Person, Depends(signed_in)], show: str = "differences"
) -> HTMLResponse:
    """The choice, and the table as Procore's page has it."""
    shows_all = show == "all"
    return desk_of(request).pages.render(
        request,
        "words.html",
        person,
        names=DICTIONARY_NAMES,
        parts=[(title, [row for row in rows if shows_all or _differs(row)]) for title, rows in TABLES],
        shows_all=shows_all,
        flash=told(request.query_params),
    )


@router.post("/words", include_in_schema=False)
async def choose(request: Request, person: Annotated[Person, Depends(signed_in)]) -> Response:
    """For this person, on every device, from the next page on."""
    chosen = known_dictionary(str((await request.form()).get("dictionary") or ""))
    async with desk_of(request).engine.begin() as connection:
        await choose_dictionary(connection, person.who, chosen)
        await record(connection, person, "chose", f"words of {chosen.value}")
    return RedirectResponse(address_after("/words", "chosen"), status_code=303)


def _differs(row: Row) -> bool:
    return len({row.general_contractors, row.owners, row.specialty_contractors}) > 1


TABLES = (("Project financials, as on Procore's page", PAGE), ("What follows from it for owner invoices", DERIVED))
