"""What every walk needs and none changes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.export_worker.core.outcomes import LookUpFailure
from services.export_worker.ledger_writer import LedgerWriter
from services.export_worker.links import LinkBook
from services.export_worker.pipeline.hydration import Hydration
from shared.statements import Sessions

ASK_AGAIN_WAIT = timedelta(seconds=1)


@dataclass(frozen=True)
class House:
    """The database, the ledger's writer, Procore, and whom to believe for how long."""

    sessions: Sessions
    writer: LedgerWriter
    hydration: Hydration
    book: LinkBook
    service_users: frozenset[str]
    record_max_age: timedelta

    async def blame(self, connection_name: str, failure: LookUpFailure) -> datetime:
        """The connection's ERP, not the invoice, is to blame; when to ask it again."""
        now = await self.writer.database_time()
        retry_at = getattr(failure, "retry_at", None)
        circuit = await self.book.failed(connection_name, failure.text, now=now, retry_at=retry_at)
        return circuit.open_until or now + ASK_AGAIN_WAIT
