"""One REST call to Procore, its ids checked before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from shared.procore.tokens import Token
from shared.procore.wire import dump_json, path_of, wire_id
from shared.telemetry import http_trace_headers

Ids = Mapping[str, str]
Params = Mapping[str, str | int]
NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Request:
    """`route` is the template behind `path`, for metrics; `content` is JSON."""

    method: str
    route: str
    path: str
    company: str
    params: Params
    content: bytes | None

    def headers(self, token: Token) -> dict[str, str]:
        headers = {
            "Authorization": f"Bearer {token.text.get_secret_value()}",
            "Procore-Company-Id": self.company,
            "Accept": "application/json",
            **http_trace_headers(),
        }
        return headers if self.content is None else {**headers, "Content-Type": "application/json"}


def a_request(
    method: str,
    route: str,
    *,
    company_id: str,
    ids: Ids = NONE,
    params: Params = NONE,
    body: Mapping[str, Any] | None = None,
) -> Request:
    """`{company_id}` and the names in `ids` are places in `route`. Raises NotAnId."""
    company = str(wire_id(company_id))
    path = path_of(route, {"company_id": company, **ids})
    return Request(method, route, path, company, params, None if body is None else dump_json(body))
