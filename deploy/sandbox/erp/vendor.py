"""How the ERP sandbox speaks, told to the faults that are ordered for one of its books."""

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from deploy.sandbox.erp.refusals import AsksError, RefusedError, refusal_answer, warning_answer
from deploy.sandbox.faulty.desk import Asked, Request, Said
from deploy.sandbox.faulty.orders import ErpStep

if TYPE_CHECKING:
    from deploy.sandbox.erp.books import Book

ROUTES = (
    ("POST", r"/token", ErpStep.LOG_IN),
    ("GET", r"/(customers|jobs|periods)", ErpStep.LIST),
    ("GET", r"/receivables", ErpStep.FIND),
    ("POST", r"/receivables", ErpStep.CREATE),
    ("GET", r"/receivables/([^/]+)", ErpStep.READ),
    ("PUT", r"/receivables/([^/]+)", ErpStep.REPLACE),
    ("POST", r"/receivables/([^/]+)/post", ErpStep.FINISH),
    ("POST", r"/receivables/([^/]+)/attachments", ErpStep.ATTACH),
)


class BookVendor:
    """One book's way to speak."""

    def __init__(self, book: "Book") -> None:
        self.book = book

    def asked(self, request: Request) -> Asked:
        """By method and path."""
        step, document_id = step_of(request.method, request.path.removeprefix(f"/books/{self.book.name}"))
        said = parsed(request.body)
        number = said.get("invoice_number") or self.number_of(document_id, request.query)
        return Asked(step, number, said.get("acknowledge") or (), request.headers.get("idempotency-key"))

    def number_of(self, document_id: str | None, query: str) -> str | None:
        """The client's invoice number of the document that is meant by id or by reference."""
        references = parse_qs(query).get("external_reference", [])
        ids = [document_id] if document_id else [i for r in references for i in self.book.by_reference.get(r, ())]
        versions = self.book.history.get(ids[-1]) if ids else None
        return versions[-1].receivable.content.invoice_number if versions else None

    def refusal(self, code: str, text: str) -> Said:
        """In the form that belongs to the code."""
        return Said(*refusal_answer(RefusedError(code, text)))

    def warning(self, name: str, text: str) -> Said:
        """A 200 whose body holds no receivable."""
        return Said(*warning_answer(AsksError(name, text)))

    def busy(self, status: int) -> Said:
        """503 says by its body that nothing was done."""
        return Said(status, {"error": {"code": "try_again", "message": "Not processed."}})

    def expire_log_ins(self) -> int:
        """End every token of the book."""
        ended = len(self.book.tokens)
        self.book.tokens.clear()
        return ended


def step_of(method: str, path: str) -> tuple[ErpStep | None, str | None]:
    """Which step this is, and which document it names."""
    for verb, shape, step in ROUTES:
        match = re.fullmatch(shape, path)
        if verb == method and match:
            return step, match[1] if match.lastindex else None
    return None, None


def parsed(body: bytes) -> dict[str, Any]:
    """The body when it is a JSON object, else nothing."""
    with contextlib.suppress(ValueError):
        said = json.loads(body)
        if isinstance(said, dict):
            return said
    return {}
