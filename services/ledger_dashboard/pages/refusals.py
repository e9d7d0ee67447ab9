"""Pages for what cannot be shown or done: each says why and what to do, and none shows our insides."""

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from services.ledger_dashboard.desk import desk_of
from services.ledger_dashboard.people.person import Person
from shared.database import DATABASE_ERRORS, is_passing
from shared.ledger.versions import WrittenByNewer

NOT_FOUND = 404
API = "/api/"
REDIRECTS = range(300, 400)
TITLES = {401: "Sign in first", 403: "Not allowed", NOT_FOUND: "Not found", 422: "Nothing was done", 429: "Too often"}

log = structlog.get_logger("ledger_dashboard.refusals")


def add_to(app: FastAPI) -> None:
    """What a route raises becomes a page, or JSON for the API."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misunderstood)
    app.add_exception_handler(WrittenByNewer, _newer)
    for kind in DATABASE_ERRORS:
        app.add_exception_handler(kind, _database_away)


async def _refused(request: Request, error: Exception) -> Response:
    status, detail, headers = 500, "", None
    if isinstance(error, HTTPException):
        status, detail, headers = error.status_code, str(error.detail), error.headers
    if status in REDIRECTS and headers and "location" in headers:
        return RedirectResponse(headers["location"], status_code=status)
    return _told(request, status, detail, dict(headers or {}))


async def _misunderstood(request: Request, error: Exception) -> Response:
    first: dict[str, Any] = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    where = ".".join(str(part) for part in first.get("loc", ()))
    is_place = where.startswith("path")
    text = "There is nothing at this address." if is_place else f"{where}: {first.get('msg', 'not understood')}"
    return _told(request, NOT_FOUND if is_place else 422, text, {})


async def _database_away(request: Request, error: Exception) -> Response:
    if not is_passing(error):
        log.error("page.broken", path=request.url.path, exc_info=error)
        return _told(request, 500, "This is a fault of ours, and the log has it.", {})
    log.warning("page.failed", path=request.url.path, why=type(error).__name__)
    return _told(request, 503, "The database does not answer. Try again in a moment.", {"Retry-After": "5"})


async def _newer(request: Request, error: Exception) -> Response:
    log.warning("page.failed", path=request.url.path, why=str(error))
    return _told(request, 503, f"This page is of an older version: {error}. Run the newer dashboard.", {})


def _told(request: Request, status: int, detail: str, headers: dict[str, str]) -> Response:
    if request.url.path.startswith(API):
        return JSONResponse({"detail": detail}, status_code=status, headers=headers)
    person: Person | None = getattr(request.state, "person", None)
    title = TITLES.get(status, "This did not work")
    page = desk_of(request).pages.render(request, "refusal.html", person, status=status, title=title, detail=detail)
    page.headers.update(headers)
    return page
