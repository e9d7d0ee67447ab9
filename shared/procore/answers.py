"""What an HTTP answer of Procore's means: a body, or one of the typed errors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import httpx

from shared.procore.errors import (
    ProcoreForbidden,
    ProcoreNotFound,
    ProcoreRefused,
    ProcoreUnauthorized,
    ProcoreUnavailable,
    Unreadable,
)
from shared.procore.wire import error_text, load_json


@dataclass(frozen=True)
class Answer:
    """`body` holds Decimal where Procore wrote a number with a fraction; None when there is no body."""

    body: Any
    headers: Mapping[str, str]


def read(response: httpx.Response, *, retry_at: datetime, conceal: Iterable[str]) -> Answer:
    """`retry_at`: when to ask again if Procore cannot answer now. `conceal`: kept out of errors."""
    if response.is_success:
        return _read_success(response, retry_at)
    text = error_text(response.content, conceal=conceal)
    match response.status_code:
        case HTTPStatus.UNAUTHORIZED:
            raise ProcoreUnauthorized(text)
        case HTTPStatus.FORBIDDEN:
            raise ProcoreForbidden(text)
        case HTTPStatus.NOT_FOUND:
            raise ProcoreNotFound(text)
        case HTTPStatus.REQUEST_TIMEOUT | HTTPStatus.TOO_MANY_REQUESTS:
            raise _unavailable(response, retry_at, text)
    if response.is_client_error:
        raise ProcoreRefused(response.status_code, text)
    raise _unavailable(response, retry_at, text)


def _read_success(response: httpx.Response, retry_at: datetime) -> Answer:
    if not response.content:
        return Answer(None, response.headers)
    try:
        return Answer(load_json(response.content), response.headers)
    except Unreadable as error:
        raise _unavailable(response, retry_at, str(error)) from error


def _unavailable(response: httpx.Response, retry_at: datetime, text: str) -> ProcoreUnavailable:
    return ProcoreUnavailable(retry_at, f"{response.status_code}: {text}", status=response.status_code)
