"""Documents for the contract suite, and the smallest caller of the port that keeps its laws."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document, DocumentLine
from services.export_worker.core.outcomes import Done, Found, LookUpFailure, Outcome
from services.export_worker.erp.adapter import ErpAdapter
from tests.contract.erp.harness import Harness

PLAIN: dict[str, Any] = {
    "reference": "ironside:1001:90001:0",
    "number": "HBL-0007",
    "description": "Pay application 7, Harbor Branch Library",
    "customer": "C-100",
    "job": "J-100",
    "invoice_date": date(2026, 10, 31),
    "due_date": date(2026, 11, 30),
    "period_start": date(2026, 10, 1),
    "period_end": date(2026, 10, 31),
    "currency": "USD",
    "exchange_rate": Decimal(1),
    "retainage_held": Decimal("15000.00"),
    "retainage_released": Decimal("0.00"),
    "retainage_account": "1180",
    "tax": Decimal("0.00"),
    "source_url": "https://procore.example/90001",
}


def a_document(*amounts: str, **changes: Any) -> Document:
    """150,000 less 10 % retainage, unless told otherwise; one line for each amount."""
    lines = tuple(
        DocumentLine(
            description=f"Line {n}", amount=Decimal(amount), cost_code=f"03-{n:03d}", account="4000", item="4000"
        )
        for n, amount in enumerate(amounts or ("100000.00", "50000.00"), start=1)
    )
    return Document(**(PLAIN | {"lines": lines} | changes))


def an_invoice(erp: Harness, *amounts: str, **changes: Any) -> Document:
    """As `a_document`, for a customer and a job of this ERP."""
    ours = {"customer": erp.customer, "job": erp.job, "tax_code": erp.tax_code}
    return a_document(*amounts, **(ours | changes))


def must_have(adapter: ErpAdapter, step: Step) -> None:
    """Skip where the ERP has no such step."""
    if step not in adapter.capabilities.steps:
        pytest.skip(f"this ERP has no step {step}")


def all_done(adapter: ErpAdapter, document: Document) -> frozenset[Step]:
    """The steps that the document needs."""
    return frozenset(adapter.capabilities.steps_for(retained=document.is_retained))


async def found(adapter: ErpAdapter, document: Document) -> list[Found]:
    """What the look-up finds; it must be answered."""
    answer = await adapter.find(document.reference)
    assert not isinstance(answer, LookUpFailure), answer
    return list(answer)


async def done(adapter: ErpAdapter, step: Step, document: Document, ref: str | None = None) -> str:
    """The step's id; it must be done."""
    outcome = await adapter.perform(step, document, ref)
    assert isinstance(outcome, Done), outcome
    return outcome.ref


async def sent(adapter: ErpAdapter, document: Document) -> Found | Outcome:
    """Find first, go on from what stands, read back: what every walk of the corridor does."""
    standing = [one for one in await found(adapter, document) if not one.cancelled]
    ref = standing[0].ref if standing else None
    finished = standing[0].done if standing else frozenset()
    for step in adapter.capabilities.steps_for(retained=document.is_retained):
        if step not in finished:
            outcome = await adapter.perform(step, document, ref)
            if not isinstance(outcome, Done):
                return outcome
            ref = outcome.ref
    assert ref is not None
    read = await adapter.read(ref)
    assert isinstance(read, Found), read
    return read
