"""The dashboard's pages as a person sees them: the whole application, without its way to Kafka."""

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ledger_dashboard.app import DashboardServiceSettings, create_app
from services.ledger_dashboard.asking.sender import Sender
from services.ledger_dashboard.desk import Desk
from services.ledger_dashboard.people.accounts import Account
from services.ledger_dashboard.people.person import Holder
from services.ledger_dashboard.people.reception import Reception
from services.ledger_dashboard.people.roles import Role
from services.ledger_dashboard.rendering import Pages
from services.ledger_dashboard.watch import Watch
from shared.connections.profile import ConnectionProfile, ProfileSection
from shared.connections.profile_store import keep_profiles
from shared.kafka.producer import Producer
from tests.support.ledgers import COMPANY, CONNECTION
from tests.support.people import OLGA, a_session, an_account, browser, dashboard_settings

NOWHERE = "127.0.0.1:1"
AMY = Holder("", "Amy Admin", frozenset({Role.ADMIN}), None, None)
VERA = Holder("", "Vera Viewer", frozenset({Role.VIEWER}), None, None)
__all__ = ["AMY", "OLGA", "VERA"]


@dataclass(frozen=True)
class Visit:
    """Somebody signed in, with a browser."""

    account: Account
    client: httpx.AsyncClient
    csrf: str

    async def get(self, path: str, status: int = 200) -> str:
        """The page."""
        answer = await self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.text

    async def post(self, path: str, status: int = 303, **fields: Any) -> httpx.Response:
        """What the form's button does; `file` is bytes."""
        file = fields.pop("file", None)
        files = None if file is None else {"file": ("people.csv", file, "text/csv")}
        answer = await self.client.post(path, data={"csrf": self.csrf, **fields}, files=files)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer

    async def follow(self, answer: httpx.Response) -> str:
        """The page after the form."""
        return await self.get(answer.headers["location"])


@pytest.fixture
def dashboard(database_url: str, dashboard_engine: AsyncEngine) -> FastAPI:
    """Over a real database, with the dashboard's rights."""
    plain = dashboard_settings()
    settings = DashboardServiceSettings.model_validate(
        {
            "database_url": database_url,
            "kafka_bootstrap_servers": NOWHERE,
            "command_signing_key": plain.command_signing_key,
            "session_key": plain.session_key,
        }
    )
    app = create_app(settings)
    sender = Sender(Producer(settings, client_id="test"), settings.command_signing_key, dashboard_engine)
    app.state.desk = Desk(settings, dashboard_engine, Pages(), sender, Watch(settings.database_url))
    app.state.reception = Reception(dashboard_engine, settings)
    return app


@asynccontextmanager
async def visit(app: FastAPI, owner: AsyncEngine, holder: Holder = OLGA, **changes: Any) -> AsyncIterator[Visit]:
    """Signed in with an account of their own."""
    login = holder.shown_name.split()[0].lower()
    account = await an_account(owner, login, holder, **changes)
    cookie = await a_session(app.state.reception, login)
    async with browser(app, cookie) as client:
        yield Visit(account, client, app.state.reception.sessions.csrf(cookie))


def a_profile(name: str = CONNECTION, company_id: str = COMPANY, **changes: Any) -> ConnectionProfile:
    """Of a connection that is live."""
    section = ProfileSection(
        title="What it can, and its limits", head=("", name), rows=(("Drafts", 'no: set `finish = "posted"`'),)
    )
    told = {
        "name": name,
        "company_id": company_id,
        "adapter": "erp_sandbox",
        "title": "ERP sandbox",
        "mode": "live",
        "finish": "posted",
        "accounting_date": "billing_date",
        "time_zone": "UTC",
        "lines": "g703",
        "attach": "summary",
        "requests_per_minute": 600,
        "concurrency": 4,
        "write_back": False,
        "verify_approver": "never",
        "procore_web_url": "https://app.procore.com",
        "sections": (section,),
    }
    return ConnectionProfile.model_validate(told | changes)


async def served(worker: AsyncEngine, *profiles: ConnectionProfile) -> None:
    """As a worker tells them at its start."""
    async with worker.begin() as connection:
        await keep_profiles(connection, profiles)


def text_of(page: str) -> str:
    """What one reads of it: without tags, blanks as one space."""
    body = page.partition("<main")[2].partition("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", f"<{body}")).split())


def field(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return html.unescape(found[1])
