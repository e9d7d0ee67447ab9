"""What every page and action works with, made once by the app."""

from dataclasses import dataclass

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ledger_dashboard.asking.sender import Sender
from services.ledger_dashboard.rendering import Pages
from services.ledger_dashboard.settings import DashboardSettings
from services.ledger_dashboard.watch import Watch


@dataclass(frozen=True)
class Desk:
    """The database with the dashboard's rights, the templates, the way to the worker, and the ledger's changes."""

    settings: DashboardSettings
    engine: AsyncEngine
    pages: Pages
    sender: Sender
    watch: Watch


def desk_of(request: Request) -> Desk:
    """The app's."""
    desk: Desk = request.app.state.desk
    return desk
