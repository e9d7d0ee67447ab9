"""Our document in the sandbox's words, and the sandbox's receivable in ours. Pure."""

from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document, DocumentLine, Totals
from services.export_worker.core.outcomes import Found
from services.export_worker.erp.sandbox.wire import Periods, Receivable, State


def written(document: Document, accepted: Collection[str]) -> dict[str, Any]:
    """Body of create and replace."""
    return {
        "external_reference": document.reference,
        "invoice_number": document.number,
        "memo": document.description,
        "customer_id": document.customer,
        "job_id": document.job,
        "invoice_date": document.invoice_date.isoformat(),
        "due_date": day(document.due_date),
        "period_from": day(document.period_start),
        "period_to": day(document.period_end),
        "currency": document.currency,
        "exchange_rate": f"{document.exchange_rate:f}",
        "lines": [line_written(line) for line in document.lines],
        "retainage": {
            "held": money(document.retainage_held),
            "released": money(document.retainage_released),
            "account": document.retainage_account,
        },
        "tax_amount": money(document.tax),
        "link": document.source_url,
        "acknowledge": sorted(accepted),
    }


def line_written(line: DocumentLine) -> dict[str, Any]:
    """One line."""
    return {
        "text": line.description,
        "amount": money(line.amount),
        "cost_code": line.cost_code,
        "revenue_account": line.account,
    }


def money(amount: Decimal) -> str:
    """A decimal string, never rounded: the ERP refuses what is finer than a cent."""
    return f"{amount:f}"


def day(value: date | None) -> str | None:
    """ISO, or nothing."""
    return None if value is None else value.isoformat()


def day_open(periods: Periods, day: date) -> date:
    """The day itself, or the first one after what is closed."""
    closed = periods.closed_until
    return day if closed is None or closed < day else closed + timedelta(days=1)


def found(receivable: Receivable) -> Found:
    """What stands, and which steps that makes."""
    said = receivable.totals
    return Found(
        ref=receivable.id,
        done=steps_done(receivable),
        totals=Totals(
            gross=said.gross,
            retainage_held=said.retainage_held,
            retainage_released=said.retainage_released,
            tax=said.tax,
        ),
        number=receivable.number,
        url=receivable.href,
        cancelled=receivable.state is State.CANCELLED,
    )


def steps_done(receivable: Receivable) -> frozenset[Step]:
    """A number is given at posting and stays when it is cancelled."""
    if receivable.number is None:
        return frozenset({Step.CREATE})
    return frozenset({Step.CREATE, Step.FINISH})
