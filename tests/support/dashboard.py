"""The dashboard of a house: on a port of its own, with an account for each of a small cast."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deploy.sandbox.local.processes import BackgroundProcess, free_port
from deploy.sandbox.local.ready import http_answers
from deploy.sandbox.local.services import CLI
from deploy.sandbox.procore.server import serving
from services.ledger_dashboard.app import DashboardServiceSettings, create_app
from services.ledger_dashboard.people.accounts import add_account
from services.ledger_dashboard.people.person import Holder
from services.ledger_dashboard.people.roles import Role
from shared.database import Role as DatabaseRole
from shared.database import create_engine
from tests.support.environment import environment_of
from tests.support.house import House
from tests.support.people import PASSWORD, PASSWORD_HASH

CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Visitor:
    """Somebody at a browser without JavaScript: keeps cookies, sends what a page of ours would send."""

    web: httpx.AsyncClient
    csrf: str = field(default="", repr=False)

    async def see(self, path: str, *, status: int = 200) -> str:
        """A page's HTML."""
        response = await self.web.get(path)
        assert response.status_code == status, (path, response.status_code, response.text[-2000:])
        return response.text

    async def post(self, path: str, *, status: int = 200, **fields: Any) -> httpx.Response:
        """A form, with the page that follows."""
        response = await self.web.post(path, data={"csrf": self.csrf, **fields})
        assert response.status_code == status, (path, response.status_code, response.text[-2000:])
        return response

    async def sign_in(self, login: str, password: str = PASSWORD) -> None:
        """Through the page, as anybody."""
        response = await self.web.post("/sign-in", data={"login": login, "password": password, "next": "/exports"})
        assert response.status_code == 200, response.text[-2000:]
        found = CSRF.search(response.text)
        assert found, "not signed in"
        self.csrf = found[1]


@dataclass
class Dashboard:
    """`accounts`: login to Procore user id or None. Everybody's password is PASSWORD."""

    url: str
    stack: AsyncExitStack

    async def visitor(self, login: str | None = None) -> Visitor:
        """A new browser; signed in when a login is given."""
        headers = {"origin": self.url, "sec-fetch-site": "same-origin"}
        web = httpx.AsyncClient(
            base_url=self.url, headers=headers, follow_redirects=True, trust_env=False, timeout=30, verify=False
        )
        visitor = Visitor(await self.stack.enter_async_context(web))
        if login:
            await visitor.sign_in(login)
        return visitor


@asynccontextmanager
async def open_dashboard(house: House, **changes: Any) -> AsyncIterator[Dashboard]:
    """For the cast: olga (operator), vera (viewer), ada and ann (accounting approvers), root (admin), and elsa, who
    may see another company only."""
    await _accounts(house)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving(create_app(settings_of(house, **changes))))
        yield Dashboard(url, stack)


@asynccontextmanager
async def dashboard_process(house: House, folder: Path) -> AsyncIterator[tuple[Dashboard, BackgroundProcess]]:
    """The same as a process of its own, by the product's own command."""
    await _accounts(house)
    port = free_port()
    environment = environment_of(settings_of(house, port=port))
    process = BackgroundProcess([CLI, "dashboard"], log=folder / "dashboard.log", environment=environment)
    process.start()
    url = f"http://127.0.0.1:{port}"
    try:
        async with AsyncExitStack() as stack:
            await asyncio.to_thread(process.wait_until, lambda: http_answers(f"{url}/readyz"))
            yield Dashboard(url, stack), process
    finally:
        process.kill()


def settings_of(house: House, **changes: Any) -> DashboardServiceSettings:
    """Of a dashboard in this house."""
    worker = house.workers.settings
    return DashboardServiceSettings.model_validate(
        {
            "database_url": house.database_url,
            "kafka_bootstrap_servers": worker.kafka_bootstrap_servers,
            "kafka_enable_idempotence": worker.kafka_enable_idempotence,
            "command_signing_key": house.secrets.signing_key,
            "session_key": "a-session-key-of-this-house",
            **changes,
        }
    )


def cast(house: House) -> Mapping[str, Holder]:
    """Login to what the account gives."""

    def holder(name: str, role: Role, user: int | None = None, companies: frozenset[str] | None = None) -> Holder:
        return Holder("", name, frozenset({role}), companies, str(user) if user else None)

    return {
        "olga": holder("Olga Operator", Role.OPERATOR),
        "vera": holder("Vera Viewer", Role.VIEWER),
        "ada": holder("Ada Approver", Role.ACCOUNTING_APPROVER, house.ada),
        "ann": holder("Ann Approver", Role.ACCOUNTING_APPROVER, house.ben),
        "root": holder("Ruth Root", Role.ADMIN),
        "elsa": holder("Elsa Elsewhere", Role.OPERATOR, companies=frozenset({"1"})),
    }


async def _accounts(house: House) -> None:
    owner = create_engine(house.database_url, DatabaseRole.OWNER, application_name="test")
    async with owner.begin() as connection:
        for login, holder in cast(house).items():
            await add_account(connection, login, holder, PASSWORD_HASH, "cli:test")
    await owner.dispose()
