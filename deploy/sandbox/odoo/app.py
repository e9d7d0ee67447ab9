"""A stand-in for Odoo as an ASGI application."""

import json
from collections.abc import Mapping, Sequence

from fastapi import FastAPI

from deploy.sandbox.faulty.control import fault_control
from deploy.sandbox.faulty.desk import Desk, Request
from deploy.sandbox.faulty.middleware import Faulty
from deploy.sandbox.odoo.control import control, say_no
from deploy.sandbox.odoo.database import Database
from deploy.sandbox.odoo.errors import OdooError
from deploy.sandbox.odoo.rpc import routes
from deploy.sandbox.odoo.rules import DatabaseRules

FIRST_DATABASES = ("main",)


def create_app(databases: Sequence[str] = FIRST_DATABASES) -> FastAPI:
    """An Odoo with `databases`, empty but for what `rules` seeds. State lives in the application, in memory."""
    app = FastAPI(title="Odoo stand-in", docs_url=None, redoc_url=None)
    app.state.books = {}
    app.state.reset = lambda: open_databases(app.state.books, databases)
    app.state.reset()
    app.include_router(routes)
    app.include_router(control)
    app.include_router(fault_control)
    app.add_api_route("/healthz", healthy)
    app.add_exception_handler(OdooError, say_no)
    app.add_middleware(Faulty, desk_of=lambda request: desk_of(app.state.books, request))
    return app


def desk_of(databases: Mapping[str, Database], request: Request) -> Desk | None:
    """The desk of the database that the header or the first argument names."""
    name = request.headers.get("x-odoo-database") or first_argument(request.body)
    database = databases.get(name) if isinstance(name, str) else None
    return database.desk if database else None


def first_argument(body: bytes) -> object:
    """Of a JSON-RPC call; None where it is none."""
    try:
        args = json.loads(body)["params"]["args"]
    except (ValueError, LookupError, TypeError):
        return None
    return args[0] if isinstance(args, list) and args else None


def open_databases(standing: dict[str, Database], names: Sequence[str]) -> None:
    """Close what is open, let go of who waits, and make `names` anew."""
    for database in standing.values():
        database.desk.close()
    standing.clear()
    standing.update({name: Database(name, DatabaseRules()) for name in names})


async def healthy() -> dict[str, str]:
    """Alive."""
    return {"status": "ok"}
