"""What every walk needs and none changes."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker.ledger_writer import LedgerWriter
from services.export_worker.links import LinkBook
from services.export_worker.pipeline.hydration import Hydration


@dataclass(frozen=True)
class House:
    """The database, the ledger's writer, Procore, and whom to believe for how long."""

    engine: AsyncEngine
    writer: LedgerWriter
    hydration: Hydration
    book: LinkBook
    service_users: frozenset[str]
    record_max_age: timedelta
