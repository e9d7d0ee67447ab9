"""Who saw and did what. Append-only: the database refuses to change a record, whoever asks."""

from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.tables import audit_records


async def record(
    connection: AsyncConnection, person: Person, did: str, what: str, company_id: str | None = None, **detail: Any
) -> None:
    """In the caller's transaction: what was not done is not recorded. Never a secret among the details."""
    row = {
        "who": person.who,
        "shown_name": person.shown_name,
        "address": person.address,
        "did": did,
        "what": what,
        "company_id": company_id,
        "detail": detail,
    }
    await connection.execute(insert(audit_records).values(row))
