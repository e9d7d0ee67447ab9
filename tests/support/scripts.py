"""Scripts that speak with the dashboard's API: a token, and JSON."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ledger_dashboard.people.person import Holder
from services.ledger_dashboard.people.roles import Role
from tests.support.people import SITE, a_token

API = "/api/v1"
EVERY_ROLE = Holder("", "nightly", frozenset(Role), None, "160586")


@dataclass(frozen=True)
class Script:
    """`who` is how the ledger and the audit trail name it."""

    client: httpx.AsyncClient
    who: str

    async def get(self, path: str, status: int = 200, **query: Any) -> Any:
        """The answer's JSON."""
        return _json(await self.client.get(f"{API}{path}", params=query), status)

    async def post(
        self, path: str, status: int = 200, *, content: bytes | None = None, query: str = "", **said: Any
    ) -> Any:
        """`content` is a CSV file; else what is said, as JSON."""
        body: dict[str, Any] = (
            {"json": said} if content is None else {"content": content, "headers": {"content-type": "text/csv"}}
        )
        return _json(await self.client.post(f"{API}{path}{query}", **body), status)


@asynccontextmanager
async def script(
    app: FastAPI, owner: AsyncEngine, holder: Holder = EVERY_ROLE, **changes: Any
) -> AsyncIterator[Script]:
    """With a token of its own, and nothing of what a browser sends."""
    token = await a_token(owner, holder, **changes)
    headers = {"authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app, client=("192.0.2.8", 50000))
    async with httpx.AsyncClient(transport=transport, base_url=SITE, headers=headers) as client:
        async with owner.connect() as connection:
            number = (await connection.exec_driver_sql("SELECT max(id) FROM api_tokens")).scalar_one()
        yield Script(client, f"token:{number}")


def _json(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, (answer.request.url, answer.status_code, answer.text)
    return answer.json()
