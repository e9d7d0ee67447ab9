"""What the dashboard needs to know people: opened once, found by every request."""

from datetime import timedelta

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ledger_dashboard.people.accounts import any_account
from services.ledger_dashboard.people.marks import Marks
from services.ledger_dashboard.people.passwords import Passwords
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.provider import Provider
from services.ledger_dashboard.people.sessions import Limits, Sessions
from services.ledger_dashboard.people.tokens import find_token
from services.ledger_dashboard.settings import DashboardSettings


class Reception:
    """The composition root puts one into `app.state.reception`. The engine has the dashboard's rights."""

    def __init__(self, engine: AsyncEngine, settings: DashboardSettings) -> None:
        self.engine = engine
        self.settings = settings
        self.marks = Marks(settings.session_key)
        self.passwords = Passwords()
        self.provider = Provider(settings, self.marks) if settings.oidc_issuer else None
        self.sessions = Sessions(
            self.marks,
            Limits(timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours)),
        )

    @property
    def is_secure(self) -> bool:
        """Whether people reach us by https."""
        return (self.settings.dashboard_url or "").startswith("https://")

    async def is_closed(self) -> bool:
        """Nobody could sign in: there is neither an account nor an identity provider."""
        if self.provider:
            return False
        async with self.engine.connect() as connection:
            return not await any_account(connection)

    async def person_with_token(self, token: str, address: str) -> Person | None:
        """None: it opens nothing."""
        async with self.engine.connect() as connection:
            return await find_token(connection, token, address)

    async def person_with_cookie(self, cookie: str, address: str) -> Person | None:
        """None: nobody is signed in with it."""
        async with self.engine.begin() as connection:
            return await self.sessions.find(connection, cookie, address)


def reception_of(request: Request) -> Reception:
    """This application's."""
    reception: Reception = request.app.state.reception
    return reception


def address_of(request: Request) -> str:
    """Where the request comes from, as the server sees it."""
    return request.client.host if request.client else ""
