"""What people do to the recorded rights of approvers: for the pages and the API alike, each with its audit record."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.reading.approvers import standing_since
from shared.approvers.csv_file import approver, read_approvers
from shared.approvers.record import ApproverRecord
from shared.approvers.store import SavedApprovers, save
from shared.connections.csv_table import CsvResult, read_form

LONGEST = 200
TYPED = (
    *("name", "email", "erp_integrations_level", "can_push_to_accounting"),
    *("can_export_owner_invoices", "active", "source"),
)


def subject(company_id: str, user_id: str) -> str:
    """As the audit trail names it."""
    return f"approver {user_id} of {company_id}"


def read_rights(person: Person, company_id: str, user_id: str, typed: Mapping[str, str]) -> CsvResult[ApproverRecord]:
    """What was typed for what Procore shows now, by the same rules as a file's row."""
    parse = partial(approver, now=datetime.now(UTC), recorded_by=person.who)
    return read_form({**typed, "company_id": company_id, "user_id": user_id}, parse)


async def record_rights(
    connection: AsyncConnection, person: Person, rights: ApproverRecord, seen: datetime | None
) -> bool:
    """False: what stands is not what began at `seen` (None: nothing stood), and nothing was done."""
    if await standing_since(connection, rights.company_id, rights.user_id) != seen:
        return False
    await save(connection, [rights], person.who, person.procore_user_id)
    what = subject(rights.company_id, rights.user_id)
    await record(connection, person, "recorded", what, rights.company_id, rights=rights.evidence())
    return True


def read_file(person: Person, content: bytes) -> CsvResult[ApproverRecord]:
    """The rows of an Approvers CSV, if all of them are for this person to record."""
    return read_approvers(content, now=datetime.now(UTC), recorded_by=person.who, companies=person.companies)


async def import_records(
    connection: AsyncConnection, person: Person, content: bytes, rows: Sequence[ApproverRecord]
) -> SavedApprovers:
    """`rows` are what `read_file` read of `content`; each company has its audit record."""
    saved = await save(connection, rows, person.who, person.procore_user_id)
    mark = sha256(content).hexdigest()
    for company in sorted({each.company_id for each in rows}):
        number = sum(each.company_id == company for each in rows)
        await record(connection, person, "imported", f"approvers of {company}", company, rows=number, sha256=mark)
    return saved
