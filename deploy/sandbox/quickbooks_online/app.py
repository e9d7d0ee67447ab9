"""The stand-in for QuickBooks Online as an ASGI application."""

from collections.abc import Mapping, Sequence

from fastapi import FastAPI, Request
from fastapi.responses import Response

from deploy.sandbox.faulty.control import fault_control
from deploy.sandbox.faulty.desk import Desk
from deploy.sandbox.faulty.desk import Request as ErpRequest
from deploy.sandbox.faulty.middleware import Faulty
from deploy.sandbox.quickbooks_online.company import Company
from deploy.sandbox.quickbooks_online.control import control
from deploy.sandbox.quickbooks_online.refusals import RefusedError, fault_of
from deploy.sandbox.quickbooks_online.routes import TurnedAwayError, answer, company_of, log_ins, routes
from deploy.sandbox.quickbooks_online.rules import CompanyRules
from deploy.sandbox.quickbooks_online.vendor import LOG_IN_PATH

FIRST_REALMS = ("4620816365000000000",)


def create_app(realms: Sequence[str] = FIRST_REALMS) -> FastAPI:
    """QuickBooks with these companies open and empty. State lives in the application, in memory."""
    app = FastAPI(title="QuickBooks Online sandbox", docs_url=None, redoc_url=None)
    app.state.books = {}
    app.state.reset = lambda: open_companies(app.state.books, realms)
    app.state.reset()
    app.include_router(log_ins)
    app.include_router(routes)
    app.include_router(control)
    app.include_router(fault_control)
    app.add_api_route("/healthz", healthy)
    app.add_exception_handler(RefusedError, say_no)
    app.add_exception_handler(TurnedAwayError, turn_away)
    app.add_middleware(Faulty, desk_of=lambda request: desk_of(app.state.books, request))
    return app


def desk_of(companies: Mapping[str, Company], request: ErpRequest) -> Desk | None:
    """The desk of the company that the path, or the app that logs in, names."""
    if request.path == LOG_IN_PATH:
        company = company_of(dict(companies), request.headers.get("authorization", ""))
    else:
        parts = request.path.split("/")
        company = companies.get(parts[3]) if parts[1:3] == ["v3", "company"] and len(parts) > 3 else None
    return company.desk if company else None


def open_companies(standing: dict[str, Company], realms: Sequence[str]) -> None:
    """Close what is open, let go of who waits, and open `realms` anew."""
    for company in standing.values():
        company.desk.close()
    standing.clear()
    standing.update({realm: Company(realm, CompanyRules()) for realm in realms})


async def healthy() -> dict[str, str]:
    """Alive."""
    return {"status": "ok"}


async def say_no(_: Request, error: Exception) -> Response:
    """A fault."""
    if not isinstance(error, RefusedError):
        raise error
    return answer(fault_of(error), 400)


async def turn_away(_: Request, error: Exception) -> Response:
    """A fault in the gateway's form."""
    if not isinstance(error, TurnedAwayError):
        raise error
    return answer(error.body, error.status)
