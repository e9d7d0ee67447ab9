"""The people and companies of every story, with their rights as recorded.

Ada may approve; Ben has the tool level but not the privilege; Cleo has the privilege but may only read.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.export_worker.core.authority import Rights
from shared.approvers.record import ApproverRecord, ToolLevel

NOW = datetime(2026, 5, 4, 15, 0, tzinfo=UTC)
MAX_AGE = timedelta(days=30)

COMPANY = "4907"  # Ironside Steel
PROJECT = "91835"
OWNER = "Harbor Library District"
CONTRACT = "88120"

ADA, BEN, CLEO, DAN, SERVICE = "160586", "160587", "160588", "160589", "999"

RECORD_OF_ADA = ApproverRecord(
    company_id=COMPANY,
    user_id=ADA,
    name="Ada",
    email="ada@ironside.example",
    erp_integrations_level=ToolLevel.STANDARD,
    can_push_to_accounting=True,
    can_export_owner_invoices=None,
    active=True,
    recorded_at=NOW - timedelta(days=1),
    recorded_by="cli:root",
    source="csv",
)
RECORD_OF_BEN = replace(RECORD_OF_ADA, user_id=BEN, name="Ben", can_push_to_accounting=False)
RECORD_OF_CLEO = replace(RECORD_OF_ADA, user_id=CLEO, name="Cleo", erp_integrations_level=ToolLevel.READ_ONLY)
RECORD_OF_DAN = replace(RECORD_OF_ADA, user_id=DAN, name="Dan", erp_integrations_level=ToolLevel.ADMIN)
RECORDS = (RECORD_OF_ADA, RECORD_OF_BEN, RECORD_OF_CLEO, RECORD_OF_DAN)


def rights(*records: ApproverRecord, now: datetime = NOW) -> Rights:
    """What is recorded of these people (of the whole cast when none is named)."""
    return Rights(
        records={record.user_id: record for record in records or RECORDS},
        service_users=frozenset({SERVICE}),
        max_age=MAX_AGE,
        now=now,
    )
