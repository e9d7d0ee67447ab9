"""From an invoice to the document that is sent: mapping, dates, lines, and every limit of the ERP, before any call."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import assert_never

from services.export_worker.core.arithmetic import (
    Period,
    PeriodLine,
    period_of,
    receivable_differs,
    sums_that_differ,
)
from services.export_worker.core.capabilities import Capabilities, RetainageShape
from services.export_worker.core.document import Document, DocumentLine
from services.export_worker.core.fields import Problem
from services.export_worker.core.invoice import CENT, ZERO, Snapshot
from services.export_worker.core.terms import MappingLookup, Terms
from shared.connections.mappings import CONTRACT_PREFIX, MappingKind
from shared.connections.missing import code_missing, customer_missing, job_missing, retainage_missing, tax_missing
from shared.ledger.words import Reason


@dataclass(frozen=True, kw_only=True)
class Billing:
    """All that a document is made from. `previous` is the invoice before it in the contract, as Procore shows it.

    `first_open_day` is the ERP's, for terms that date by it; None: no day is open.
    """

    snapshot: Snapshot
    previous: Snapshot | None
    project_id: str
    reference: str
    terms: Terms
    mappings: MappingLookup
    capabilities: Capabilities
    approved_at: datetime
    now: datetime
    first_open_day: date | None = None

    @property
    def number(self) -> str | None:
        """Procore's invoice number; by the connection's rule where it is blank or longer than the ERP's."""
        given, rule = self.snapshot.invoice_number, self.terms.number_rule
        if given and len(given) <= self.capabilities.max_number_length:
            return given
        if rule is None or self.snapshot.number is None:
            return given
        return rule.format(
            number=self.snapshot.number,
            contract_id=self.snapshot.contract_id or "",
            project_id=self.project_id,
            invoice_number=given or "",
        )


def make_document(billing: Billing) -> Document | tuple[Problem, ...]:
    """The document, or all problems at once, in the order in which a person would mend them."""
    snapshot = billing.snapshot
    period = period_of(snapshot, billing.previous)
    problems = [
        *snapshot.problems,
        *_missing_fields(billing),
        *sums_that_differ(snapshot),
        *receivable_differs(snapshot, period),
        *_missing_mappings(billing, period),
        *_text_limits(billing, period),
        *_currency_limits(billing),
        *_amount_limits(billing, period),
        *_date_limits(billing),
    ]
    return tuple(problems) if problems else _document(billing, period)


def _document(billing: Billing, period: Period) -> Document:
    snapshot, mappings, days = billing.snapshot, billing.mappings, billing.terms.payment_days
    dated = _invoice_date(billing) or billing.now.date()
    return Document(
        reference=billing.reference,
        number=billing.number or "",
        description=_description(snapshot),
        customer=mappings.customer(snapshot.customer_name or "") or "",
        job=mappings.job(billing.project_id, snapshot.contract_id or ""),
        invoice_date=dated,
        due_date=None if days is None else dated + timedelta(days=days),
        period_start=snapshot.period_start,
        period_end=snapshot.period_end,
        currency=snapshot.currency or "",
        exchange_rate=snapshot.exchange_rate,
        lines=tuple(_lines(billing, period)),
        retainage_held=period.retainage_held.quantize(CENT),
        retainage_released=period.retainage_released.quantize(CENT),
        retainage_account=mappings.retainage_account(),
        tax=period.tax.quantize(CENT),
        tax_code=mappings.tax(None) if period.tax else None,
        source_url=_source_url(billing),
        notes=tuple(_notes(billing)),
    )


def _source_url(billing: Billing) -> str:
    """Where a person sees the invoice in Procore. The path is not documented (docs/procore.md)."""
    snapshot = billing.snapshot
    contract = f"{billing.terms.procore_web_url}/{billing.project_id}/project/prime_contracts/{snapshot.contract_id}"
    return f"{contract}/payment_applications/{snapshot.payment_application_id}"


def _notes(billing: Billing) -> Iterator[str]:
    snapshot, mappings = billing.snapshot, billing.mappings
    if billing.number != snapshot.invoice_number:
        was = repr(snapshot.invoice_number) if snapshot.invoice_number else "blank"
        yield f"the number {billing.number} is made by the connection's rule: Procore's is {was}"
    if mappings.is_default(MappingKind.CUSTOMER, snapshot.customer_name or ""):
        yield f"the owner {snapshot.customer_name!r} has no customer of its own: the one for all others is used"
    if mappings.is_default(MappingKind.JOB, f"{CONTRACT_PREFIX}{snapshot.contract_id}", billing.project_id):
        yield f"project {billing.project_id} has no job of its own: the one for all others is used"


def _description(snapshot: Snapshot) -> str:
    of = f" of {snapshot.contract_title}" if snapshot.contract_title else ""
    return f"Owner invoice {snapshot.number}{of}"


def _invoice_date(billing: Billing) -> date | None:
    zone = billing.terms.time_zone
    match billing.terms.accounting_date:
        case "billing_date":
            return billing.snapshot.billing_date
        case "approval_date":
            return billing.approved_at.astimezone(zone).date()
        case "today":
            return billing.now.astimezone(zone).date()
        case "first_open_day":
            return billing.first_open_day
        case other:
            assert_never(other)


def _lines(billing: Billing, period: Period) -> Iterator[DocumentLine]:
    mappings = billing.mappings
    for description, cost_code, amount in _groups(billing, period):
        yield DocumentLine(
            description=description,
            amount=amount.quantize(CENT),
            cost_code=cost_code,
            account=mappings.account(cost_code or ""),
            item=mappings.item(cost_code or ""),
        )


def _groups(billing: Billing, period: Period) -> list[tuple[str, str | None, Decimal]]:
    """Description, cost code and amount at the grain that the connection asks for."""
    match billing.terms.lines:
        case "g703":
            return [(line.description or line.key, line.cost_code, line.gross) for line in period.lines]
        case "cost_code":
            return _by_cost_code(period.lines)
        case "summary":
            return [(_description(billing.snapshot), None, period.totals.gross)]
        case other:
            assert_never(other)


def _by_cost_code(lines: tuple[PeriodLine, ...]) -> list[tuple[str, str | None, Decimal]]:
    sums: dict[str | None, Decimal] = {}
    for line in lines:
        sums[line.cost_code] = sums.get(line.cost_code, ZERO) + line.gross
    return [(code or "Without cost code", code, amount) for code, amount in sums.items()]


def _missing_fields(billing: Billing) -> Iterator[Problem]:
    snapshot = billing.snapshot
    wanted: dict[str, object] = {
        "number in the contract": snapshot.number,
        "invoice number": billing.number,
        "prime contract": snapshot.contract_id,
        "owner": snapshot.customer_name,
        "currency": snapshot.currency,
    }
    if billing.terms.accounting_date in ("billing_date", "first_open_day"):
        wanted["billing date"] = snapshot.billing_date
    for what, value in wanted.items():
        if value is None:
            yield Problem(Reason.MISSING_FIELD, f"the {what} is missing")


def _missing_mappings(billing: Billing, period: Period) -> Iterator[Problem]:
    snapshot, mappings = billing.snapshot, billing.mappings
    required = billing.capabilities.required_mappings
    if "customer" in required and snapshot.customer_name and not mappings.customer(snapshot.customer_name):
        yield Problem(Reason.MISSING_MAPPING, customer_missing(snapshot.customer_name))
    if "job" in required and not mappings.job(billing.project_id, snapshot.contract_id or ""):
        yield Problem(Reason.MISSING_MAPPING, job_missing(billing.project_id))
    for kind, look_up in ((MappingKind.ACCOUNT, mappings.account), (MappingKind.ITEM, mappings.item)):
        for code in dict.fromkeys(code for _, code, _ in _groups(billing, period)) if kind in required else ():
            if not look_up(code or ""):
                yield Problem(Reason.MISSING_MAPPING, code_missing(code, kind))
    if period.tax and "tax" in required and not mappings.tax(None):
        yield Problem(Reason.MISSING_MAPPING, tax_missing())
    retained = period.retainage_held or period.retainage_released
    if "retainage_account" in required and retained and not mappings.retainage_account():
        yield Problem(Reason.MISSING_MAPPING, retainage_missing())


def _text_limits(billing: Billing, period: Period) -> Iterator[Problem]:
    snapshot, capabilities = billing.snapshot, billing.capabilities
    number = billing.number or ""
    longest = capabilities.max_number_length
    if len(number) > longest:
        yield Problem(Reason.TOO_LONG, f"the number {number!r} is longer than the ERP's {longest} characters")
    texts = [_description(snapshot), *(description for description, _, _ in _groups(billing, period))]
    if max(map(len, texts)) > capabilities.max_text_length:
        yield Problem(
            Reason.TOO_LONG, f"a description is longer than the ERP's {capabilities.max_text_length} characters"
        )


def _currency_limits(billing: Billing) -> Iterator[Problem]:
    snapshot, currencies = billing.snapshot, billing.capabilities.currencies
    if currencies is not None and snapshot.currency and snapshot.currency not in currencies:
        yield Problem(Reason.CURRENCY, f"the ERP takes {', '.join(sorted(currencies))}, not {snapshot.currency}")
    if snapshot.exchange_rate <= 0:
        yield Problem(Reason.CURRENCY, f"the exchange rate is {snapshot.exchange_rate}")


def _amount_limits(billing: Billing, period: Period) -> Iterator[Problem]:
    capabilities = billing.capabilities
    retained = period.retainage_held or period.retainage_released
    if retained and capabilities.retainage_shape is RetainageShape.UNSUPPORTED:
        yield Problem(Reason.UNSUPPORTED, "the ERP takes no retainage")
    beside = capabilities.retainage_shape is RetainageShape.GROSS_PLUS_RECLASS_ENTRY
    if retained and beside and not period.lines:
        yield Problem(Reason.UNSUPPORTED, "the ERP moves retainage beside an invoice of work, and there is no work")
    receivable = period.totals.receivable
    if receivable < 0 and not capabilities.negative_totals:
        yield Problem(Reason.UNSUPPORTED, f"the ERP takes no negative invoice ({receivable.quantize(CENT)})")
    if period.tax and not capabilities.takes_tax:
        yield Problem(Reason.UNSUPPORTED, f"the ERP takes no tax with an invoice ({period.tax.quantize(CENT)})")
    if receivable == 0 and not capabilities.zero_totals:
        yield Problem(Reason.UNSUPPORTED, "the ERP takes no invoice of 0.00")


def _date_limits(billing: Billing) -> Iterator[Problem]:
    dated = billing.snapshot.billing_date
    if billing.terms.accounting_date != "first_open_day":
        return
    if not billing.capabilities.tells_open_days:
        yield Problem(Reason.UNSUPPORTED, "the ERP does not tell its open days: choose another accounting date")
    elif billing.first_open_day is None and dated:
        yield Problem(Reason.PERIOD_CLOSED, f"no day from {dated} on is open in the ERP")
