"""The dashboard of a house: on a port of its own, with an account for each of a small cast."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.sandbox.procore.server import serving
from services.ledger_dashboard.app import DashboardServiceSettings, create_app
from services.ledger_dashboard.people.accounts import add_account
from services.ledger_dashboard.people.person import Holder
from services.ledger_dashboard.people.roles import Role
from shared.database import Role as DatabaseRole
from shared.database import create_engine
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
    owner = create_engine(house.database_url, DatabaseRole.OWNER, application_name="test")
    for login, holder in cast(house).items():
        await _account(owner, login, holder)
    await owner.dispose()
    worker = house.workers.settings
    settings = DashboardServiceSettings.model_validate(
        {
            "database_url": house.database_url,
            "kafka_bootstrap_servers": worker.kafka_bootstrap_servers,
            "kafka_enable_idempotence": worker.kafka_enable_idempotence,
            "command_signing_key": house.secrets.signing_key,
            "session_key": "a-session-key-of-this-house",
            **changes,
        }
    )
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving(create_app(settings)))
        yield Dashboard(url, stack)


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


async def _account(owner: AsyncEngine, login: str, holder: Holder) -> None:
    async with owner.begin() as connection:
        await add_account(connection, login, holder, PASSWORD_HASH, "cli:test")
