"""An owner invoice as a page shows it: what a look saw of its G702 and G703, which the ledger does not keep. Pure."""

from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Tolerant: what another version wrote is shown as far as this one knows it."""

    model_config = ConfigDict(frozen=True, extra="ignore", from_attributes=True)


class SheetSummary(Part):
    """The G702; the comment is the form's line."""

    original_contract_sum: Decimal | None = None  # 1
    net_change_by_change_orders: Decimal | None = None  # 2
    contract_sum_to_date: Decimal | None = None  # 3
    total_completed_and_stored_to_date: Decimal | None = None  # 4
    completed_work_retainage_amount: Decimal | None = None  # 5a
    stored_materials_retainage_amount: Decimal | None = None  # 5b
    total_retainage: Decimal | None = None  # 5
    total_earned_less_retainage: Decimal | None = None  # 6
    less_previous_certificates_for_payment: Decimal | None = None  # 7
    current_payment_due: Decimal | None = None  # 8
    balance_to_finish_including_retainage: Decimal | None = None  # 9
    tax_applicable_to_this_payment: Decimal | None = None


class SheetLine(Part):
    """One row of the G703; the comment is the form's column."""

    key: str
    item_number: str | None = None  # A
    description: str = ""  # B
    cost_code: str | None = None
    scheduled_value: Decimal | None = None  # C
    work_completed_from_previous_application: Decimal | None = None  # D
    work_completed_this_period: Decimal | None = None  # E
    materials_presently_stored: Decimal | None = None  # F
    total_completed_and_stored_to_date: Decimal | None = None  # G
    retained_this_period: Decimal | None = None
    released_this_period: Decimal | None = None
    currently_retained: Decimal | None = None


class InvoiceSheet(Part):
    """Amounts are in `currency`. `status` is Procore's, in lower case with underscores."""

    number: int | None = None
    invoice_number: str | None = None
    status: str
    billing_date: date | None = None
    period_start: date | None = None
    period_end: date | None = None
    contract_id: str | None = None
    contract_title: str | None = None
    customer_name: str | None = None
    currency: str | None = None
    exchange_rate: Decimal | None = None
    g702: SheetSummary | None = None
    lines: tuple[SheetLine, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None
