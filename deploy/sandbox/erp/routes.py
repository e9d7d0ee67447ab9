"""The ERP's own HTTP interface: one prefix per book."""

import base64
import binascii
import hashlib
import secrets
import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Request

from deploy.sandbox.erp.books import Book
from deploy.sandbox.erp.refusals import RefusedError
from deploy.sandbox.erp.wire import Attachment, AttachmentIn, LogIn, Posting, Receivable, Written

routes = APIRouter(prefix="/books/{book}")


def book_named(book: str, request: Request) -> Book:
    """The book of the path, else 404."""
    found: Book | None = request.app.state.books.get(book)
    if found is None:
        raise HTTPException(404, "There is no such book.")
    return found


def book_entered(book: Annotated[Book, Depends(book_named)], authorization: Annotated[str, Header()] = "") -> Book:
    """The book, for a bearer of a token that has not ended; else 401."""
    token = authorization.removeprefix("Bearer ")
    if book.tokens.get(token, 0.0) < time.monotonic():
        book.tokens.pop(token, None)
        raise HTTPException(401, "Log in first.")
    return book


AnyBook = Annotated[Book, Depends(book_named)]
Entered = Annotated[Book, Depends(book_entered)]


@routes.post("/token")
async def log_in(book: AnyBook, given: LogIn) -> dict[str, Any]:
    """A token for the client's secret."""
    if not secrets.compare_digest(given.client_secret.encode(), book.rules.client_secret.encode()):
        raise HTTPException(401, "Wrong client secret.")
    token = secrets.token_urlsafe(24)
    book.tokens[token] = time.monotonic() + book.rules.token_seconds
    return {"access_token": token, "token_type": "bearer", "expires_in": book.rules.token_seconds}


@routes.get("/customers")
async def customers(book: Entered) -> dict[str, Any]:
    """Ids and names."""
    return {"entries": [{"id": i, "name": name} for i, name in book.rules.customers.items()]}


@routes.get("/jobs")
async def jobs(book: Entered) -> dict[str, Any]:
    """Ids and names."""
    return {"entries": [{"id": i, "name": name} for i, name in book.rules.jobs.items()]}


@routes.get("/periods")
async def periods(book: Entered) -> dict[str, Any]:
    """Up to which day everything is closed."""
    return {"closed_until": book.rules.closed_until}


@routes.get("/receivables")
async def find(book: Entered, request: Request, external_reference: str) -> dict[str, Any]:
    """All receivables that carry the reference, cancelled ones too."""
    return {"receivables": [shown(request, book, found) for found in book.find(external_reference)]}


@routes.post("/receivables", status_code=201)
async def create(
    book: Entered, request: Request, written: Written, idempotency_key: Annotated[str | None, Header()] = None
) -> dict[str, Any]:
    """A draft."""
    return shown(request, book, book.create(written.content(), idempotency_key))


@routes.get("/receivables/{document_id}")
async def read(book: Entered, request: Request, document_id: str) -> dict[str, Any]:
    """One receivable."""
    return shown(request, book, book.read(document_id))


@routes.put("/receivables/{document_id}")
async def replace(book: Entered, request: Request, document_id: str, written: Written) -> dict[str, Any]:
    """Overwrite a draft."""
    return shown(request, book, book.replace(document_id, written.content()))


@routes.post("/receivables/{document_id}/post")
async def post(book: Entered, request: Request, document_id: str, posting: Posting) -> dict[str, Any]:
    """Post a draft: it gets its number."""
    return shown(request, book, book.post(document_id, posting.acknowledge))


@routes.post("/receivables/{document_id}/attachments", status_code=201)
async def attach(book: Entered, request: Request, document_id: str, file: AttachmentIn) -> dict[str, Any]:
    """One more file."""
    try:
        content = base64.b64decode(file.content_base64, validate=True)
    except binascii.Error as error:
        raise RefusedError("wrong_type", "Not base64.", "content_base64") from error
    attachment = Attachment(
        name=file.name,
        content_type=file.content_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return shown(request, book, book.attach(document_id, attachment))


def shown(request: Request, book: Book, receivable: Receivable) -> dict[str, Any]:
    """A receivable as this ERP shows it; money as decimal strings."""
    told = receivable.model_dump(mode="json")
    content: dict[str, Any] = told.pop("content")
    href = f"{request.base_url}books/{book.name}/receivables/{receivable.id}"
    return content | told | {"href": href}
