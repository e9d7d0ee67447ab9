"""What may happen to an owner invoice, as changes of the world. Each returns the `Change` to be told."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args

from deploy.sandbox.procore.amounts import LineWork, Statement, money, state
from deploy.sandbox.procore.drafts import InvoiceDraft, InvoiceEdit, OverrideDraft
from deploy.sandbox.procore.errors import conflict, invalid
from deploy.sandbox.procore.lines import carried_works, merge_lines, release_retainage
from deploy.sandbox.procore.periods import find_period
from deploy.sandbox.procore.world import (
    Attachment,
    Change,
    ChangeKind,
    OwnerInvoice,
    PrimeContract,
    Status,
    World,
)

STATUSES: tuple[str, ...] = get_args(Status)


@dataclass(frozen=True, kw_only=True)
class Act:
    """Who does something, and when; `application_id` is set when it comes through the API."""

    user_id: int | None
    at: datetime
    application_id: int | None = None


def create(world: World, contract: PrimeContract, draft: InvoiceDraft, act: Act) -> Change:
    """Raises 422 for a taken id or number, and for a new line without its scheduled value."""
    siblings = world.invoices_of(contract)
    number = draft.number or max((sibling.number for sibling in siblings), default=0) + 1
    if any(sibling.number == number for sibling in siblings):
        raise invalid("number", "has already been taken")
    earlier = [sibling for sibling in siblings if sibling.number < number]
    preceding = max(earlier, key=lambda sibling: sibling.number, default=None)
    invoice = _open(world, contract, preceding, draft, number=number, at=act.at)
    invoice.works = merge_lines(world, contract, carried_works(contract, preceding), draft)
    world.invoices[invoice.id] = invoice
    contract.invoice_ids.append(invoice.id)
    _fill(world, invoice, draft)
    return _record(world, invoice, "created", None, act)


def edit(world: World, invoice: OwnerInvoice, draft: InvoiceEdit, act: Act) -> Change:
    """Raises 422 for an invoice that an integration has locked, or that is not the contract's last."""
    if not draft.force:
        refuse_locked(invoice)
        if not world.is_last(invoice):
            raise invalid("base", "Only the latest invoice of a contract can be edited")
    contract = world.contracts[invoice.contract_id]
    invoice.works = merge_lines(world, contract, invoice.works, draft)
    for name in ("invoice_number", "billing_date"):
        if draft.was_given(name):
            setattr(invoice, name, getattr(draft, name))
    for name in ("tax", "total_amount_paid", "work_retainage_percent", "stored_retainage_percent"):
        if draft.was_given(name):
            setattr(invoice, name, money(getattr(draft, name) or 0))
    if draft.changes_period:
        invoice.period_id = find_period(world, invoice.project_id, draft, act.at).id
    _fill(world, invoice, draft)
    return _record(world, invoice, "edited", invoice.status, act)


def set_status(world: World, invoice: OwnerInvoice, status: Status, act: Act) -> Change:
    """Any status from any other, as Procore publishes no state machine."""
    before, invoice.status = invoice.status, status
    return _record(world, invoice, "status", before, act)


def patch(world: World, invoice: OwnerInvoice, fields: dict[str, Any], act: Act) -> Change:
    """The API's update; `origin_id` locks the whole invoice once it is set (422), and is unique (409)."""
    refuse_locked(invoice)
    _refuse_bad_patch(world, invoice, fields)
    before, billing_date = invoice.status, _date(fields.get("billing_date"))
    for name in ("status", "invoice_number", "origin_id", "origin_data"):
        if name in fields:
            setattr(invoice, name, fields[name])
    if "billing_date" in fields:
        invoice.billing_date = billing_date
    if "commitment_billing_period_id" in fields:
        invoice.period_id = fields["commitment_billing_period_id"]
    kind: ChangeKind = "edited" if invoice.status == before else "status"
    return _record(world, invoice, kind, before, act)


def override(world: World, invoice: OwnerInvoice, draft: OverrideDraft, act: Act) -> Change | None:
    """Bends what is served. Silent unless somebody is named as the editor."""
    invoice.overrides, invoice.removed = draft.set, draft.remove
    if draft.user_id is None:
        return None
    return _record(world, invoice, "overridden", invoice.status, act)


def delete(world: World, invoice: OwnerInvoice, act: Act) -> Change:
    contract = world.contracts[invoice.contract_id]
    contract.invoice_ids.remove(invoice.id)
    del world.invoices[invoice.id]
    _restate(world, contract)
    return _record(world, invoice, "deleted", invoice.status, act)


def refuse_locked(invoice: OwnerInvoice) -> None:
    if invoice.origin_id is not None:
        raise invalid("base", "This invoice is synced with an ERP and can not be changed")


def _open(
    world: World,
    contract: PrimeContract,
    preceding: OwnerInvoice | None,
    draft: InvoiceDraft,
    *,
    number: int,
    at: datetime,
) -> OwnerInvoice:
    period = find_period(world, contract.project_id, draft, at)
    made_up_number = f"{contract.number}-{number:03d}"
    work_percent, stored_percent = _percents(contract, preceding, draft)
    return OwnerInvoice(
        id=world.claim_id("invoice", draft.id, world.invoices),
        contract_id=contract.id,
        project_id=contract.project_id,
        number=number,
        invoice_number=draft.invoice_number if draft.was_given("invoice_number") else made_up_number,
        status=draft.status,
        billing_date=draft.billing_date if draft.was_given("billing_date") else period.end_date,
        period_id=period.id,
        work_retainage_percent=work_percent,
        stored_retainage_percent=stored_percent,
        tax=money(draft.tax),
        total_amount_paid=money(draft.total_amount_paid),
        created_at=at,
        updated_at=at,
        works=[],
        statement=state([], None),
    )


def _fill(world: World, invoice: OwnerInvoice, draft: InvoiceDraft | InvoiceEdit) -> None:
    contract = world.contracts[invoice.contract_id]
    for line in draft.lines:
        if line.description_override is not None:
            named = next(each for each in contract.lines if each.description == line.description)
            invoice.description_overrides[named.id] = line.description_override
    for attachment in draft.attachments:
        invoice.attachments.append(
            Attachment(
                id=world.take_id("attachment"),
                filename=attachment.filename,
                content_type=attachment.content_type,
                content=attachment.content.encode(),
            )
        )
    _restate(world, contract)
    if draft.release_retainage:
        invoice.stored_retainage_percent = money(0)
        invoice.works = release_retainage(invoice.statement)
        _restate(world, contract)


def _restate(world: World, contract: PrimeContract) -> None:
    """Every form of the contract anew, each on the one before it."""
    preceding: Statement | None = None
    for invoice in sorted(world.invoices_of(contract), key=lambda each: each.number):
        invoice.works = [_with_percents(work, invoice) for work in invoice.works]
        invoice.statement = preceding = state(invoice.works, preceding, invoice.tax)


def _with_percents(work: LineWork, invoice: OwnerInvoice) -> LineWork:
    return replace(
        work,
        work_retainage_percent=invoice.work_retainage_percent,
        stored_retainage_percent=invoice.stored_retainage_percent,
    )


def _percents(contract: PrimeContract, preceding: OwnerInvoice | None, draft: InvoiceDraft) -> tuple[Decimal, Decimal]:
    work, stored = draft.work_retainage_percent, draft.stored_retainage_percent
    if work is None:
        work = preceding.work_retainage_percent if preceding else contract.retainage_percent
    if stored is None:
        stored = preceding.stored_retainage_percent if preceding else contract.retainage_percent
    return money(work), money(stored)


def _refuse_bad_patch(world: World, invoice: OwnerInvoice, fields: dict[str, Any]) -> None:
    if fields.get("status", "draft") not in STATUSES:
        raise invalid("status", "is not included in the list")
    if fields.get("commitment_billing_period_id", invoice.period_id) not in world.periods:
        raise invalid("commitment_billing_period_id", "does not exist")
    if fields.get("origin_id") is not None:
        _refuse_taken_origin(world, invoice, fields["origin_id"])


def _refuse_taken_origin(world: World, invoice: OwnerInvoice, origin_id: str) -> None:
    """Unique per company and type."""
    company_id = world.projects[invoice.project_id].company_id
    for other in world.invoices.values():
        if other.origin_id == origin_id and world.projects[other.project_id].company_id == company_id:
            raise conflict("origin_id", "Origin ID has already been taken")


def _date(value: Any) -> date | None:
    try:
        return None if value is None else date.fromisoformat(str(value))
    except ValueError:
        raise invalid("billing_date", "is not a date") from None


def _record(world: World, invoice: OwnerInvoice, kind: ChangeKind, before: Status | None, act: Act) -> Change:
    invoice.updated_at = act.at
    change = Change(
        invoice_id=invoice.id,
        project_id=invoice.project_id,
        kind=kind,
        status_before=before,
        status_after=None if kind == "deleted" else invoice.status,
        user_id=act.user_id,
        by_api=act.application_id is not None,
        at=act.at,
    )
    world.changes.append(change)
    return change
