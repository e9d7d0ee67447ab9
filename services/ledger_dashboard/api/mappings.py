"""A connection's mappings as JSON: listed, what is missing and what it holds up, saved, and imported."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from services.ledger_dashboard.api.answers import (
    ABSENT,
    FORBIDDEN,
    TOO_LARGE,
    UNREAD,
    ConnectionName,
    Reader,
    api_router,
    misread,
    refusals,
    seen_profile,
)
from services.ledger_dashboard.api.files import csv_body, csv_described
from services.ledger_dashboard.deeds import mappings as deeds
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.guard import require
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed
from services.ledger_dashboard.presentation.filters import typed_text
from services.ledger_dashboard.presentation.places import LONGEST_PLACE, place_text, read_texts
from services.ledger_dashboard.reading.mappings import MOST_COUNTED, Lacking, Mapped, read_lacking, read_mappings
from services.ledger_dashboard.reading.rehearsals import MappingChange, rehearse_mappings
from shared.connections.mapping_csv import LONGEST_TEXT
from shared.connections.mapping_store import SavedMappings
from shared.connections.mappings import Mapping, MappingKind


class MappedLine(BaseModel):
    """A mapping that counts now. `procore_id` "*" stands for all others; `changed_by` is an account, a token, ..."""

    kind: MappingKind
    procore_id: str | None
    procore_name: str
    erp_id: str
    note: str
    since: datetime
    changed_by: str


class MappingPage(BaseModel):
    """By kind, name and id. `next` goes into `after` for the page after this; null on the last."""

    mappings: list[MappedLine]
    next: str | None


class MissingMappings(BaseModel):
    """What holds up the most exports first. `is_bounded`: more exports wait than are counted."""

    missing: list[Lacking]
    is_bounded: bool


class OneMapping(BaseModel):
    """What stands for what. One of the same kind and Procore id, or name where there is no id, is replaced."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    kind: MappingKind
    procore_id: str = Field("", max_length=LONGEST_TEXT, description='"*": all others')
    procore_name: str = Field("", max_length=LONGEST_TEXT)
    erp_id: str = Field(min_length=1, max_length=LONGEST_TEXT)
    note: str = Field("", max_length=deeds.LONGEST)


class MappingImport(BaseModel):
    """What the file did, or would do with `dry_run`. `undecided` rows have no ERP id and are left out.

    `changes` are a dry run's.
    """

    dry_run: bool
    saved: SavedMappings
    undecided: int
    changes: list[MappingChange] | None


Mapper = Annotated[Person, Depends(require(Deed.MAP))]
router = api_router("mappings")


@router.get("/connections/{name}/mappings", responses=refusals(ABSENT))
async def mappings(
    request: Request,
    name: ConnectionName,
    person: Reader,
    *,
    kind: MappingKind | None = None,
    search: Annotated[str, Query(max_length=LONGEST_TEXT, description="in names and ids of both sides")] = "",
    after: Annotated[str | None, Query(max_length=LONGEST_PLACE)] = None,
) -> MappingPage:
    """What is mapped now."""
    try:
        place = read_texts(after, 3) if after is not None else None
    except ValueError as error:
        raise HTTPException(422, "after: it is no page of this list.") from error
    async with desk_of(request).engine.connect() as connection:
        await seen_profile(connection, person, name)
        found = await read_mappings(connection, name, kind=kind, search=typed_text(search), after=place)
    last = found.rows[-1].mapping if found.is_cut else None
    next_page = place_text([last.kind.value, last.procore_name, last.key]) if last else None
    return MappingPage(mappings=[_line(each) for each in found.rows], next=next_page)


@router.get("/connections/{name}/missing-mappings", responses=refusals(ABSENT))
async def missing_mappings(request: Request, name: ConnectionName, person: Reader) -> MissingMappings:
    """What open exports wait for, and how many of them."""
    async with desk_of(request).engine.connect() as connection:
        profile = await seen_profile(connection, person, name)
        lacking = await read_lacking(connection, name, profile.company_id)
    return MissingMappings(missing=list(lacking), is_bounded=sum(each.count for each in lacking) >= MOST_COUNTED)


@router.post(
    "/connections/{name}/mappings",
    response_model=Mapping,
    responses=refusals(UNREAD, FORBIDDEN, ABSENT),
)
async def map_one(request: Request, name: ConnectionName, asked: OneMapping, person: Mapper) -> Mapping | JSONResponse:
    """It counts from now on; what waited for it is replayed by whoever wants that."""
    read = deeds.read_typed(name, asked.model_dump())
    async with desk_of(request).engine.begin() as connection:
        profile = await seen_profile(connection, person, name)
        if read.problems:
            return misread(read.problems)
        await deeds.map_one(connection, person, profile, read.rows[0])
    return read.rows[0].mapping


@router.post(
    "/connections/{name}/mappings/imports",
    response_model=MappingImport,
    responses=refusals(FORBIDDEN, ABSENT, TOO_LARGE),
    openapi_extra=csv_described(
        "connection,kind,procore_id,procore_name,erp_id,note",
        "harbor-sandbox,job,91835,Harbor Library,J-1,",
    ),
)
async def import_file(
    request: Request, name: ConnectionName, person: Mapper, *, dry_run: bool = False
) -> MappingImport | JSONResponse:
    """Takes over a Mappings CSV: all of its rows, or none if one is wrong. A dry run saves nothing."""
    content = await csv_body(request)
    engine = desk_of(request).engine
    async with engine.begin() as connection:
        await seen_profile(connection, person, name)
        file = await deeds.read_file(connection, person, content)
        if file.read.problems:
            return misread(file.read.problems)
        if not dry_run:
            saved = await deeds.import_mappings(connection, person, content, file)
            return MappingImport(dry_run=False, saved=saved, undecided=file.read.undecided, changes=None)
    saved, changes = await rehearse_mappings(engine, file.read.rows, person.who)
    return MappingImport(dry_run=True, saved=saved, undecided=file.read.undecided, changes=changes)


def _line(each: Mapped) -> MappedLine:
    return MappedLine(**vars(each.mapping), since=each.since, changed_by=each.changed_by)
