"""One ERPNext site over Frappe's REST interface: documents of any type, each answer read into a shape."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ValidationError

from services.export_worker.core.outcomes import AuthExpired, Failure, LookUpFailure, Unknown
from services.export_worker.erp import exact
from services.export_worker.erp.adapter import Place
from services.export_worker.erp.erpnext.answers import THIS_PERIOD, failure_of, says_gone
from services.export_worker.erp.erpnext.settings import ErpNextSecrets, ErpNextSettings
from services.export_worker.erp.erpnext.wire import Named
from services.export_worker.erp.http import Answer, Call, Door

Shape = TypeVar("Shape", bound=BaseModel)
Filter = tuple[str, str, Any]
JSON = "application/json"
PAGE = 500
UNREADABLE = "ERPNext claims success with a body that cannot be read."


class Site:
    """Safe to use from many tasks at once."""

    def __init__(
        self, place: Place, settings: ErpNextSettings, secrets: ErpNextSecrets, now: Callable[[], datetime]
    ) -> None:
        self.secrets = secrets
        self.now = now
        self.door = Door(place, settings, log_in=self.log_in)

    async def read(self, doctype: str, name: str, shape: type[Shape]) -> Shape | Failure | None:
        """One document, whole; None when ERPNext says that it is not there."""
        answer = await self.called("GET", path_of(doctype, name))
        if isinstance(answer, Answer) and says_gone(answer):
            return None
        return self.parsed(answer, "data", shape)

    async def listed(
        self, doctype: str, shape: type[Shape], filters: Sequence[Filter] = (), fields: Sequence[str] = ("name",)
    ) -> list[Shape] | Failure:
        """All documents that fit, page by page."""
        asked = {
            "filters": exact.written([list(one) for one in filters]),
            "fields": exact.written(list(fields)),
            "order_by": "name asc",
            "limit_page_length": PAGE,
        }
        rows: list[Shape] = []
        while True:
            query = urlencode(asked | {"limit_start": len(rows)}, quote_via=quote)
            page = self.value_in(await self.called("GET", f"{path_of(doctype)}?{query}"), "data")
            if isinstance(page, Failure):
                return page
            try:
                rows += [shape.model_validate(row) for row in page]
            except (ValidationError, TypeError):
                return Unknown(UNREADABLE)
            if len(page) < PAGE:
                return rows

    async def whole(self, doctype: str, shape: type[Shape], filters: Sequence[Filter] = ()) -> list[Shape] | Failure:
        """All documents that fit, each with its tables and with fields that a list cannot show."""
        names = await self.listed(doctype, Named, filters)
        if not isinstance(names, list):
            return names
        documents: list[Shape] = []
        for one in names:
            document = await self.read(doctype, one.name, shape)
            if isinstance(document, Failure):
                return document
            documents += [] if document is None else [document]
        return documents

    async def insert(
        self, doctype: str, body: Mapping[str, Any], shape: type[Shape], period: str = THIS_PERIOD
    ) -> Shape | Failure:
        """A new document, as it stands then. Money in `body` is Decimal."""
        return self.parsed(await self.called("POST", path_of(doctype), body), "data", shape, period)

    async def change(
        self, doctype: str, name: str, body: Mapping[str, Any], shape: type[Shape], period: str = THIS_PERIOD
    ) -> Shape | Failure:
        """Fields of a document; a table is replaced whole."""
        return self.parsed(await self.called("PUT", path_of(doctype, name), body), "data", shape, period)

    async def ask(self, method: str, shape: type[Shape], **arguments: str) -> Shape | Failure:
        """What a method that changes nothing answers."""
        path = f"/api/method/{method}" + (f"?{urlencode(arguments, quote_via=quote)}" if arguments else "")
        return self.parsed(await self.called("GET", path), "message", shape)

    async def close(self) -> None:
        """Let go of connections."""
        await self.door.close()

    async def log_in(self, refused: str | None) -> str | LookUpFailure:
        """The key itself; there is nothing to renew."""
        if refused is not None:
            return AuthExpired("ERPNext refuses the API key. Generate it anew for the connection's user.")
        return self.secrets.token()

    async def called(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer | LookUpFailure:
        """One request; without Accept, ERPNext would answer some of its errors as a page for people."""
        headers = {"Accept": JSON, "Content-Type": JSON} if body is not None else {"Accept": JSON}
        content = b"" if body is None else exact.written(body).encode()
        return await self.door.call(Call(method, path, content=content, headers=headers, writes=method != "GET"))

    def parsed(
        self, answer: Answer | LookUpFailure, key: str, shape: type[Shape], period: str = THIS_PERIOD
    ) -> Shape | Failure:
        """The wanted shape, or what stands in its place. A success that cannot be read leaves it open."""
        value = self.value_in(answer, key, period)
        if isinstance(value, Failure):
            return value
        try:
            return shape.model_validate(value)
        except ValidationError:
            return Unknown(UNREADABLE)

    def value_in(self, answer: Answer | LookUpFailure, key: str, period: str = THIS_PERIOD) -> Any:
        """What a success holds under `key`; else a Failure."""
        if not isinstance(answer, Answer):
            return answer
        failure = failure_of(answer, self.now(), period)
        if failure is not None:
            return failure
        body = exact.read(answer.content)
        return body[key] if isinstance(body, dict) and key in body else Unknown(UNREADABLE)


def path_of(doctype: str, name: str | None = None) -> str:
    """A name never reaches out of its path."""
    return f"/api/resource/{quote(doctype, safe='')}" + ("" if name is None else f"/{quote(name, safe='')}")
