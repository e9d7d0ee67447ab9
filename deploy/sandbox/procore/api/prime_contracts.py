"""Prime contracts, and owner invoices by contract: the road by which an integration writes back."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from deploy.sandbox.procore import invoice_view, invoices, views
from deploy.sandbox.procore.access import Caller, TheCaller, TheSandbox
from deploy.sandbox.procore.api.owner_invoices import remove, show
from deploy.sandbox.procore.errors import not_found
from deploy.sandbox.procore.paging import ThePager
from deploy.sandbox.procore.world import OwnerInvoice

router = APIRouter(prefix="/rest/v1.0/prime_contracts")


class InvoicePatch(BaseModel):
    """Fields that Procore knows and we do not are let through and ignored."""

    project_id: int | None = None
    payment_application: dict[str, Any]


@router.get("")
async def list_contracts(caller: TheCaller, pager: ThePager, project_id: int | None = None) -> list[dict[str, Any]]:
    project = caller.project(project_id)
    contracts = [each for each in caller.world.contracts.values() if each.project_id == project.id]
    return [views.contract_view(caller.world, contract) for contract in pager.cut(contracts)]


@router.get("/{contract_id}")
async def show_contract(contract_id: int, caller: TheCaller, project_id: int | None = None) -> dict[str, Any]:
    return views.contract_view(caller.world, caller.contract(contract_id, project_id))


@router.get("/{contract_id}/payment_applications")
async def list_invoices(
    *,
    contract_id: int,
    caller: TheCaller,
    pager: ThePager,
    project_id: int | None = None,
    ids: Annotated[str | None, Query(alias="filters[id]")] = None,
    is_last: Annotated[bool | None, Query(alias="filters[is_last]")] = None,
) -> list[dict[str, Any]]:
    """`filters[id]` is one id or several with commas between."""
    world = caller.world
    found = world.invoices_of(caller.contract(contract_id, project_id))
    if ids is not None:
        wanted = {each.strip() for each in ids.strip("[]").split(",")}
        found = [invoice for invoice in found if str(invoice.id) in wanted]
    if is_last is not None:
        found = [invoice for invoice in found if world.is_last(invoice) == is_last]
    return [invoice_view.listed(world, invoice) for invoice in pager.cut(found)]


@router.patch("/{contract_id}/payment_applications/{invoice_id}")
async def update_invoice(
    *,
    contract_id: int,
    invoice_id: int,
    body: InvoicePatch,
    request: Request,
    caller: TheCaller,
    sandbox: TheSandbox,
    project_id: int | None = None,
) -> dict[str, Any]:
    invoice = _invoice(caller, contract_id, invoice_id, body.project_id or project_id)
    act = sandbox.act(caller.account.user_id, caller.account)
    sandbox.tell(invoices.patch(sandbox.world, invoice, body.payment_application, act), act)
    return show(sandbox, request, invoice)


@router.delete("/{contract_id}/payment_applications/{invoice_id}", status_code=204)
async def delete_invoice(
    contract_id: int, invoice_id: int, caller: TheCaller, sandbox: TheSandbox, project_id: int | None = None
) -> Response:
    remove(sandbox, caller, _invoice(caller, contract_id, invoice_id, project_id))
    return Response(status_code=204)


def _invoice(caller: Caller, contract_id: int, invoice_id: int, project_id: int | None) -> OwnerInvoice:
    contract = caller.contract(contract_id, project_id)
    if invoice_id not in contract.invoice_ids:
        raise not_found()
    return caller.world.invoices[invoice_id]
