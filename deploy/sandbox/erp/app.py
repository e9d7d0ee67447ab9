"""The ERP sandbox as an ASGI application."""

from collections.abc import Mapping, Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from deploy.sandbox.erp.books import Book
from deploy.sandbox.erp.control import control
from deploy.sandbox.erp.refusals import AsksError, RefusedError, refusal_answer, warning_answer
from deploy.sandbox.erp.routes import routes
from deploy.sandbox.erp.rules import BookRules
from deploy.sandbox.faulty.control import fault_control
from deploy.sandbox.faulty.desk import Desk
from deploy.sandbox.faulty.desk import Request as ErpRequest
from deploy.sandbox.faulty.middleware import Faulty

FIRST_BOOKS = ("main",)
CODES = {"extra_forbidden": "unknown_field", "missing": "missing_field", "string_too_long": "text_too_long"}


def create_app(books: Sequence[str] = FIRST_BOOKS) -> FastAPI:
    """An ERP with `books` open and empty. State lives in the application, in memory."""
    app = FastAPI(title="ERP sandbox", docs_url=None, redoc_url=None)
    app.state.books = {}
    app.state.reset = lambda: open_books(app.state.books, books)
    app.state.reset()
    app.include_router(routes)
    app.include_router(control)
    app.include_router(fault_control)
    app.add_api_route("/healthz", healthy)
    app.add_exception_handler(RefusedError, say_no)
    app.add_exception_handler(AsksError, ask)
    app.add_exception_handler(RequestValidationError, say_what_is_wrong)
    app.add_middleware(Faulty, desk_of=lambda request: desk_of(app.state.books, request))
    return app


def desk_of(books: Mapping[str, Book], request: ErpRequest) -> Desk | None:
    """The desk of the book whose door this is."""
    _, first, *rest = request.path.split("/")
    book = books.get(rest[0]) if first == "books" and rest else None
    return book.desk if book else None


def open_books(standing: dict[str, Book], names: Sequence[str]) -> None:
    """Close what is open, let go of who waits, and open `names` anew."""
    for book in standing.values():
        book.desk.close()
    standing.clear()
    standing.update({name: Book(name, BookRules()) for name in names})


async def healthy() -> dict[str, str]:
    """Alive."""
    return {"status": "ok"}


async def say_no(_: Request, error: Exception) -> JSONResponse:
    """A refusal in its form."""
    if not isinstance(error, RefusedError):
        raise error
    status, body = refusal_answer(error)
    return JSONResponse(body, status)


async def ask(_: Request, error: Exception) -> JSONResponse:
    """A warning in its form."""
    if not isinstance(error, AsksError):
        raise error
    status, body = warning_answer(error)
    return JSONResponse(body, status)


async def say_what_is_wrong(_: Request, error: Exception) -> JSONResponse:
    """Every field that is unknown, missing or of a wrong type, in one 422."""
    if not isinstance(error, RequestValidationError):
        raise error
    said = [
        {
            "code": CODES.get(found["type"], "wrong_type"),
            "message": found["msg"],
            "field": ".".join(str(part) for part in found["loc"][1:]),
        }
        for found in error.errors()
    ]
    return JSONResponse({"errors": said}, 422)
