"""What a person fills in for an owner invoice: simple inputs, from which the forms follow."""

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from deploy.sandbox.procore.world import Status


class Draft(BaseModel):
    """A misspelt field is refused, so that a test cannot ask for something and silently not get it."""

    model_config = ConfigDict(extra="forbid")

    def was_given(self, name: str) -> bool:
        return name in self.model_fields_set


class LineDraft(Draft):
    """One line, known by its description. What is left out stays as on the preceding invoice."""

    description: str
    scheduled_value: Decimal | None = None
    work_this_period: Decimal = Decimal(0)
    materials_stored: Decimal = Decimal(0)
    retainage_released: Decimal = Decimal(0)
    cost_code: str | None = None
    description_override: str | None = None


class ChangeOrderDraft(Draft):
    """A change order enters the schedule of values as a line of its own; deductions are negative."""

    description: str
    amount: Decimal
    work_this_period: Decimal = Decimal(0)
    cost_code: str | None = None


class AttachmentDraft(Draft):
    filename: str
    content_type: str = "application/pdf"
    content: str = "%PDF-1.4 sandbox"


class InvoiceContent(Draft):
    """Percents are 0 to 100 and are carried over from the preceding invoice, else from the contract."""

    lines: list[LineDraft] = Field(default_factory=list)
    change_orders: list[ChangeOrderDraft] = Field(default_factory=list)
    work_retainage_percent: Decimal | None = None
    stored_retainage_percent: Decimal | None = None
    release_retainage: bool = False
    tax: Decimal = Decimal(0)
    total_amount_paid: Decimal = Decimal(0)
    invoice_number: str | None = None
    billing_date: date | None = None
    period_start: date | None = None
    period_end: date | None = None
    due_date: date | None = None
    attachments: list[AttachmentDraft] = Field(default_factory=list)
    user_id: int | None = None

    @property
    def changes_period(self) -> bool:
        return bool(self.period_start or self.period_end or self.due_date)


class InvoiceDraft(InvoiceContent):
    """`invoice_number` and `billing_date` are made up when left out; an explicit null stays null."""

    id: int | None = None
    contract_id: int
    number: int | None = None
    status: Status = "draft"


class InvoiceEdit(InvoiceContent):
    """Only what is given changes. `force` edits even what Procore locks: a synced or an earlier invoice."""

    force: bool = False


class OverrideDraft(Draft):
    """`set`: dotted paths to JSON values ("g702.tax", "g703.0.id", "status"); `remove`: paths that vanish.

    With a `user_id` it also counts as an edit by that person: `updated_at` moves and an update event is sent.
    """

    set: dict[str, Any] = Field(default_factory=dict)
    remove: list[str] = Field(default_factory=list)
    user_id: int | None = None
