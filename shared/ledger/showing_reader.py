"""Reads what only serves to show: see `shared.ledger.showing`."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ledger.invoice_sheet import InvoiceSheet
from shared.ledger.showing import invoice_snapshots


@dataclass(frozen=True)
class SeenSheet:
    """An invoice's sheet, when it was looked at, and the content's fingerprint, which tells whether it is today's."""

    sheet: InvoiceSheet
    looked_at: datetime
    fingerprint: str


async def read_sheet(connection: AsyncConnection, export_id: int) -> SeenSheet | None:
    """None while nobody has seen the invoice."""
    kept = invoice_snapshots.c
    asked = select(kept.content, kept.looked_at, kept.fingerprint).where(kept.export_id == export_id)
    row = (await connection.execute(asked)).one_or_none()
    return row and SeenSheet(InvoiceSheet.model_validate(row.content), row.looked_at, row.fingerprint)
