"""What a receivable must satisfy, at creation and at posting. Pure: each rule raises, none writes."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Annotated

from pydantic import Field

from deploy.sandbox.erp.refusals import AsksError, RefusedError
from deploy.sandbox.erp.wire import Content, Receivable, State, Strict, totals_of

FUTURE_DATE = "invoice_date_in_future"
CUSTOMERS = {
    "C-100": "Harbor Library District",
    "C-200": "Northgate School Board",
    "C-300": "Alder Street LLC",
}
JOBS = {"J-100": "Harbor Branch Library", "J-200": "Northgate Gymnasium", "J-300": "Alder Street Offices"}


class BookRules(Strict):
    """How one book is set up. Dates are the book's own; `today` None is the calendar's."""

    client_secret: str = "sandbox-secret"
    token_seconds: float = 86_400
    unique_reference: bool = False
    replay_key: bool = False
    unique_numbers: bool = False
    keeps_date_order: bool = False
    warns_of_future_dates: bool = False
    allows_zero: bool = False
    allows_negative: bool = False
    closed_until: date | None = None
    today: date | None = None
    currencies: frozenset[str] = frozenset({"USD"})
    max_number_length: Annotated[int, Field(gt=0)] = 21
    read_staleness_seconds: Annotated[float, Field(ge=0)] = 0
    customers: Mapping[str, str] = CUSTOMERS
    jobs: Mapping[str, str] = JOBS


def check_content(content: Content, rules: BookRules) -> None:
    """What creating and replacing a draft must satisfy. Raises RefusedError."""
    if content.customer_id not in rules.customers:
        raise RefusedError("unknown_customer", f"Customer {content.customer_id} does not exist.", "customer_id")
    if content.job_id is not None and content.job_id not in rules.jobs:
        raise RefusedError("unknown_job", f"Job {content.job_id} does not exist.", "job_id")
    if content.currency not in rules.currencies:
        raise RefusedError("currency_not_enabled", f"Currency {content.currency} is not enabled.", "currency")
    if len(content.invoice_number) > rules.max_number_length:
        column = f"Value too long for column 'invoice_number' (max {rules.max_number_length})"
        raise RefusedError("number_too_long", column, "invoice_number")
    check_total(content, rules)


def check_total(content: Content, rules: BookRules) -> None:
    """Zero and negative receivables, where the book does not allow them."""
    total = totals_of(content).receivable
    if total == 0 and not rules.allows_zero:
        raise RefusedError("zero_total", "The total of a receivable may not be zero.")
    if total < 0 and not rules.allows_negative:
        raise RefusedError("negative_total", "The total may not be negative: create a credit note instead.")


def check_posting(
    found: Receivable,
    rules: BookRules,
    posted: Collection[Receivable],
    acknowledged: Collection[str],
    today: date,
) -> None:
    """What posting must satisfy. Raises RefusedError or AsksError."""
    if found.state is State.POSTED:
        raise RefusedError("already_posted", f"{found.id} is already posted as {found.number}.")
    if found.state is not State.DRAFT:
        raise RefusedError("not_draft", f"{found.id} is {found.state}.")
    dated = found.content.invoice_date
    if rules.closed_until is not None and dated <= rules.closed_until:
        raise RefusedError("period_closed", f"The period of {dated} is closed.", "invoice_date")
    if rules.keeps_date_order and any(other.content.invoice_date > dated for other in posted):
        last = max(other.content.invoice_date for other in posted)
        raise RefusedError("date_out_of_sequence", f"The date must not be before {last}.", "invoice_date")
    check_number(found, rules, posted)
    if rules.warns_of_future_dates and dated > today and FUTURE_DATE not in acknowledged:
        raise AsksError(FUTURE_DATE, f"The invoice date {dated} is in the future.")


def check_number(found: Receivable, rules: BookRules, posted: Collection[Receivable]) -> None:
    """One posted receivable per invoice number, where the book wants that."""
    number = found.content.invoice_number
    if rules.unique_numbers and any(other.content.invoice_number == number for other in posted):
        raise RefusedError("duplicate_number", f"Invoice number {number} is in use.", "invoice_number")
