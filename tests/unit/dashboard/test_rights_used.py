"""The copy of a record that an entry keeps, as people read it."""

from datetime import UTC, datetime

from services.ledger_dashboard.presentation.rights import rights, rights_used
from shared.approvers.record import ApproverRecord, ToolLevel

RECORD = ApproverRecord(
    company_id="415",
    user_id="7",
    name="Ada",
    email="ada@example.com",
    erp_integrations_level=ToolLevel.READ_ONLY,
    can_push_to_accounting=True,
    can_export_owner_invoices=None,
    active=True,
    recorded_at=datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
    recorded_by="somebody",
    source="permission report",
)


def test_the_copy_in_the_ledger_names_nobody() -> None:
    assert rights_used(RECORD.evidence()) == {
        "ERP Integrations": "Read Only",
        "Can Push to Accounting": "yes",
        "Can Export? (owner invoices)": "not recorded",
        "Active": "yes",
        "Looked up in Procore": "2026-11-23 09:30",
        "Source": "permission report",
    }


def test_a_record_is_told_as_its_copy_is() -> None:
    assert rights(RECORD) == {"Name": "Ada", "E-mail": "ada@example.com"} | rights_used(RECORD.evidence())
