"""The stand-in's own interface: the oracle's list and the bookkeeper's hand."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from deploy.sandbox.odoo import moves
from deploy.sandbox.odoo.database import Database
from deploy.sandbox.odoo.errors import OdooError
from deploy.sandbox.odoo.rpc import database_named
from deploy.sandbox.odoo.rules import DatabaseRules

control = APIRouter(prefix="/sandbox")


AnyDatabase = Annotated[Database, Depends(database_named)]


@control.put("/books/{book}")
async def set_up(book: str, request: Request, changes: dict[str, Any]) -> dict[str, Any]:
    """Make a database, or change some of its rules. Answers all its rules."""
    databases: dict[str, Database] = request.app.state.books
    before = databases[book].rules if book in databases else DatabaseRules()
    rules = DatabaseRules.model_validate(before.model_dump() | changes)
    databases.setdefault(book, Database(book, rules)).rules = rules
    return rules.model_dump(mode="json")


@control.get("/books/{book}/documents")
async def documents(book: AnyDatabase) -> dict[str, Any]:
    """Every invoice."""
    return {"documents": [told(book, number) for number in sorted(book.table(moves.MOVE))]}


@control.post("/books/{book}/documents/{number}/cancellation")
async def cancel(book: AnyDatabase, number: int) -> dict[str, Any]:
    """A bookkeeper sets it to draft and cancels it."""
    book.get(moves.MOVE, number)["state"] = "cancel"
    return told(book, number)


@control.post("/books/{book}/documents/{number}/credit")
async def credit(book: AnyDatabase, number: int) -> dict[str, Any]:
    """A bookkeeper takes it back whole by a credit note."""
    book.get(moves.MOVE, number)["payment_state"] = "reversed"
    return told(book, number)


@control.post("/books/{book}/documents/{number}/copy")
async def duplicate(book: AnyDatabase, number: int) -> dict[str, Any]:
    """A bookkeeper duplicates it: a draft of the same source document, without an external id."""
    fresh = {"state", "posted_before", "payment_state", "name", "by_hand", "date"}
    kept = {name: value for name, value in book.get(moves.MOVE, number).items() if name not in fresh}
    lines = [dict(book.get(moves.LINE, one)) for one in moves.line_ids(book.records, number)]
    made = book.create(moves.MOVE, {})
    book.table(moves.MOVE)[made] |= kept
    book.put_lines(made, lines)
    return told(book, made)


@control.post("/books/{book}/documents/{number}/posting")
async def post(book: AnyDatabase, number: int) -> dict[str, Any]:
    """A bookkeeper posts."""
    book.post([number])
    return told(book, number)


@control.patch("/books/{book}/documents/{number}")
async def edit(book: AnyDatabase, number: int, changes: dict[str, Any]) -> dict[str, Any]:
    """A bookkeeper changes fields, posted or not; `by_hand` is added to the total."""
    by_hand = changes.pop("by_hand", None)
    if by_hand is not None:
        book.get(moves.MOVE, number)["by_hand"] = float(by_hand)
    book.write(moves.MOVE, [number], changes)
    return told(book, number)


@control.delete("/books/{book}/documents/{number}")
async def delete(book: AnyDatabase, number: int) -> dict[str, bool]:
    """A bookkeeper throws a draft away."""
    return {"deleted": book.unlink(moves.MOVE, [number])}


@control.delete("/books/{book}/documents/{number}/external-id")
async def forget(book: AnyDatabase, number: int) -> dict[str, int]:
    """Somebody cleans up external ids."""
    claims = book.table("ir.model.data")
    gone = [n for n, claim in claims.items() if claim["res_id"] == number]
    for one in gone:
        del claims[one]
    return {"forgotten": len(gone)}


@control.post("/reset")
async def reset(request: Request) -> dict[str, list[str]]:
    """Forget everything; the databases of the start are there and empty."""
    request.app.state.reset()
    return {"books": sorted(request.app.state.books)}


def told(database: Database, number: int) -> dict[str, Any]:
    """One invoice with its lines and files."""
    [move] = database.read(moves.MOVE, [number], None)
    lines = database.read(moves.LINE, moves.line_ids(database.records, number), None)
    files = [file["name"] for file in database.table("ir.attachment").values() if file.get("res_id") == number]
    return move | {"lines": lines, "attachments": files}


async def say_no(_: Request, error: Exception) -> JSONResponse:
    """What Odoo refuses a bookkeeper."""
    if not isinstance(error, OdooError):
        raise error
    return JSONResponse(error.told, 409)
