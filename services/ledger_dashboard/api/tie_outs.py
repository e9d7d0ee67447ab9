"""Tie-outs as JSON: a month of each connection, asked about and signed off."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Query, Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.api.answers import (
    ABSENT,
    CHANGED,
    FORBIDDEN,
    ConnectionName,
    Reader,
    api_router,
    refusals,
    seen_profile,
)
from services.ledger_dashboard.deeds import tie_outs as deeds
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.guard import require
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed
from services.ledger_dashboard.reading.tie_outs import Month, read_month, read_months
from shared.connections.profile import ConnectionProfile
from shared.ledger.tie_out import Period
from shared.ledger.tie_out_reader import Finding, tally_to_json

NO_MONTH = "A month is written like 2026-10."


class TieOut(BaseModel):
    """A month of one connection. `ties`: the parts add up, the ERP was asked to the end, and nothing differs.

    `is_asked`: somebody asked for it, and the worker has not come to its end.
    """

    connection: str
    period: str
    ties: bool
    is_asked: bool
    sums: list[dict[str, Any]]
    asked_at: datetime | None
    failure: str | None
    findings: list[Finding]
    signed_off_by: list[str]


class TieOuts(BaseModel):
    """By connection."""

    tie_outs: list[TieOut]


router = api_router("tie-out")


@router.get("/tie-outs")
async def tie_outs(
    request: Request,
    person: Reader,
    period: Annotated[str | None, Query(description="such as 2026-10; by default each connection's this month")] = None,
) -> TieOuts:
    """Every connection's month beside each other."""
    try:
        asked = Period.parse(period) if period is not None else None
    except ValueError as error:
        raise HTTPException(422, NO_MONTH) from error
    async with desk_of(request).engine.connect() as connection:
        months = await read_months(connection, person.companies, asked, datetime.now(UTC))
    return TieOuts(tie_outs=[_told(each) for each in months])


@router.get("/tie-outs/{name}/{period}", responses=refusals(ABSENT))
async def tie_out(request: Request, name: ConnectionName, period: str, person: Reader) -> TieOut:
    """One connection's month, such as 2026-10."""
    async with desk_of(request).engine.connect() as connection:
        _, month = await _month(connection, person, name, period)
    return _told(month)


@router.post("/tie-outs/{name}/{period}/requests", status_code=202, responses=refusals(FORBIDDEN, ABSENT))
async def ask(
    request: Request, name: ConnectionName, period: str, person: Annotated[Person, Depends(require(Deed.REPLAY))]
) -> TieOut:
    """The worker asks the ERP about each exported document, and holds what differs."""
    async with desk_of(request).engine.begin() as connection:
        profile, month = await _month(connection, person, name, period)
        await deeds.ask(connection, person, profile, month)
        return _told(await read_month(connection, profile, month.period))


@router.post("/tie-outs/{name}/{period}/sign-offs", status_code=201, responses=refusals(FORBIDDEN, ABSENT, CHANGED))
async def sign_off(
    request: Request, name: ConnectionName, period: str, person: Annotated[Person, Depends(require(Deed.SIGN_OFF))]
) -> TieOut:
    """Kept in the audit trail with the sums as they are now."""
    async with desk_of(request).engine.begin() as connection:
        profile, month = await _month(connection, person, name, period)
        if not await deeds.sign_off(connection, person, profile, month):
            raise HTTPException(CHANGED, "It does not tie out: mend what differs and ask the ERP again.")
        return _told(await read_month(connection, profile, month.period))


async def _month(
    connection: AsyncConnection, person: Person, name: str, period: str
) -> tuple[ConnectionProfile, Month]:
    profile = await seen_profile(connection, person, name)
    try:
        asked = Period.parse(period)
    except ValueError as error:
        raise HTTPException(ABSENT, NO_MONTH) from error
    return profile, await read_month(connection, profile, asked)


def _told(month: Month) -> TieOut:
    return TieOut(
        connection=month.connection,
        period=str(month.period),
        ties=month.ties,
        is_asked=month.is_asked,
        sums=tally_to_json(month.tally),
        asked_at=month.run.finished_at if month.run else None,
        failure=month.run.failure if month.run else None,
        findings=list(month.findings),
        signed_off_by=[each.who for each in month.sign_offs],
    )
