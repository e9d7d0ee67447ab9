"""Owner invoices by project: list, show, delete."""

from typing import Any

from fastapi import APIRouter, Request, Response

from deploy.sandbox.procore import invoice_view, invoices
from deploy.sandbox.procore.access import Caller, TheCaller, TheSandbox
from deploy.sandbox.procore.paging import ThePager
from deploy.sandbox.procore.sandbox import Sandbox
from deploy.sandbox.procore.world import OwnerInvoice

router = APIRouter(prefix="/rest/v1.0/payment_applications")


@router.get("")
async def list_invoices(caller: TheCaller, pager: ThePager, project_id: int | None = None) -> list[dict[str, Any]]:
    """No filter by status or date, as in Procore."""
    project = caller.project(project_id)
    found = [each for each in caller.world.invoices.values() if each.project_id == project.id]
    return [invoice_view.listed(caller.world, invoice) for invoice in pager.cut(found)]


@router.get("/{invoice_id}")
async def show_invoice(
    invoice_id: int, request: Request, caller: TheCaller, sandbox: TheSandbox, project_id: int | None = None
) -> dict[str, Any]:
    invoice = caller.invoice(invoice_id, project_id)
    return show(sandbox, request, invoice)


@router.delete("/{invoice_id}", status_code=204)
async def delete_invoice(
    invoice_id: int, caller: TheCaller, sandbox: TheSandbox, project_id: int | None = None
) -> Response:
    remove(sandbox, caller, caller.invoice(invoice_id, project_id))
    return Response(status_code=204)


def show(sandbox: Sandbox, request: Request, invoice: OwnerInvoice) -> dict[str, Any]:
    return invoice_view.shown(
        sandbox.world,
        invoice,
        base_url=str(request.base_url),
        has_updated_at=sandbox.show_has_updated_at,
    )


def remove(sandbox: Sandbox, caller: Caller, invoice: OwnerInvoice) -> None:
    invoices.refuse_locked(invoice)
    act = sandbox.act(caller.account.user_id, caller.account)
    sandbox.tell(invoices.delete(sandbox.world, invoice, act), act)
