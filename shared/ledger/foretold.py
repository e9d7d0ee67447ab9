"""What a dry run of a command says would become of it: stored as the command's answer. Pure."""

from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.ledger.words import Reason


class Prospect(StrEnum):
    """What would happen, in one word."""

    SEND = "send"
    HOLD = "hold"
    DEFER = "defer"
    SKIP = "skip"
    CONFIRM = "confirm"
    KEEP = "keep"
    LEAVE = "leave"
    ASK_ERP = "ask_erp"  # the rest follows from what the ERP answers
    REFUSED = "refused"  # the command itself would be
    UNKNOWN = "unknown"  # Procore or the ERP could not be asked now


class Foretold(BaseModel):
    """`row` is the decision table's. `amount` (in `currency`) and `reference` are of the document that would be sent.

    `text` are sentences for a person.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    decision: Prospect
    row: int | None = None
    text: tuple[str, ...] = ()
    amount: Decimal | None = None
    currency: str | None = None
    reasons: tuple[Reason, ...] = ()
    reference: str | None = None
