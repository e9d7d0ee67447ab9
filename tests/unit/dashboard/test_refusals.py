"""What a script is told when a request cannot be followed."""

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError

from services.ledger_dashboard.pages.refusals import add_to


class Refused(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


def failing(error: Exception) -> FastAPI:
    app = FastAPI()
    add_to(app)

    @app.get("/api/v1/exports")
    async def fail() -> None:
        raise error

    return app


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (DBAPIError("", {}, Refused("57P01")), 503, "The database does not answer"),
        (DBAPIError("", {}, Refused("22021")), 500, "a fault of ours"),
        (ConnectionRefusedError(), 503, "The database does not answer"),
    ],
)
async def test_a_fault_of_ours_is_not_the_databases(error: Exception, status: int, told: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(failing(error)), base_url="http://here") as client:
        answer = await client.get("/api/v1/exports")
    assert answer.status_code == status
    assert told in answer.json()["detail"]
