"""Keeps what a look saw of an invoice for the pages. Nothing is decided by it."""

from sqlalchemy.dialects.postgresql import insert as upsert

from services.export_worker.core.view import View
from services.export_worker.exports import Export
from shared.ledger.invoice_sheet import InvoiceSheet
from shared.ledger.showing import invoice_snapshots
from shared.statements import Sessions, Statement, at_once


async def keep_sheet(sessions: Sessions, export: Export, view: View) -> None:
    """In one statement, and only where the look saw another content or status than the look on record."""
    snapshot, last = view.snapshot, view.state.look
    if snapshot is None or (last and (last.fingerprint, last.seen) == (snapshot.fingerprint, snapshot.status)):
        return
    sheet = {
        "export_id": export.id,
        "looked_at": view.now,
        "fingerprint": snapshot.fingerprint,
        "content": InvoiceSheet.model_validate(snapshot).model_dump(mode="json"),
    }
    async with at_once(sessions) as session:
        await _NEWER.run(session, **sheet)


_GIVEN = upsert(invoice_snapshots)
_NEWER = Statement(
    _GIVEN.on_conflict_do_update(
        index_elements=["export_id"],
        set_={name: _GIVEN.excluded[name] for name in ("looked_at", "fingerprint", "content")},
        where=invoice_snapshots.c.looked_at < _GIVEN.excluded.looked_at,
    )
)
