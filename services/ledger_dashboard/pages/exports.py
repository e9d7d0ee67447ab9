"""The list of exports: searched, filtered, sorted and paged by the address alone, and downloaded as it stands."""

from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.guard import signed_in
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Deed
from services.ledger_dashboard.presentation.filters import Asked, in_words, read_query
from services.ledger_dashboard.presentation.spreadsheets import csv_line
from services.ledger_dashboard.reading.names import connection_names, project_names
from shared.ledger.filter import Cursor, SortKey
from shared.ledger.reader import ExportRow, list_exports
from shared.ledger.words import Reason, Status
from shared.terminology import STATUS_WORDS

PAGE = 50
DOWNLOAD_PAGE = 1_000
MOST_DOWNLOADED = 100_000
COLUMNS = (
    ("Invoice", SortKey.INVOICE_NUMBER),
    ("Owner", SortKey.CUSTOMER_NAME),
    ("Amount", SortKey.AMOUNT),
    ("Billing date", SortKey.BILLING_DATE),
    ("Since", SortKey.SINCE),
)
DOWNLOADED = (
    *("id", "status", "reasons", "since", "invoice_number", "payment_application_id", "customer_name", "amount"),
    *("currency", "billing_date", "company_id", "project_id", "connection", "erp_number", "erp_url", "attempts"),
)

router = APIRouter()


@router.get("/exports", include_in_schema=False)
async def exports(request: Request, person: Annotated[Person, Depends(signed_in)]) -> HTMLResponse:
    """One page of the list."""
    asked = read_query(request.query_params.multi_items(), person.companies)
    async with desk_of(request).engine.connect() as connection:
        try:
            page = await list_exports(connection, asked.filter, sort=asked.sort, limit=PAGE, after=asked.after)
        except ValueError:  # a page of another order: begin anew
            page = await list_exports(connection, asked.filter, sort=asked.sort, limit=PAGE)
        names = await project_names(connection, page.rows)
        connections = await connection_names(connection, person.companies)
    return desk_of(request).pages.render(
        request,
        "exports.html",
        person,
        live=True,
        asked=asked,
        page=page,
        names=names,
        connections=connections,
        columns=COLUMNS,
        statuses=[each for each in STATUS_WORDS if each is not Status.NONE],
        reasons=sorted(Reason),
        may_replay=person.may(Deed.REPLAY),
    )


@router.get("/exports.csv", include_in_schema=False)
async def download(request: Request, person: Annotated[Person, Depends(signed_in)]) -> StreamingResponse:
    """All that the filter finds, in its order, up to 100,000 rows."""
    asked = read_query(request.query_params.multi_items(), person.companies)
    engine: AsyncEngine = desk_of(request).engine
    async with engine.begin() as connection:
        await record(connection, person, "downloaded", "exports", filter=in_words(asked.filter))
    headers = {"Content-Disposition": 'attachment; filename="exports.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(_rows(engine, asked), media_type="text/csv; charset=utf-8", headers=headers)


async def _rows(engine: AsyncEngine, asked: Asked) -> AsyncIterator[str]:
    yield csv_line(DOWNLOADED)
    after: Cursor | None = None
    for _ in range(MOST_DOWNLOADED // DOWNLOAD_PAGE):
        async with engine.connect() as connection:
            page = await list_exports(connection, asked.filter, sort=asked.sort, limit=DOWNLOAD_PAGE, after=after)
        yield "".join(csv_line(_cells(row)) for row in page.rows)
        after = page.next
        if after is None:
            return
    yield csv_line(["more than 100,000 exports fit: narrow the filter"])


def _cells(row: ExportRow) -> Iterable[Any]:
    values = vars(row) | {"reasons": "; ".join(row.reasons), "status": STATUS_WORDS[row.status]}
    return (values[name] for name in DOWNLOADED)
