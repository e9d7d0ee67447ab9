"""People of the dashboard: accounts made as the owner makes them, and an application with nothing but the guard."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated, Any

import httpx
import pytest
import uvicorn
from fastapi import Depends, FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.sandbox.faulty.server import listening
from deploy.sandbox.local.processes import free_port
from services.ledger_dashboard.app import DashboardServiceSettings, create_app
from services.ledger_dashboard.people.accounts import Account, account_of, add_account
from services.ledger_dashboard.people.guard import require, seen_company, signed_in
from services.ledger_dashboard.people.passwords import hash_password
from services.ledger_dashboard.people.person import Holder, Person
from services.ledger_dashboard.people.reception import Reception
from services.ledger_dashboard.people.roles import Deed, Role
from services.ledger_dashboard.people.sessions import COOKIE
from services.ledger_dashboard.people.tables import audit_records
from services.ledger_dashboard.people.tokens import add_token
from services.ledger_dashboard.settings import DashboardSettings
from shared.database import Role as DatabaseRole
from shared.database import create_engine

SITE = "http://exports.example"
PASSWORD = "correct horse battery"
PASSWORD_HASH = hash_password(PASSWORD)
OLGA = Holder("", "Olga Operator", frozenset({Role.OPERATOR}), None, None)
ADA = Holder("", "Ada Approver", frozenset({Role.ACCOUNTING_APPROVER}), None, "160586")


def dashboard_settings(**changes: Any) -> DashboardSettings:
    """As an environment with nothing but the required would give them."""
    required = {"command_signing_key": "a-signing-key-of-ours", "session_key": "a-session-key-of-ours"}
    return DashboardSettings.model_validate(required | changes)


@pytest.fixture
async def dashboard_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """With the dashboard's rights."""
    engine = create_engine(database_url, DatabaseRole.DASHBOARD, application_name="test")
    yield engine
    await engine.dispose()


async def an_account(owner: AsyncEngine, login: str = "olga", holder: Holder = OLGA, **changes: Any) -> Account:
    """With PASSWORD."""
    async with owner.begin() as connection:
        return await add_account(connection, login, replace(holder, **changes), PASSWORD_HASH, "cli:test")


async def a_token(owner: AsyncEngine, holder: Holder = OLGA, **changes: Any) -> str:
    """The token itself."""
    async with owner.begin() as connection:
        _, token = await add_token(connection, replace(holder, **changes), "cli:test")
    return token


async def a_session(reception: Reception, login: str = "olga") -> str:
    """The cookie of somebody who signed in."""
    async with reception.engine.begin() as connection:
        account = await account_of(connection, login)
        assert account is not None
        return await reception.sessions.begin(connection, account.holder)


def guarded_app(reception: Reception) -> FastAPI:
    """One route for each deed, one for whoever is signed in, one for a company's thing."""
    app = FastAPI()
    app.state.reception = reception

    async def shown(person: Annotated[Person, Depends(signed_in)]) -> dict[str, str]:
        return {"who": person.who, "csrf": person.csrf}

    async def thing(company: str, person: Annotated[Person, Depends(signed_in)]) -> str:
        return seen_company(person, company)

    for path in ("/", "/exports", "/events", "/api/v1/exports"):
        app.add_api_route(path, shown)
    app.add_api_route("/exports", shown, methods=["POST"])
    app.add_api_route("/api/v1/exports", shown, methods=["POST"])
    app.add_api_route("/companies/{company}/thing", thing)
    for deed in Deed:
        app.add_api_route(f"/deeds/{deed}", doing(deed), methods=["GET", "POST"])
    return app


def doing(deed: Deed) -> Callable[..., Any]:
    """A route that takes this deed."""

    async def do(person: Annotated[Person, Depends(require(deed))]) -> str:
        return person.who

    return do


def browser(app: FastAPI, cookie: str = "", **headers: str) -> httpx.AsyncClient:
    """Sends what a browser on a page of ours would send."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=("192.0.2.7", 50000)),
        base_url=SITE,
        headers={"origin": SITE, "sec-fetch-site": "same-origin", **headers},
        cookies={COOKIE: cookie} if cookie else {},
        verify=False,
    )


@asynccontextmanager
async def served(database_url: str, **changes: Any) -> AsyncIterator[str]:
    """The whole dashboard on a port of its own, without Kafka; its address."""
    door = listening("127.0.0.1", 0)
    address = f"http://127.0.0.1:{door.getsockname()[1]}"
    required = {
        "database_url": database_url,
        "kafka_bootstrap_servers": f"127.0.0.1:{free_port()}",
        "command_signing_key": "a-signing-key-of-ours",
        "session_key": "a-session-key-of-ours",
    }
    app = create_app(DashboardServiceSettings.model_validate(required | changes))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve(sockets=[door]))
    try:
        yield address
    finally:
        server.should_exit = True
        await serving


def visitor(address: str, **headers: str) -> httpx.AsyncClient:
    """A browser with its cookies; redirects are told, not followed."""
    return httpx.AsyncClient(
        base_url=address,
        headers={"origin": address, "sec-fetch-site": "same-origin", **headers},
        timeout=30,
        verify=False,
    )


async def audited(engine: AsyncEngine) -> list[Any]:
    """All records, the oldest first."""
    async with engine.connect() as connection:
        return list((await connection.execute(select(audit_records).order_by(audit_records.c.id))).all())
