"""Tryton's JSON-RPC for seeding and for looking behind the adapter's back. It shares no code with the adapter."""

import base64
import json
import ssl
from datetime import date
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import httpx

LONGEST_CALL_SECONDS = 120
# Plain HTTP on this machine; reading certificate authorities would only cost time.
TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class SaidNo(Exception):
    """The server's own words; `kind` is UserError, UserWarning and so on, or the HTTP status."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind
        self.text = text


class Tryton:
    """One log-in to one database. Use it from one thread at a time; it logs in when it is made."""

    def __init__(self, url: str, database: str, user: str, password: str) -> None:
        self.http = httpx.Client(
            base_url=url.rstrip("/"),
            timeout=LONGEST_CALL_SECONDS,
            verify=TRUSTS_NOBODY,
            trust_env=False,
        )
        self.database = database
        self.context: dict[str, Any] = {"language": "en"}
        self.authorization = ""
        user_id, token, *_ = self.rpc("common.db.login", user, {"password": password}, "en")
        self.user_id: int = user_id
        self.authorization = "Session " + base64.b64encode(f"{user}:{user_id}:{token}".encode()).decode()

    def rpc(self, method: str, *params: Any) -> Any:
        """The result with Decimals and dates in place. Raises SaidNo."""
        # Any fourth key, and errors come as bare HTML.
        content = json.dumps({"id": 1, "method": method, "params": params}, default=tagged)
        headers = {"Content-Type": "application/json", "Authorization": self.authorization}
        answer = self.http.post(f"/{self.database}/rpc/", content=content, headers=headers)
        if not answer.is_success:
            raise SaidNo(str(answer.status_code), answer.text)
        said = json.loads(answer.content, object_hook=untagged)
        if "error" in said:
            kind, detail = said["error"]
            raise SaidNo(kind, detail[0] if isinstance(detail, list) else str(detail))
        return said["result"]

    def call(self, model: str, method: str, *params: Any) -> Any:
        """A method of a model, with the context that every one of them takes last."""
        return self.rpc(f"model.{model}.{method}", *params, self.context)

    def rows(self, model: str, domain: list[Any], *fields: str, order: str = "id") -> list[dict[str, Any]]:
        """What the domain selects."""
        found: list[dict[str, Any]] = self.call(model, "search_read", domain, 0, None, [[order, "ASC"]], list(fields))
        return found

    def first(self, model: str, *domain: Any) -> int | None:
        """The lowest id that the domain selects."""
        found = self.call(model, "search", list(domain), 0, 1, [["id", "ASC"]])
        return found[0] if found else None

    def the(self, model: str, *domain: Any) -> int:
        """As `first`; raises LookupError where there is none."""
        found = self.first(model, *domain)
        if found is None:
            raise LookupError(f"no {model} with {domain}")
        return found

    def create(self, model: str, **values: Any) -> int:
        """One record."""
        made: list[int] = self.call(model, "create", [values])
        return made[0]

    def close(self) -> None:
        """Let go of the connection."""
        self.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def tagged(value: object) -> dict[str, Any]:
    """What JSON has no type for, as Tryton wants it."""
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"{type(value).__name__} is never sent")


def untagged(said: dict[str, Any]) -> Any:
    """The same, received."""
    match said.get("__class__"):
        case "Decimal":
            return Decimal(said["decimal"])
        case "date":
            return date(said["year"], said["month"], said["day"])
        case _:
            return said
