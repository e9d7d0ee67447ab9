"""The two interfaces: JSON-RPC's single door, and JSON-2's door for each method."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from deploy.sandbox.odoo.database import Database
from deploy.sandbox.odoo.errors import (
    ATTRIBUTE,
    DENIED,
    NOT_FOUND,
    TYPE,
    UNAUTHORIZED,
    UNPROCESSABLE,
    USER,
    OdooError,
    json2_answer,
    rpc_answer,
)
from deploy.sandbox.odoo.methods import METHODS, ModelCall, called

routes = APIRouter()
JSON2_SINCE = 19
NO_DATABASE = "psycopg2.OperationalError"
EXECUTE_PARTS = range(6, 8)


def database_named(book: str, request: Request) -> Database:
    """The database of the path, else 404."""
    found: Database | None = request.app.state.books.get(book)
    if found is None:
        raise HTTPException(404, "There is no such database.")
    return found


@routes.post("/jsonrpc")
async def json_rpc(request: Request) -> Response:
    """Always 200."""
    try:
        said = json.loads(await request.body())
        params = said["params"]
        result = await served(request.app.state.books, params["service"], params["method"], params["args"])
    except OdooError as error:
        status, body = rpc_answer(error)
        return JSONResponse(body, status)
    return JSONResponse({"jsonrpc": "2.0", "id": said.get("id"), "result": result})


async def served(databases: Mapping[str, Database], service: str, method: str, args: list[Any]) -> Any:
    """What one of the services answers."""
    if (service, method) == ("common", "version"):
        version = next((database.rules.version for database in databases.values()), "17.0")
        return {"server_version": version, "protocol_version": 1}
    database = databases.get(args[0] if args else "")
    if database is None:
        raise OdooError(NO_DATABASE, f'FATAL:  database "{args[0] if args else ""}" does not exist')
    if (service, method) == ("common", "login"):
        return database.user_id if args[1:3] == [database.rules.user, database.rules.api_key] else False
    if (service, method) != ("object", "execute_kw") or len(args) not in EXECUTE_PARTS:
        raise OdooError(ATTRIBUTE, f"Method not found: {service}.{method}")
    if args[1:3] != [database.user_id, database.rules.api_key]:
        raise OdooError(DENIED, "Access Denied")
    return await executed(database, *args[3:])


async def executed(database: Database, model: str, name: str, args: list[Any], kwargs: Any = None) -> Any:
    """Positional parameters take their names: first the ids, where the method is one on records."""
    named = dict(kwargs or {})
    context = named.pop("context", {})
    method = METHODS.get(name)
    places = [*(["ids"] if method and method.on_records else []), *(method.parameters if method else ())]
    if method and len(args) > len(places):
        raise OdooError(TYPE, f"BaseModel.{name}() takes {len(places)} positional arguments but {len(args)} were given")
    placed = dict(zip(places, args, strict=False))
    ids = placed.pop("ids", named.pop("ids", None))
    return await called(database, ModelCall(model, name, ids or [], named | placed, context))


@routes.post("/json/2/{model}/{name}")
async def json_2(request: Request, model: str, name: str) -> Response:
    """The result itself, or a real status."""
    database = request.app.state.books.get(request.headers.get("x-odoo-database", ""))
    if database is None or database.rules.major < JSON2_SINCE:
        return HTMLResponse("<h1>Not Found</h1>", 404)
    try:
        result = await answered(database, request, model, name)
    except OdooError as error:
        status, body = json2_answer(error)
        return JSONResponse(body, status)
    return JSONResponse(result)


async def answered(database: Database, request: Request, model: str, name: str) -> Any:
    """What the method returns; a new record as the list of its id."""
    if request.headers.get("authorization") != f"bearer {database.rules.api_key}":
        raise OdooError(UNAUTHORIZED, "401 Unauthorized: Invalid apikey")
    named = json.loads(await request.body() or b"{}")
    ids, context = named.pop("ids", None), named.pop("context", {})
    try:
        result = await called(database, ModelCall(model, name, ids or [], named, context))
    except OdooError as error:
        if error.name == ATTRIBUTE or (error.name == USER and "doesn't exist" in error.message):
            raise OdooError(NOT_FOUND, f"404 Not Found: {error.message}") from error
        if error.name == TYPE:
            raise OdooError(UNPROCESSABLE, f"422 Unprocessable Entity: {error.message}") from error
        raise
    return [result] if name == "create" and isinstance(result, int) else result


@routes.get("/web/version")
async def version(request: Request) -> Response:
    """Without a log-in; there since JSON-2."""
    versions = [database.rules for database in request.app.state.books.values()]
    if not versions or max(rules.major for rules in versions) < JSON2_SINCE:
        return HTMLResponse("<h1>Not Found</h1>", 404)
    newest = max(versions, key=lambda rules: rules.major)
    return JSONResponse({"version": newest.version, "version_info": [newest.major, 0, 0, "final", 0, ""]})
