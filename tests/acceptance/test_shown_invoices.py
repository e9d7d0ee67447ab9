"""What the pages show of an invoice: its sheet as the last look that saw another content found it."""

from decimal import Decimal

from services.export_worker import rollup
from shared.ledger.showing_reader import SeenSheet, read_sheet
from shared.ledger.words import Reason


async def test_the_sheet_follows_the_invoices_content(house):
    async def sheet(export_id: int) -> SeenSheet:
        async with house.view.engine.connect() as connection:
            seen = await read_sheet(connection, export_id)
        assert seen is not None
        return seen

    await house.pause()
    invoice = await house.invoice()
    export = await house.export_of(invoice, "skipped", reason=Reason.NOT_APPROVED)
    draft = await sheet(export.id)
    assert draft.sheet.status == "draft"
    await house.approve(invoice)
    export = await house.export_of(invoice, "waiting", reason=Reason.PAUSED)
    first = await sheet(export.id)
    assert first.sheet.status == "approved"
    assert first.fingerprint == draft.fingerprint == export.state.look.fingerprint
    line = first.sheet.lines[0]
    assert (line.scheduled_value, line.work_completed_this_period) == (Decimal("600000.00"), Decimal("60000.00"))
    assert (first.sheet.g702.current_payment_due, first.sheet.currency) == (Decimal("54000.00"), "USD")

    await house.procore.approve(invoice, user_id=house.ada, force=True)  # one more event, the same content
    await house.received(invoice, 3)
    await house.at_rest(invoice)
    assert await sheet(export.id) == first

    await house.procore.revise(invoice, user_id=house.ada)
    await house.export_of(invoice, "skipped", reason=Reason.NOT_APPROVED)
    more = [{"description": "Concrete", "work_this_period": "72000.00"}]
    await house.procore.edit_invoice(invoice, lines=more, user_id=house.ada)
    await house.approve(invoice)
    await house.export_of(invoice, "waiting", reason=Reason.PAUSED)
    assert (await sheet(export.id)).sheet.lines[0].work_completed_this_period == Decimal("72000.00")


async def test_a_fault_in_what_is_only_shown_stops_no_export(house, monkeypatch):
    monkeypatch.setattr(rollup, "counts_of", lambda _: 1 / 0)
    first = await house.approved()
    await house.export_of(first, "exported")

    async def broken() -> bool:
        return any(line["what"] == "rollup" for line in house.logged("comparison.broken"))

    await house.view.until(broken, "a fault of the rollup")
    second = await house.approved(contract=await house.another_contract())
    await house.export_of(second, "exported")
