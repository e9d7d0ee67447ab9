"""Every route of the dashboard as it is, so that none can be forgotten."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from services.ledger_dashboard.presentation.filters import AFTER, SHOWN
from tests.support.ledgers import COMPANY, CONNECTION

API = "/api/"
WHOLE_FILTER = (*SHOWN, "sort", "order", AFTER)
PLACES = {
    "name": CONNECTION,
    "period": "2026-09",
    "nonce": "0af7651916cd43dd8448eb211c80319c",
    "company": COMPANY,
    "company_id": COMPANY,
    "user": "160586",
    "user_id": "160586",
    "export_id": "1",
    "event_id": "2",
    "order_id": "1",
}
# What no company has.
NOWHERE = (
    PLACES
    | {"name": "nobody", "company": "4999", "company_id": "4999"}
    | dict.fromkeys(("export_id", "event_id", "order_id"), "999")
)
# Of each form what it needs, and more than one needs.
FORM = {
    "why": "because",
    "step": "go",
    "erp_number": "4711",
    "dictionary": "owners",
    "kind": "job",
    "procore_id": "5",
    "erp_id": "J-5",
    "erp_integrations_level": "standard",
    "can_push_to_accounting": "yes",
    "content": base64.urlsafe_b64encode(b"company_id\n").decode(),
}
SAID: Mapping[str, Any] = FORM | {"can_push_to_accounting": True}


@dataclass(frozen=True)
class Route:
    """`path` is the template; `queries` the names that its address may carry; `said` what its JSON has to say."""

    method: str
    path: str
    queries: tuple[str, ...]
    said: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_api(self) -> bool:
        """Whether a script reads the answer."""
        return self.path.startswith(API)

    @property
    def has_place(self) -> bool:
        """Whether its address names one thing."""
        return "{" in self.path

    def address(self, places: Mapping[str, str] = PLACES) -> str:
        """Of something that is there, unless other places are given."""
        return self.path.format_map(places)

    @property
    def body(self) -> dict[str, Any]:
        """For httpx: what the route can follow."""
        if self.method == "GET":
            return {}
        if not self.is_api:
            return {"files": {"file": ("x.csv", b"x", "text/csv")}} if self.path.endswith("/previews") else {}
        if self.path.endswith("/imports"):
            return {"content": b"x", "headers": {"content-type": "text/csv"}}
        return {"json": {name: SAID[name] for name in self.said}}


def all_routes(app: FastAPI) -> list[Route]:
    """By path; without the files of /static, which are for everybody."""
    described = app.openapi()
    found = []
    for each in iter_route_contexts(app.routes):
        path = str(each.path)
        if path == "/static":
            continue
        is_list = path.endswith(("/exports", "/exports.csv"))
        queries = WHOLE_FILTER if is_list else tuple(_queries(getattr(each, "dependant", None)))
        methods = sorted(each.methods - {"HEAD"})
        found += [Route(method, path, queries, _said(described, path, method)) for method in methods]
    return found


def _queries(dependant: Any) -> Iterator[str]:
    if dependant is not None:
        yield from (field.alias for field in dependant.query_params)
        for inner in dependant.dependencies:
            yield from _queries(inner)


def _said(described: Mapping[str, Any], path: str, method: str) -> tuple[str, ...]:
    operation = described["paths"].get(path, {}).get(method.lower(), {})
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return tuple(described["components"]["schemas"][name].get("required", ())) if name else ()
