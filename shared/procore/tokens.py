"""The access token of the service account: client credentials, no refresh token, 5,400 s of life."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from shared.procore.errors import ProcoreError, ProcoreUnauthorized, ProcoreUnavailable, Unreadable
from shared.procore.rate_budget import retry_after
from shared.procore.transport import Transport, soon
from shared.procore.wire import error_text, load_json

ROUTE = "/oauth/token"
LIFE = timedelta(seconds=5400)
MARGIN = timedelta(seconds=60)


@dataclass(frozen=True)
class Token:
    """An access token and the time from which it is no longer used: a margin before it expires."""

    text: SecretStr
    stale_at: datetime


class Tokens:
    """Holds one token and renews it in a single flight: many callers, one log-in, one answer for all."""

    def __init__(self, transport: Transport, login_url: str, client_id: str, client_secret: SecretStr) -> None:
        self._transport = transport
        self._url = login_url.rstrip("/") + ROUTE
        self._client_id = client_id
        self._client_secret = client_secret
        self._token: Token | None = None
        self._renewal: asyncio.Task[Token] | None = None

    async def current(self) -> Token:
        """Raises ProcoreUnauthorized, ProcoreUnavailable."""
        if self._token is not None and self._transport.clock() < self._token.stale_at:
            return self._token
        return await self.instead_of(self._token)

    async def instead_of(self, refused: Token | None) -> Token:
        """Another token than `refused`, perhaps one that somebody else fetched. Raises as `current`."""
        if self._token is not None and self._token is not refused:
            return self._token
        if self._renewal is None:
            self._renewal = asyncio.create_task(self._log_in())
            self._renewal.add_done_callback(self._landed)
        # One caller that gives up must not take the others' log-in with it.
        return await asyncio.shield(self._renewal)

    async def aclose(self) -> None:
        """Stop a log-in that is under way."""
        if self._renewal is not None:
            self._renewal.cancel()
            with suppress(asyncio.CancelledError, ProcoreError):
                await self._renewal

    def _landed(self, renewal: asyncio.Task[Token]) -> None:
        self._renewal = None
        if not renewal.cancelled() and renewal.exception() is None:
            self._token = renewal.result()

    async def _log_in(self) -> Token:
        secret = self._client_secret.get_secret_value()
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": secret,
        }
        asked = self._transport.clock()
        response = await self._transport.exchange("POST", self._url, route=ROUTE, data=form)
        if response.is_success:
            return _token(response, asked)
        text = error_text(response.content, conceal=[secret])
        if response.status_code in (400, 401, 403):
            raise ProcoreUnauthorized(text)
        retry_at = retry_after(asked, response.headers) or soon(asked)
        raise ProcoreUnavailable(retry_at, f"log-in: {text}", status=response.status_code)


def _token(response: httpx.Response, asked: datetime) -> Token:
    try:
        body = load_json(response.content)
    except Unreadable:
        body = None
    text = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(text, str) or not text.isascii() or not text.isprintable():
        raise ProcoreUnavailable(soon(asked), "log-in: no token in the answer", status=response.status_code)
    life = _life(body)
    return Token(SecretStr(text), asked + life - min(MARGIN, life / 10))


def _life(body: dict[str, Any]) -> timedelta:
    """As told; Procore's usual 5,400 s when it is not."""
    seconds = body.get("expires_in")
    return timedelta(seconds=min(seconds, 86_400)) if isinstance(seconds, int) and seconds > 0 else LIFE
