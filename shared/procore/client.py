"""The client of Procore's REST API: token, company header, rate budget, paging, typed errors.

It never waits longer than a second for its budget: who calls it decides what to do until `retry_at`.
"""

import asyncio
import copy
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import SecretStr

from shared.authorities import usual_authorities
from shared.procore.answers import Answer, read
from shared.procore.errors import ProcoreUnavailable, Unreadable
from shared.procore.paging import has_next, rows_of
from shared.procore.rate_budget import ASSUMED_HOURLY_LIMIT, HOUR, RateBudget
from shared.procore.request import NONE, Ids, Params, Request, a_request
from shared.procore.tokens import Token, Tokens
from shared.procore.transport import Clock, Observer, Transport, soon

LONGEST_WAIT = timedelta(seconds=1)
# A sleep may end a little early by the wall clock.
TICK = timedelta(milliseconds=5)
TIME_LIMIT = timedelta(seconds=30)
TIME_OUTS = httpx.Timeout(20, connect=5)
MOST_PAGES = 1000


def utc_now() -> datetime:
    return datetime.now(UTC)


class ProcoreClient:
    """One service account. Safe for many tasks of one event loop; use as `async with`.

    Every call raises what shared.procore.errors lists, NotAnId before anything is sent. Routes are templates:
    their places are filled from `ids` and `company_id`. `budget` and `observer` are for metrics.
    """

    def __init__(
        self,
        api_url: str,
        login_url: str,
        client_id: str,
        client_secret: SecretStr,
        *,
        http: httpx.AsyncClient | None = None,
        clock: Clock = utc_now,
        observer: Observer | None = None,
        time_limit: timedelta = TIME_LIMIT,
        assumed_hourly_limit: int = ASSUMED_HOURLY_LIMIT,
    ) -> None:
        self.budget = RateBudget(assumed_hourly_limit=assumed_hourly_limit)
        self._api_url = api_url.rstrip("/")
        self._secret = client_secret
        self._clock = clock
        self._share = 1.0
        self._owns_http = http is None
        self._http = http or httpx.AsyncClient(timeout=TIME_OUTS, verify=usual_authorities())
        self._transport = Transport(self._http, clock, observer, time_limit)
        self._tokens = Tokens(self._transport, login_url, client_id, client_secret)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Let go of connections; an `http` that was passed in stays open."""
        await self._tokens.aclose()
        if self._owns_http:
            await self._http.aclose()

    def with_share(self, share: float) -> "ProcoreClient":
        """The same client, token and budget for background work that may use only `share` of the hour.

        Closing it closes the original.
        """
        if not 0 < share <= 1:
            raise ValueError(f"a share lies between 0 and 1, not {share}")
        other = copy.copy(self)
        other._share = share  # noqa: SLF001 - a copy of ourselves
        return other

    async def one(
        self,
        route: str,
        *,
        company_id: str,
        method: str = "GET",
        ids: Ids = NONE,
        params: Params = NONE,
        body: Mapping[str, Any] | None = None,
        conceal: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The object that one call answers with. `conceal`: secrets in `body`, kept out of error texts."""
        request = a_request(method, route, company_id=company_id, ids=ids, params=params, body=body)
        answer = await self._ask(request, conceal)
        if not isinstance(answer.body, dict):
            raise ProcoreUnavailable(soon(self._clock()), f"{route}: the answer is not an object")
        return answer.body

    async def delete(self, route: str, *, company_id: str, ids: Ids = NONE, params: Params = NONE) -> None:
        """ProcoreNotFound when it is gone already."""
        await self._ask(a_request("DELETE", route, company_id=company_id, ids=ids, params=params))

    async def rows(
        self, route: str, *, company_id: str, ids: Ids = NONE, params: Params = NONE
    ) -> list[dict[str, Any]]:
        """One list, for endpoints that page in a way of their own or not at all."""
        return self._rows(
            route, await self._ask(a_request("GET", route, company_id=company_id, ids=ids, params=params))
        )

    async def pages(
        self, route: str, *, company_id: str, ids: Ids = NONE, params: Params = NONE, per_page: int = 100
    ) -> AsyncIterator[dict[str, Any]]:
        """Every object of a listing, page by page. Never cut short in silence: more than 1000 pages raise."""
        page, before = 1, None
        for _ in range(MOST_PAGES):
            asked = {**params, "page": page, "per_page": per_page}
            try:
                answer = await self._ask(a_request("GET", route, company_id=company_id, ids=ids, params=asked))
            except ProcoreUnavailable as error:
                if error.status != HTTPStatus.REQUEST_TIMEOUT or per_page % 2:
                    raise
                # 408 means the data set is too large: the same rows again, on pages half the size.
                page, per_page = 2 * page - 1, per_page // 2
                continue
            rows = self._rows(route, answer)
            if rows and rows == before:
                return  # an endpoint that does not page answers the same to every page
            for row in rows:
                yield row
            if not has_next(answer.headers, page=page, per_page=per_page, count=len(rows)):
                return
            page, before = page + 1, rows
        raise ProcoreUnavailable(self._clock() + HOUR, f"{route}: more than {MOST_PAGES} pages")

    def _rows(self, route: str, answer: Answer) -> list[dict[str, Any]]:
        try:
            return rows_of(answer.body)
        except Unreadable as error:
            raise ProcoreUnavailable(soon(self._clock()), f"{route}: {error}") from error

    async def _ask(self, request: Request, conceal: Sequence[str] = ()) -> Answer:
        token = await self._tokens.current()
        response = await self._send(request, token)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            token = await self._tokens.instead_of(token)
            response = await self._send(request, token)
        secrets = (token.text.get_secret_value(), self._secret.get_secret_value(), *conceal)
        return read(response, retry_at=self._retry_at(), conceal=secrets)

    async def _send(self, request: Request, token: Token) -> httpx.Response:
        await self._wait_for_budget()
        self.budget.take(self._clock(), share=self._share)
        status, told = None, httpx.Headers()
        try:
            response = await self._transport.exchange(
                request.method,
                self._api_url + request.path,
                route=request.route,
                params=request.params,
                headers=request.headers(token),
                content=request.content,
            )
            status, told = response.status_code, response.headers
            return response
        finally:
            self.budget.learn(self._clock(), status, told, spread=random.random())

    async def _wait_for_budget(self) -> None:
        now = self._clock()
        retry_at = self.budget.may_call(now, share=self._share)
        if retry_at is not None and retry_at - now <= LONGEST_WAIT:
            await asyncio.sleep((retry_at - now + TICK).total_seconds())
            retry_at = self.budget.may_call(self._clock(), share=self._share)
        if retry_at is not None:
            raise ProcoreUnavailable(retry_at, "our share of Procore's rate limit is used up")

    def _retry_at(self) -> datetime:
        """The budget has learned from the answer already: it knows what a 429 or 503 asked for."""
        now = self._clock()
        return self.budget.may_call(now, share=self._share) or soon(now)
