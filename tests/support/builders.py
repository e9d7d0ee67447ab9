"""Values for tests of the core: invoices as Procore serves them, the entries of an export, and views of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from deploy.sandbox.procore.amounts import LineStatement, LineWork, Statement, state
from services.export_worker.core.billing import Billing, make_document
from services.export_worker.core.capabilities import Capabilities, Step
from services.export_worker.core.document import Document
from services.export_worker.core.fields import Problem
from services.export_worker.core.invoice import Snapshot, read_snapshot
from services.export_worker.core.outcomes import Found
from services.export_worker.core.terms import Terms
from services.export_worker.core.view import Predecessor, View, look_at
from shared.connections.mappings import Mapping as Mapped
from shared.connections.mappings import MappingKind, Mappings
from shared.ledger.entries import (
    AttemptClosed,
    AttemptOpened,
    Authority,
    Deferred,
    EntryBody,
    Finding,
    Held,
    Look,
    Received,
    Skipped,
    Standing,
    StepDone,
)
from shared.ledger.fold import fold
from shared.ledger.state import State
from shared.ledger.words import Closing, Reason
from tests.support.cast import ADA, COMPANY, CONTRACT, NOW, OWNER, PROJECT, rights

INVOICE_ID = 7700123
SECOND = timedelta(seconds=1)
TERMS = Terms(connection="ironside", company_id=COMPANY, time_zone=ZoneInfo("America/Denver"))
KEY = TERMS.reference_key(str(INVOICE_ID))
CAPABILITIES = Capabilities(exports_owner_invoices=True, steps=(Step.CREATE, Step.FINISH))
MAPPINGS = Mappings(
    (
        Mapped(kind=MappingKind.CUSTOMER, erp_id="C-100", procore_name=OWNER),
        Mapped(kind=MappingKind.JOB, erp_id="J-100", procore_id=PROJECT),
        Mapped(kind=MappingKind.ACCOUNT, erp_id="4000", procore_id="*"),
        Mapped(kind=MappingKind.RETAINAGE_ACCOUNT, erp_id="1180"),
    )
)


def work(line: int, done: str = "0", stored: str = "0", *, value: str = "100000", **changes: Any) -> LineWork:
    """One line of the schedule of values in one period; 10 % retainage on work, 5 % on stored materials."""
    usual: dict[str, Any] = {
        "work_this_period": Decimal(done),
        "materials_stored": Decimal(stored),
        "scheduled_value": Decimal(value),
        "work_retainage_percent": Decimal(10),
        "stored_retainage_percent": Decimal(5),
    }
    return LineWork(line_id=line, **usual | changes)


PERIODS = (
    (work(1, "10000", "2000"), work(2, "5000")),
    (work(1, "12000", "500"), work(2, "0"), work(3, "4000", value="8000", is_change_order=True)),
    (work(1, "0"), work(2, "95000"), work(3, "4000", value="8000", is_change_order=True)),
)


def a_contract(*periods: Sequence[LineWork], **changes: Any) -> list[dict[str, Any]]:
    """The invoices of one prime contract, one for each period, in Procore's JSON and consistent to the cent."""
    statements: list[Statement] = []
    for works in periods:
        statements.append(state(works, statements[-1] if statements else None, changes.get("tax", Decimal(0))))
    plain = {name: value for name, value in changes.items() if name != "tax"}
    return [_invoice(number, statement) | plain for number, statement in enumerate(statements, start=1)]


def an_invoice(
    nth: int = 1, /, *, g702: Mapping[str, Any] | None = None, tax: str = "0", **changes: Any
) -> dict[str, Any]:
    """The nth invoice of the usual contract, approved; `g702` changes the summary, the rest the header."""
    raw = a_contract(*PERIODS[:nth], tax=Decimal(tax))[-1]
    return raw | {"g702": raw["g702"] | dict(g702 or {})} | changes


def a_snapshot(nth: int = 1, /, **changes: Any) -> Snapshot:
    """The same as the worker reads it."""
    return read_snapshot(an_invoice(nth, **changes))


def a_billing(snapshot: Snapshot | None = None, **changes: Any) -> Billing:
    """All that a document is made from."""
    usual: dict[str, Any] = {
        "snapshot": snapshot or a_snapshot(),
        "previous": None,
        "project_id": PROJECT,
        "reference": f"{KEY}:1",
        "terms": TERMS,
        "mappings": MAPPINGS,
        "capabilities": CAPABILITIES,
        "approved_at": NOW,
        "now": NOW,
    }
    return Billing(**usual | changes)


def a_document(snapshot: Snapshot | None = None, **changes: Any) -> Document:
    """The document of a faultless invoice."""
    made = make_document(a_billing(snapshot, **changes))
    assert isinstance(made, Document), made
    return made


def problems_of(billing: Billing) -> tuple[Problem, ...]:
    """The problems of an invoice that has some."""
    made = make_document(billing)
    assert isinstance(made, tuple), made
    return made


def a_found(document: Document | None = None, *, final: bool = True, **changes: Any) -> Found:
    """What the ERP shows for the document."""
    steps = frozenset(Step) if final else frozenset({Step.CREATE})
    usual: dict[str, Any] = {"ref": "R-1", "number": "AR-1", "done": steps & frozenset(CAPABILITIES.steps)}
    return Found(**usual | {"totals": (document or a_document()).totals} | changes)


def received(by: str | None = ADA, *, at: datetime = NOW, reason: str = "update", **changes: Any) -> Received:
    """A webhook."""
    event = Received(event_id=f"{by}-{at.timestamp()}", reason=reason, user_id=by, occurred_at=at)
    return event.model_copy(update=changes)


def a_look(snapshot: Snapshot | None = None, *, at: datetime = NOW, **changes: Any) -> Look:
    """A look that saw the invoice; `seen` and the like change it."""
    return look_at(snapshot or a_snapshot(), at).model_copy(update=changes)


def held(*reasons: Reason, look: Look | None = None) -> Held:
    """Held for these reasons."""
    return Held(findings=tuple(Finding(reason=reason) for reason in reasons), look=look)


def skipped(reason: Reason = Reason.NOT_APPROVED, look: Look | None = None) -> Skipped:
    """Skipped; without a look of its own, because a draft was seen."""
    return Skipped(finding=Finding(reason=reason), look=look or a_look(seen="draft"))


def deferred(reason: Reason = Reason.PAUSED, look: Look | None = None, **changes: Any) -> Deferred:
    """Deferred for ten minutes."""
    usual: dict[str, Any] = {"findings": (Finding(reason=reason),), "until": NOW + timedelta(minutes=10), "look": look}
    return Deferred(**usual | changes)


def opened(document: Document | None = None, *, attempt: int = 1, **changes: Any) -> AttemptOpened:
    """An attempt by Ada's right."""
    document = document or a_document()
    authority = Authority(users=(ADA,), found_by="events", judged_at=NOW)
    usual: dict[str, Any] = {
        "attempt": attempt,
        "reference": document.reference,
        "document": document.model_dump(mode="json"),
        "content_hash": document.content_hash,
        "mappings_version": MAPPINGS.version,
        "fingerprint": a_snapshot().fingerprint,
        "line_6": a_snapshot().g702.total_earned_less_retainage,
        "look": a_look(),
        "authority_when_seen": authority,
        "authority_when_opened": authority,
        "fencing_token": attempt,
        "worker": "test",
    }
    return AttemptOpened(**usual | changes)


def step_done(step: str = "create", ref: str = "R-1") -> StepDone:
    """One step stands."""
    return StepDone(step=step, ref=ref)


def closed(closing: Closing, reason: Reason | None = None, **changes: Any) -> AttemptClosed:
    """The attempt ended so."""
    return AttemptClosed(closing=closing, finding=Finding(reason=reason) if reason else None, **changes)


def a_standing(**changes: Any) -> Standing:
    """The document of the usual invoice, final in the ERP."""
    snapshot = a_snapshot()
    assert snapshot.g702 is not None
    totals = a_document().totals.model_dump()
    return Standing(
        ref="R-1",
        number="AR-1",
        totals=totals,
        fingerprint=snapshot.fingerprint,
        line_6=snapshot.g702.total_earned_less_retainage,
        is_final=True,
    ).model_copy(update=changes)


def a_state(*bodies: EntryBody, at: datetime = NOW) -> State:
    """The fold of these entries, one second apart; an export begins with Ada's webhook unless told otherwise."""
    all_of_them = bodies if bodies and isinstance(bodies[0], Received) else (received(), *bodies)
    return fold((body, at + number * SECOND) for number, body in enumerate(all_of_them))


def a_view(snapshot: Snapshot | None = None, **changes: Any) -> View:
    """An approved invoice that is ready to be sent."""
    seen = snapshot or a_snapshot()
    usual: dict[str, Any] = {
        "now": NOW,
        "state": a_state(),
        "seen": seen,
        "rights": rights(),
        "terms": TERMS,
        "capabilities": CAPABILITIES,
        "document": make_document(a_billing(seen)),
        "mappings_version": MAPPINGS.version,
    }
    return View(**usual | changes)


def a_predecessor(**changes: Any) -> Predecessor:
    """Invoice 1, exported as it is shown."""
    g702 = a_snapshot(1).g702
    assert g702 is not None
    usual: dict[str, Any] = {
        "payment_application_id": str(INVOICE_ID),
        "number": 1,
        "is_satisfied": True,
        "line_6": g702.total_earned_less_retainage,
    }
    return Predecessor(**usual | changes)


def _invoice(number: int, statement: Statement) -> dict[str, Any]:
    start, end = f"2026-{number:02}-01", f"2026-{number:02}-28"
    return {
        "id": INVOICE_ID + number - 1,
        "number": number,
        "invoice_number": f"HB-2026-{number:03}",
        "status": "approved",
        "billing_date": end,
        "period_start": start,
        "period_end": end,
        "billing_period": {"start_date": start, "end_date": end},
        "total_amount_paid": "0.00",
        "formatted_contract_company": OWNER,
        "currency_configuration": {"currency_iso_code": "USD", "currency_exchange_rate": "1.0"},
        "contract": {"id": int(CONTRACT), "type": "PrimeContract", "title": "Library extension"},
        "origin_id": None,
        "origin_data": None,
        "created_at": "2026-01-02T08:00:00Z",
        "updated_at": NOW.isoformat(),
        "g702": _g702(statement),
        "g703": [_g703(place, line) for place, line in enumerate(statement.lines, start=1)],
    }


def _g702(statement: Statement) -> dict[str, str]:
    amounts = {
        "original_contract_sum": statement.original_sum,
        "net_change_by_change_orders": statement.change_orders,
        "contract_sum_to_date": statement.sum_to_date,
        "total_completed_and_stored_to_date": statement.completed,
        "completed_work_retainage_amount": statement.work_retainage,
        "stored_materials_retainage_amount": statement.stored_retainage,
        "total_retainage": statement.retainage,
        "total_earned_less_retainage": statement.earned,
        "less_previous_certificates_for_payment": statement.previous_certificates,
        "current_payment_due": statement.payment_due,
        "balance_to_finish_including_retainage": statement.balance_to_finish,
        "tax_applicable_to_this_payment": statement.tax,
    }
    return {name: str(amount) for name, amount in amounts.items()}


def _g703(place: int, line: LineStatement) -> dict[str, Any]:
    number = line.work.line_id
    return {
        "item_number": place,
        "origin_id": 440000 + number,
        "origin_type": "ChangeOrderPackage" if line.work.is_change_order else "LineItem",
        "description_of_work": f"Line {number}",
        "wbs_code": {"flat_code": f"03-{number:03}"},
        "total_completed_and_stored_to_date": str(line.completed),
        "work_completed_retainage_retained_this_period": str(line.work_retainage.retained),
        "work_completed_retainage_released_this_period": str(line.work_retainage.released),
        "materials_stored_retainage_retained_this_period": str(line.stored_retainage.retained),
        "materials_stored_retainage_released_this_period": str(line.stored_retainage.released),
        "total_retainage_currently_retained": str(line.work_retainage.held + line.stored_retainage.held),
    }
