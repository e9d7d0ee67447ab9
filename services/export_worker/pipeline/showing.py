"""Keeps what a look saw of an invoice for the pages. Nothing is decided by it."""

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker.core.view import View
from services.export_worker.exports import Export
from shared.ledger.invoice_sheet import InvoiceSheet
from shared.ledger.showing import invoice_snapshots


async def keep_sheet(engine: AsyncEngine, export: Export, view: View) -> None:
    """In one statement, and only where the look saw another content or status than the look on record."""
    snapshot, last = view.snapshot, view.state.look
    if snapshot is None or (last and (last.fingerprint, last.seen) == (snapshot.fingerprint, snapshot.status)):
        return
    statement = upsert(invoice_snapshots).values(
        export_id=export.id,
        looked_at=view.now,
        fingerprint=snapshot.fingerprint,
        content=InvoiceSheet.model_validate(snapshot).model_dump(mode="json"),
    )
    new = statement.excluded
    newer = statement.on_conflict_do_update(
        index_elements=["export_id"],
        set_={"looked_at": new.looked_at, "fingerprint": new.fingerprint, "content": new.content},
        where=invoice_snapshots.c.looked_at < new.looked_at,
    )
    async with engine.begin() as connection:
        await connection.execute(newer)
