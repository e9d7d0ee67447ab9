"""What every answer of the API has in common: refusals, who may ask, and what stands in the description of each."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.asking.wishes import Why
from services.ledger_dashboard.people.guard import signed_in
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.presentation.filters import LARGEST_ID
from services.ledger_dashboard.reading.connections import visible_profile
from shared.connections.csv_table import CsvProblem
from shared.connections.profile import ConnectionProfile

PREFIX = "/api/v1"
MOST_PROBLEMS = 200
UNREAD, FORBIDDEN, ABSENT, CHANGED, TOO_LARGE = 400, 403, 404, 409, 413

TOKEN = HTTPBearer(auto_error=False, description="`invoice-export accounts tokens add` makes one.")
Reader = Annotated[Person, Depends(signed_in)]
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
ConnectionName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]


class Problem(BaseModel):
    """One bad cell. `row` counts as spreadsheets do: the header is row 1; 0 where there is no file."""

    row: int
    column: str
    value: str
    message: str


class Refusal(BaseModel):
    """Why not, and what to do. `problems`: each bad cell, the first 200."""

    detail: str
    problems: list[Problem] | None = None


class Reasoned(BaseModel):
    """What only needs a reason."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    why: Why


class Asked(BaseModel):
    """What became of a request. `handled` false: it will still be handled; ask for it again by its nonce."""

    model_config = ConfigDict(frozen=True)

    nonce: str
    handled: bool
    refusal: str | None = Field(None, description="why it was not followed; null: it was, or it is not handled yet")
    dry_run: dict[str, Any] | None = Field(None, description="what it would do now")


DESCRIPTIONS = {
    UNREAD: "The body cannot be read at all",
    401: "No token, or one that is unknown, expired or revoked",
    FORBIDDEN: "The token's roles do not allow it",
    ABSENT: "It does not exist, or is not for this token to see",
    CHANGED: "It does not go with how things stand now: look again",
    TOO_LARGE: "The file is too large",
    422: "The request is not understood",
    503: "The database or Kafka does not answer: try again",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the description of a route: how it may refuse, beside how every route may."""
    return {status: {"model": Refusal, "description": DESCRIPTIONS[status]} for status in statuses}


def api_router(*tags: str) -> APIRouter:
    """Where each route is described with the token that it needs. Who asks is each route's own matter."""
    return APIRouter(prefix=PREFIX, tags=list(tags), responses=refusals(401, 422, 503), dependencies=[Security(TOKEN)])


def misread(problems: Sequence[CsvProblem]) -> JSONResponse:
    """422, with every bad cell."""
    number = "1 cell is wrong" if len(problems) == 1 else f"{len(problems):,} cells are wrong"
    first = problems[0]
    told = Refusal(
        detail=f"{number}: nothing was done. {first.column or 'The file'}: {first.message}.",
        problems=[Problem(**vars(each)) for each in problems[:MOST_PROBLEMS]],
    )
    return JSONResponse(told.model_dump(), status_code=422)


async def seen_profile(connection: AsyncConnection, person: Person, name: str) -> ConnectionProfile:
    """Raises HTTPException 404 for what is not there, or not for this person: nobody can tell which."""
    profile = await visible_profile(connection, name, person.companies)
    if profile is None:
        raise HTTPException(ABSENT, "There is no such connection, or you may not see it.")
    return profile
