"""One QuickBooks company over HTTP: read, write, query. Every answer is a wanted shape or a Failure."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, ValidationError

from services.export_worker.core.outcomes import (
    AuthExpired,
    Failure,
    LookUpFailure,
    Unavailable,
    Unknown,
    look_up_failure,
)
from services.export_worker.erp import exact
from services.export_worker.erp.adapter import Place, TokenKeeper, Tokens
from services.export_worker.erp.http import NO_ACCESS, Answer, Call, Door
from services.export_worker.erp.quickbooks_online import query
from services.export_worker.erp.quickbooks_online.answers import NO_SUCH, failure_of, says
from services.export_worker.erp.quickbooks_online.settings import QuickBooksSecrets, QuickBooksSettings
from services.export_worker.erp.quickbooks_online.wire import Said

MINOR_VERSION = "75"
BAD_REQUEST = 400
JSON = "application/json"
BEARER = "Bearer "
Shape = TypeVar("Shape", bound=Said)
CONNECT_ANEW = "Connect the company anew and store its refresh token with `invoice-export tokens set`."


class Granted(BaseModel):
    """The answer to a renewal. Times in seconds from now."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    access_token: str
    refresh_token: str
    expires_in: int
    x_refresh_token_expires_in: int | None = None


class Company:
    """The door to one company. Safe to use from many tasks at once."""

    def __init__(
        self,
        place: Place,
        settings: QuickBooksSettings,
        secrets: QuickBooksSecrets,
        tokens: TokenKeeper,
        now: Callable[[], datetime],
    ) -> None:
        self.settings = settings
        self.secrets = secrets
        self.tokens = tokens
        self.now = now
        base_url = f"{settings.url.rstrip('/')}/v3/company/{settings.realm_id}"
        self.door = Door(place, settings, base_url=base_url, log_in=self.log_in)

    async def read(self, path: str, shape: type[Shape]) -> Shape | LookUpFailure | None:
        """One entity; None when QuickBooks says that it is not there."""
        answer = await self.call(Call("GET", versioned(path), headers={"Accept": JSON}, writes=False))
        if isinstance(answer, Answer) and says(answer, NO_SUCH):
            return None
        entity = self.parsed(answer, shape)
        return look_up_failure(entity) if isinstance(entity, Failure) else entity

    async def write(
        self, path: str, body: dict[str, Any], shape: type[Shape], request_id: str | None = None
    ) -> Shape | Failure:
        """Create one entity. `request_id`: a second request under it answers what the first one made."""
        headers = {"Accept": JSON, "Content-Type": JSON}
        content = exact.written(body).encode()
        call = Call("POST", versioned(path, request_id), content=content, headers=headers)
        return self.parsed(await self.call(call), shape)

    async def query(self, shape: type[Shape], where: str = "") -> list[Shape] | LookUpFailure:
        """All entities that fit, page by page."""
        rows: list[Shape] = []
        while True:
            path = query.path_of(shape.entity, where, start=len(rows) + 1)
            call = Call("GET", versioned(path), headers={"Accept": JSON}, writes=False)
            page = self.page(await self.call(call), shape)
            if not isinstance(page, list):
                return page
            rows += page
            if len(page) < query.PAGE:
                return rows

    async def call(self, call: Call) -> Answer | LookUpFailure:
        """Logged in, within the time limit."""
        return await self.door.call(call)

    def parsed(self, answer: Answer | LookUpFailure, shape: type[Shape]) -> Shape | Failure:
        """The entity in the answer, or what stands in its place. A success that cannot be read leaves it open."""
        body = self.body_of(answer)
        if not isinstance(body, dict):
            return body
        try:
            return shape.model_validate(body.get(shape.entity))
        except ValidationError:
            return Unknown("QuickBooks claims success with a body that cannot be read.")

    def page(self, answer: Answer | LookUpFailure, shape: type[Shape]) -> list[Shape] | LookUpFailure:
        """The entities of one page; QuickBooks leaves the list out where it is empty."""
        body = self.body_of(answer)
        if not isinstance(body, dict):
            return look_up_failure(body)
        told = body.get("QueryResponse")
        rows = told.get(shape.entity, []) if isinstance(told, dict) else None
        try:
            return [shape.model_validate(row) for row in rows] if isinstance(rows, list) else UNREADABLE_PAGE
        except ValidationError:
            return UNREADABLE_PAGE

    def body_of(self, answer: Answer | LookUpFailure) -> dict[str, Any] | Failure:
        """The JSON object of a success."""
        if not isinstance(answer, Answer):
            return answer
        failure = failure_of(answer, self.now())
        if failure is not None:
            return failure
        body = exact.read(answer.content)
        return body if isinstance(body, dict) else Unknown("QuickBooks claims success with a body that is not JSON.")

    async def log_in(self, refused: str | None) -> str | LookUpFailure:
        """The Authorization header, other than the one that was refused."""
        token = await self.tokens.access_token(self.renew, refused.removeprefix(BEARER) if refused else None)
        return f"{BEARER}{token}" if isinstance(token, str) else token

    async def renew(self, refresh_token: str) -> Tokens | LookUpFailure:
        """Fresh tokens for a refresh token, which QuickBooks may replace in doing so."""
        form = urlencode({"grant_type": "refresh_token", "refresh_token": refresh_token}).encode()
        headers = {
            "Authorization": self.secrets.basic(),
            "Accept": JSON,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        call = Call("POST", self.settings.log_in_url, content=form, headers=headers, writes=False)
        answer = await self.door.send(call, None)
        if not isinstance(answer, Answer):
            return Unavailable(f"Log-in: {answer.text}")
        if answer.status == BAD_REQUEST:
            return AuthExpired(f"QuickBooks no longer takes the stored log-in. {CONNECT_ANEW}")
        if answer.status == NO_ACCESS:
            return AuthExpired("QuickBooks does not take the app's client id and secret. Correct the secrets.")
        return self.granted(answer)

    def granted(self, answer: Answer) -> Tokens | Unavailable:
        """The tokens of an answer."""
        try:
            got = Granted.model_validate(answer.body)
        except ValidationError:
            return Unavailable(f"Log-in: QuickBooks answered {answer.status} without tokens.")
        now, lasts = self.now(), got.x_refresh_token_expires_in
        return Tokens(
            access_token=got.access_token,
            refresh_token=got.refresh_token,
            expires_at=now + timedelta(seconds=got.expires_in),
            refresh_expires_at=None if lasts is None else now + timedelta(seconds=lasts),
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self.door.close()


UNREADABLE_PAGE = Unavailable("QuickBooks answered a query with something that cannot be read.")


def versioned(path: str, request_id: str | None = None) -> str:
    """With the interface's minor version, and the key that makes a repeated request harmless."""
    asked = {"minorversion": MINOR_VERSION} | ({"requestid": request_id} if request_id else {})
    return f"{path}{'&' if '?' in path else '?'}{urlencode(asked)}"
