"""Exports in a real ledger, written by the real writer, in the states that tests of its readers need."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker.appending import make_due
from services.export_worker.arrivals import receive
from services.export_worker.exports import Arrival, ExportKey
from services.export_worker.ledger_writer import LedgerWriter
from shared.ledger.entries import Authority, EntryBody, Finding, Held, Look, Received
from shared.ledger.words import Closing, Reason
from tests.support.builders import a_standing, closed, opened

CONNECTION = "harbor-sandbox"
COMPANY = "4907"
PROJECT = "91835"


def a_look(number: int = 1, **changes: object) -> Look:
    """An approved invoice of Harbor Library District."""
    return Look(
        seen="approved",
        looked_at=datetime.now(UTC),
        fingerprint="f" * 64,
        contract_id="77",
        number=number,
        invoice_number=f"INV-{number:03}",
        customer_name="Harbor Library District",
        billing_date=date(2026, 9, 30),
        currency="USD",
        amount=Decimal("54000.00"),
    ).model_copy(update=changes)


def held_for(reason: Reason = Reason.APPROVER_LACKS_PRIVILEGE, look: Look | None = None) -> Held:
    """Ben approved it, who may not."""
    record = {
        "company_id": "415",
        "user_id": "2",
        "erp_integrations_level": "standard",
        "can_push_to_accounting": False,
        "can_export_owner_invoices": None,
        "active": True,
        "recorded_at": "2026-11-23T09:30:00+00:00",
        "source": "permission report",
    }
    authority = Authority(
        users=("2",), found_by="event", records=(record,), problems=(reason,), judged_at=datetime.now(UTC)
    )
    return Held(findings=(Finding(reason=reason, detail="Procore user 2"),), look=look or a_look(), authority=authority)


def exported(look: Look | None = None) -> tuple[EntryBody, ...]:
    """Ada approved it, and the ERP confirmed it."""
    return (opened(look=look or a_look()), closed(Closing.DONE, standing=a_standing()))


async def an_export(
    engine: AsyncEngine,
    *bodies: EntryBody,
    invoice: str = "5001",
    connection: str = CONNECTION,
    company: str = COMPANY,
    project: str = PROJECT,
) -> int:
    """Received by webhook, then `bodies` one entry each, in a transaction of its own each. Its id."""
    key = ExportKey(connection, company, project, invoice)
    arrival = Arrival(key, (Received(event_id=uuid4().hex, reason="update", user_id="2"),))
    async with engine.begin() as session:
        export_id = (await receive(session, [arrival], datetime.now(UTC)))[key]
    await append(engine, export_id, *bodies)
    return export_id


async def append(engine: AsyncEngine, export_id: int, *bodies: EntryBody) -> None:
    """Under a claim, as the worker does it."""
    if not bodies:
        return
    writer = LedgerWriter(engine, "test")
    export = await writer.load(export_id)
    async with engine.begin() as session:
        await make_due(session, [(export_id, 0, None)])
    claims = await writer.claim(export.key.connection, most=1000, lease=timedelta(minutes=1))
    assert export_id in {claim.export_id for claim in claims}, "somebody else walks it"
    for claim in claims:
        if claim.export_id == export_id:
            for body in bodies:
                await writer.append(claim, [body], now=datetime.now(UTC))
        await writer.release(claim, due_at=datetime.now(UTC) if claim.export_id != export_id else None)
