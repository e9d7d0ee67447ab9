"""What every walk needs and none changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.export_worker.core.authority import Rights
from services.export_worker.core.outcomes import LookUpFailure
from services.export_worker.ledger_writer import LedgerWriter
from services.export_worker.links import LinkBook
from services.export_worker.pipeline.hydration import Hydration
from shared.approvers.record import ApproverRecord
from shared.settings import ApproverRecordSettings, ProcoreSettings
from shared.statements import Sessions

ASK_AGAIN_WAIT = timedelta(seconds=1)


@dataclass(frozen=True)
class Trust:
    """What to believe of approvers' records and of events, as configured; the meanings are those of `Rights`."""

    service_users: frozenset[str]
    record_max_age: timedelta
    event_lead: timedelta

    @classmethod
    def of(cls, procore: ProcoreSettings, records: ApproverRecordSettings) -> "Trust":
        """As the settings say."""
        return cls(
            service_users=frozenset(procore.procore_service_user_ids),
            record_max_age=timedelta(days=records.approver_record_max_age_days),
            event_lead=timedelta(seconds=procore.procore_event_lead_seconds),
        )

    def rights(self, records: Mapping[str, ApproverRecord], now: datetime) -> Rights:
        """These records, judged by it."""
        return Rights(
            records=records,
            service_users=self.service_users,
            max_age=self.record_max_age,
            event_lead=self.event_lead,
            now=now,
        )


@dataclass(frozen=True)
class House:
    """The database, the ledger's writer, Procore, and whom to believe."""

    sessions: Sessions
    writer: LedgerWriter
    hydration: Hydration
    book: LinkBook
    trust: Trust

    async def blame(self, connection_name: str, failure: LookUpFailure) -> datetime:
        """The connection's ERP, not the invoice, is to blame; when to ask it again."""
        now = await self.writer.database_time()
        retry_at = getattr(failure, "retry_at", None)
        circuit = await self.book.failed(connection_name, failure.text, now=now, retry_at=retry_at)
        return circuit.open_until or now + ASK_AGAIN_WAIT
