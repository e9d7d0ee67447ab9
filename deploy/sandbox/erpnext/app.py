"""A stand-in for ERPNext as an ASGI application."""

from collections.abc import Mapping, Sequence

from fastapi import FastAPI
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse

from deploy.sandbox.erpnext.control import control
from deploy.sandbox.erpnext.errors import FrappeError
from deploy.sandbox.erpnext.routes import FIRST_SITE, routes
from deploy.sandbox.erpnext.rules import SiteRules
from deploy.sandbox.erpnext.site import Site
from deploy.sandbox.faulty.control import fault_control
from deploy.sandbox.faulty.desk import Desk, Request
from deploy.sandbox.faulty.middleware import Faulty

FIRST_SITES = (FIRST_SITE,)


def create_app(sites: Sequence[str] = FIRST_SITES) -> FastAPI:
    """An ERPNext with `sites`. State lives in the application, in memory.

    The site called `site` stands at the address itself, every other one below /sites/NAME: a real ERPNext tells its
    sites apart by host name, for which a stand-in has only one.
    """
    app = FastAPI(title="ERPNext stand-in", docs_url=None, redoc_url=None)
    app.state.books = {}
    app.state.reset = lambda: open_sites(app.state.books, sites)
    app.state.reset()
    app.include_router(control)
    app.include_router(fault_control)
    app.include_router(routes)
    app.include_router(routes, prefix="/sites/{site}")
    app.add_api_route("/healthz", healthy)
    app.add_exception_handler(FrappeError, say_no)
    app.add_middleware(Faulty, desk_of=lambda request: desk_of(app.state.books, request))
    return app


def desk_of(sites: Mapping[str, Site], request: Request) -> Desk | None:
    """The desk of the site whose door this is."""
    _, first, *rest = request.path.split("/")
    site = sites.get(rest[0] if first == "sites" and rest else FIRST_SITE)
    return site.desk if site and first in {"sites", "api"} else None


def open_sites(standing: dict[str, Site], names: Sequence[str]) -> None:
    """Close what is open, let go of who waits, and make `names` anew."""
    for site in standing.values():
        site.desk.close()
    standing.clear()
    standing.update({name: Site(name, SiteRules()) for name in names})


async def healthy() -> dict[str, str]:
    """Alive."""
    return {"status": "ok"}


async def say_no(_: HttpRequest, error: Exception) -> JSONResponse:
    """A refusal in ERPNext's form."""
    if not isinstance(error, FrappeError):
        raise error
    return JSONResponse(error.said.body, error.said.status)
