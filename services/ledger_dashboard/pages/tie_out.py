"""Tie-out: a month's approved invoices, what became of them, and what the ERP shows; signed off, and downloaded."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.ledger_dashboard.deeds import tie_outs as deeds
from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.guard import require, signed_in
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed
from services.ledger_dashboard.presentation.spreadsheets import csv_line
from services.ledger_dashboard.reading.connections import visible_profile
from services.ledger_dashboard.reading.tie_outs import (
    MONTHS_BACK,
    Month,
    approved_lines,
    read_month,
    read_months,
    subject,
)
from shared.connections.profile import ConnectionProfile
from shared.ledger.tie_out import VERDICT_TOLD, Part, Period
from shared.terminology import STATUS_WORDS

COLUMNS = (
    *("export", "procore_id", "invoice_number", "owner", "amount", "currency", "status", "reasons"),
    *("erp_number", "erp_ref"),
)

router = APIRouter()


@router.get("/tie-out", include_in_schema=False)
async def tie_outs(request: Request, person: Annotated[Person, Depends(signed_in)], period: str = "") -> HTMLResponse:
    """Every connection's month beside each other."""
    asked, now = _asked(period), datetime.now(UTC)
    async with desk_of(request).engine.connect() as connection:
        months = await read_months(connection, person.companies, asked, now)
    return desk_of(request).pages.render(
        request,
        "tie_outs.html",
        person,
        live=True,
        months=months,
        period=asked or Period.of(now.date()),
        periods=_recent(now),
        parts=list(Part),
    )


# Before the month's page, which would take 2026-10.csv for a month.
@router.get("/tie-out/{name}/{period}.csv", include_in_schema=False)
async def download(
    request: Request, name: str, period: str, person: Annotated[Person, Depends(signed_in)]
) -> StreamingResponse:
    """For the auditor: the sums, who signed them off, what differed, and a line for each approved invoice."""
    engine = desk_of(request).engine
    async with engine.begin() as connection:
        profile, month = await _month(connection, person, name, period)
        await record(connection, person, "downloaded", subject(name, month.period), profile.company_id)
    headers = {
        "Content-Disposition": f'attachment; filename="tie-out-{profile.name}-{month.period}.csv"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_lines(engine, profile, month), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/tie-out/{name}/{period}", include_in_schema=False)
async def tie_out(
    request: Request, name: str, period: str, person: Annotated[Person, Depends(signed_in)]
) -> HTMLResponse:
    """One connection's month, with what differs in the ERP."""
    async with desk_of(request).engine.connect() as connection:
        _, month = await _month(connection, person, name, period)
    return desk_of(request).pages.render(
        request,
        "tie_out.html",
        person,
        live=True,
        month=month,
        parts=list(Part),
        verdicts=VERDICT_TOLD,
        may_sign=person.may(Deed.SIGN_OFF),
        may_ask=person.may(Deed.REPLAY),
    )


@router.post("/tie-out/{name}/{period}/requests", include_in_schema=False)
async def ask(
    request: Request, name: str, period: str, person: Annotated[Person, Depends(require(Deed.REPLAY))]
) -> Response:
    """The worker asks the ERP about each exported document, and holds what differs."""
    async with desk_of(request).engine.begin() as connection:
        profile, month = await _month(connection, person, name, period)
        await deeds.ask(connection, person, profile, month)
    return RedirectResponse(f"/tie-out/{name}/{month.period}", status_code=303)


@router.post("/tie-out/{name}/{period}/sign-offs", include_in_schema=False)
async def sign_off(
    request: Request, name: str, period: str, person: Annotated[Person, Depends(require(Deed.SIGN_OFF))]
) -> Response:
    """Kept in the audit trail with the sums as they are now."""
    async with desk_of(request).engine.begin() as connection:
        profile, month = await _month(connection, person, name, period)
        if not await deeds.sign_off(connection, person, profile, month):
            raise HTTPException(422, "It does not tie out: mend what differs and ask the ERP again. Nothing was done.")
    return RedirectResponse(f"/tie-out/{name}/{month.period}", status_code=303)


async def _lines(engine: AsyncEngine, profile: ConnectionProfile, month: Month) -> AsyncIterator[str]:
    yield csv_line(["connection", profile.name, "month", str(month.period), "made", datetime.now(UTC).isoformat()])
    for account in month.tally.accounts:
        yield csv_line(["approved", account.approved.count, account.approved.amount, account.currency])
        for part in Part:
            if one := account.parts.get(part):
                yield csv_line([part.value, one.count, one.amount, account.currency])
    asked = month.run and month.run.finished_at
    yield csv_line(["ERP asked", asked.isoformat() if asked else "never"])
    for finding in month.findings:
        yield csv_line(["differs", finding.export_id, finding.invoice_number, finding.verdict.value, finding.detail])
    for each in month.sign_offs:
        yield csv_line(["signed off", each.at.isoformat(), each.who, each.shown_name])
    yield csv_line([])
    yield csv_line(COLUMNS)
    async with engine.connect() as connection:
        async for line in approved_lines(connection, profile, month.period):
            yield csv_line(
                [
                    line.id,
                    line.payment_application_id,
                    line.invoice_number,
                    line.customer_name,
                    line.amount,
                    line.currency,
                    STATUS_WORDS[line.status],
                    "; ".join(line.reasons),
                    line.erp_number,
                    line.erp_ref,
                ]
            )


async def _month(
    connection: AsyncConnection, person: Person, name: str, period: str
) -> tuple[ConnectionProfile, Month]:
    profile = await visible_profile(connection, name.replace("\x00", ""), person.companies)
    if profile is None:
        raise HTTPException(404, "There is no such connection, or you may not see it.")
    try:
        asked = Period.parse(period)
    except ValueError as error:
        raise HTTPException(404, "A month is written like 2026-10.") from error
    return profile, await read_month(connection, profile, asked)


def _asked(text: str) -> Period | None:
    try:
        return Period.parse(text)
    except ValueError:
        return None


def _recent(now: datetime) -> list[Period]:
    periods = [Period.of(now.date())]
    while len(periods) < MONTHS_BACK:
        periods.append(periods[-1].before)
    return periods
