"""The sandbox's own interface: the oracle's lists and the bookkeeper's hand."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from deploy.sandbox.erp.books import Book, Version
from deploy.sandbox.erp.routes import book_named
from deploy.sandbox.erp.rules import BookRules

control = APIRouter(prefix="/sandbox")
AnyBook = Annotated[Book, Depends(book_named)]


@control.put("/books/{book}")
async def set_up(book: str, request: Request, changes: dict[str, Any]) -> dict[str, Any]:
    """Open a book, or change some of its rules. Answers all its rules."""
    books: dict[str, Book] = request.app.state.books
    before = books[book].rules if book in books else BookRules()
    rules = BookRules.model_validate(before.model_dump() | changes)
    books.setdefault(book, Book(book, rules)).rules = rules
    return rules.model_dump(mode="json")


@control.get("/books/{book}/documents")
async def documents(book: AnyBook) -> dict[str, Any]:
    """Every receivable ever, newest version first to read, with the versions before it."""
    return {"documents": [told(versions) for versions in book.every()]}


@control.post("/books/{book}/documents/{document_id}/cancellation")
async def cancel(book: AnyBook, document_id: str) -> dict[str, Any]:
    """A bookkeeper cancels."""
    return book.cancel(document_id).model_dump(mode="json")


@control.post("/books/{book}/documents/{document_id}/posting")
async def post(book: AnyBook, document_id: str) -> dict[str, Any]:
    """A bookkeeper posts, accepting every warning."""
    return book.post(document_id, ("invoice_date_in_future",)).model_dump(mode="json")


@control.patch("/books/{book}/documents/{document_id}")
async def edit(book: AnyBook, document_id: str, changes: dict[str, Any]) -> dict[str, Any]:
    """A bookkeeper changes fields of the content, posted or not."""
    return book.edit(document_id, changes).model_dump(mode="json")


@control.delete("/books/{book}/documents/{document_id}")
async def delete(book: AnyBook, document_id: str) -> dict[str, Any]:
    """A bookkeeper throws a draft away."""
    return book.delete(document_id).model_dump(mode="json")


@control.post("/reset")
async def reset(request: Request) -> dict[str, list[str]]:
    """Forget everything; the books of the start are open and empty."""
    request.app.state.reset()
    return {"books": sorted(request.app.state.books)}


def told(versions: list[Version]) -> dict[str, Any]:
    """The newest version, with those before it under `history`."""
    newest = versions[-1].receivable.model_dump(mode="json")
    return newest | {"history": [version.receivable.model_dump(mode="json") for version in versions[:-1]]}
