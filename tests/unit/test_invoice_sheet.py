from dataclasses import fields, replace
from decimal import Decimal

import pytest

from services.export_worker.core.invoice import G702, G703Line, Snapshot
from shared.ledger.invoice_sheet import InvoiceSheet, SheetLine, SheetSummary
from tests.support.builders import a_snapshot

LEFT_OUT = {"payment_application_id", "origin_id", "origin_data", "problems"}


@pytest.mark.parametrize(
    ("shown", "read", "left_out"),
    [(InvoiceSheet, Snapshot, LEFT_OUT), (SheetSummary, G702, set()), (SheetLine, G703Line, set())],
)
def test_a_sheet_shows_all_that_was_read(shown, read, left_out):
    assert set(shown.model_fields) == {field.name for field in fields(read)} - left_out


def test_a_sheet_is_stored_with_money_as_text():
    stored = InvoiceSheet.model_validate(a_snapshot()).model_dump(mode="json")
    assert isinstance(stored["g702"]["current_payment_due"], str)
    assert stored["billing_date"] == "2026-01-28"
    sheet = InvoiceSheet.model_validate(stored)
    assert isinstance(sheet.lines[0].total_completed_and_stored_to_date, Decimal)
    assert sheet == InvoiceSheet.model_validate(a_snapshot())


def test_a_sheet_without_a_summary_is_shown_too():
    assert InvoiceSheet.model_validate(replace(a_snapshot(), g702=None)).g702 is None


def test_a_sheet_of_a_later_version_is_read():
    assert InvoiceSheet.model_validate({"status": "approved", "mood": "fine"}).lines == ()
