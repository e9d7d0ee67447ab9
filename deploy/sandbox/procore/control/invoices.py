"""What people do with owner invoices in Procore's screens, from create to delete."""

from typing import Any

from fastapi import APIRouter, Request, Response

from deploy.sandbox.procore import invoices
from deploy.sandbox.procore.access import TheSandbox
from deploy.sandbox.procore.api.owner_invoices import show
from deploy.sandbox.procore.drafts import Draft, InvoiceDraft, InvoiceEdit, OverrideDraft
from deploy.sandbox.procore.errors import not_found
from deploy.sandbox.procore.sandbox import Sandbox
from deploy.sandbox.procore.world import OwnerInvoice, Status

router = APIRouter(prefix="/sandbox", tags=["owner invoices"])


class Actor(Draft):
    """`user_id` null: the event names nobody. `force` acts even on an invoice that an integration locked."""

    user_id: int | None
    force: bool = False


class StatusDraft(Actor):
    status: Status


@router.post("/invoices", status_code=201)
async def create_invoice(draft: InvoiceDraft, request: Request, sandbox: TheSandbox) -> dict[str, Any]:
    contract = sandbox.world.contracts.get(draft.contract_id)
    if contract is None:
        raise not_found()
    act = sandbox.act(draft.user_id)
    change = invoices.create(sandbox.world, contract, draft, act)
    sandbox.tell(change, act)
    return show(sandbox, request, sandbox.world.invoices[change.invoice_id])


@router.get("/invoices/{invoice_id}")
async def show_invoice(invoice_id: int, request: Request, sandbox: TheSandbox) -> dict[str, Any]:
    """As the API would show it now, overrides included, without using quota."""
    return show(sandbox, request, _invoice(sandbox, invoice_id))


@router.patch("/invoices/{invoice_id}")
async def edit_invoice(invoice_id: int, draft: InvoiceEdit, request: Request, sandbox: TheSandbox) -> dict[str, Any]:
    invoice, act = _invoice(sandbox, invoice_id), sandbox.act(draft.user_id)
    sandbox.tell(invoices.edit(sandbox.world, invoice, draft, act), act)
    return show(sandbox, request, invoice)


@router.post("/invoices/{invoice_id}/status")
async def set_status(invoice_id: int, draft: StatusDraft, request: Request, sandbox: TheSandbox) -> dict[str, Any]:
    return _set_status(sandbox, request, invoice_id, draft, draft.status)


@router.post("/invoices/{invoice_id}/approve")
async def approve(invoice_id: int, draft: Actor, request: Request, sandbox: TheSandbox) -> dict[str, Any]:
    return _set_status(sandbox, request, invoice_id, draft, "approved")


@router.post("/invoices/{invoice_id}/revise")
async def revise(invoice_id: int, draft: Actor, request: Request, sandbox: TheSandbox) -> dict[str, Any]:
    return _set_status(sandbox, request, invoice_id, draft, "revise_and_resubmit")


@router.post("/invoices/{invoice_id}/delete", status_code=204)
async def delete_invoice(invoice_id: int, draft: Actor, sandbox: TheSandbox) -> Response:
    invoice = _invoice(sandbox, invoice_id)
    if not draft.force:
        invoices.refuse_locked(invoice)
    act = sandbox.act(draft.user_id)
    sandbox.tell(invoices.delete(sandbox.world, invoice, act), act)
    return Response(status_code=204)


@router.put("/invoices/{invoice_id}/overrides")
async def override_invoice(
    invoice_id: int, draft: OverrideDraft, request: Request, sandbox: TheSandbox
) -> dict[str, Any]:
    """Replaces all earlier overrides of this invoice; an empty one takes them back."""
    invoice, act = _invoice(sandbox, invoice_id), sandbox.act(draft.user_id)
    change = invoices.override(sandbox.world, invoice, draft, act)
    if change is not None:
        sandbox.tell(change, act)
    return show(sandbox, request, invoice)


def _set_status(sandbox: Sandbox, request: Request, invoice_id: int, draft: Actor, status: Status) -> dict[str, Any]:
    invoice = _invoice(sandbox, invoice_id)
    if not draft.force:
        invoices.refuse_locked(invoice)
    act = sandbox.act(draft.user_id)
    sandbox.tell(invoices.set_status(sandbox.world, invoice, status, act), act)
    return show(sandbox, request, invoice)


def _invoice(sandbox: Sandbox, invoice_id: int) -> OwnerInvoice:
    invoice = sandbox.world.invoices.get(invoice_id)
    if invoice is None:
        raise not_found()
    return invoice
