"""An owner invoice as Procore serves it: amounts as strings, G702 in lists, G703 only when shown alone."""

import copy
from typing import Any

from deploy.sandbox.procore.amounts import LineStatement, Retainage, Statement, percent_of
from deploy.sandbox.procore.clock import iso
from deploy.sandbox.procore.world import ContractLine, OwnerInvoice, PrimeContract, World

# Keeps the ids of lines within 64 bits whatever the invoice's own id is.
LINE_ID_BASE = 10**12


def listed(world: World, invoice: OwnerInvoice) -> dict[str, Any]:
    return _bent(_head(world, invoice), invoice)


def shown(world: World, invoice: OwnerInvoice, *, base_url: str, has_updated_at: bool) -> dict[str, Any]:
    view = _head(world, invoice)
    view["g703"] = [
        _g703(number, world.contract_line(invoice, line.work.line_id), line, invoice)
        for number, line in enumerate(invoice.statement.lines, start=1)
    ]
    view["attachments"] = [
        {"id": each.id, "filename": each.filename, "name": each.filename, "url": f"{base_url}files/{each.id}"}
        for each in invoice.attachments
    ]
    view = _bent(view, invoice)
    if not has_updated_at:
        view.pop("updated_at", None)
    return view


def currency_of(contract: PrimeContract) -> dict[str, str]:
    return {
        "currency_iso_code": contract.currency,
        "currency_exchange_rate": contract.exchange_rate,
        "base_currency_iso_code": contract.base_currency,
    }


def _head(world: World, invoice: OwnerInvoice) -> dict[str, Any]:
    contract, period = world.contracts[invoice.contract_id], world.periods[invoice.period_id]
    statement = invoice.statement
    start, end = period.start_date.isoformat(), period.end_date.isoformat()
    return {
        "id": invoice.id,
        "number": invoice.number,
        "invoice_number": invoice.invoice_number,
        "status": invoice.status,
        "billing_date": None if invoice.billing_date is None else invoice.billing_date.isoformat(),
        "period_id": period.id,
        "period_start": start,
        "period_end": end,
        "billing_period": {"start_date": start, "end_date": end},
        "percent_complete": str(percent_of(statement.completed, statement.sum_to_date)),
        "total_amount_paid": str(invoice.total_amount_paid),
        "total_amount_accrued_this_period": str(statement.gross_this_period),
        "formatted_contract_company": contract.client_name,
        "currency_configuration": currency_of(contract),
        "contract": {"id": contract.id, "type": "PrimeContract", "title": contract.title},
        "description_type": "custom" if invoice.description_overrides else "automatic",
        "origin_id": invoice.origin_id,
        "origin_data": invoice.origin_data,
        "created_at": iso(invoice.created_at),
        "updated_at": iso(invoice.updated_at),
        "g702": _g702(statement, f"{start} - {end}"),
    }


def _g702(statement: Statement, period: str) -> dict[str, str]:
    additions, deductions = statement.change_order_totals(1), statement.change_order_totals(-1)
    amounts = {
        "original_contract_sum": statement.original_sum,
        "net_change_by_change_orders": statement.change_orders,
        "contract_sum_to_date": statement.sum_to_date,
        "total_completed_and_stored_to_date": statement.completed,
        "completed_work_retainage_percent": percent_of(statement.work_retainage, statement.work_to_date),
        "completed_work_retainage_amount": statement.work_retainage,
        "stored_materials_retainage_percent": percent_of(statement.stored_retainage, statement.stored),
        "stored_materials_retainage_amount": statement.stored_retainage,
        "total_retainage": statement.retainage,
        "total_earned_less_retainage": statement.earned,
        "less_previous_certificates_for_payment": statement.previous_certificates,
        "current_payment_due": statement.payment_due,
        "balance_to_finish_including_retainage": statement.balance_to_finish,
        "tax_applicable_to_this_payment": statement.tax,
        "positive_change_order_item_total": additions.all,
        "positive_new_change_order_item_total": additions.new,
        "positive_previous_change_order_item_total": additions.previous,
        "negative_change_order_item_total": deductions.all,
        "negative_new_change_order_item_total": deductions.new,
        "negative_previous_change_order_item_total": deductions.previous,
    }
    return {name: str(amount) for name, amount in amounts.items()} | {"formatted_period": period}


def _g703(number: int, known: ContractLine, line: LineStatement, invoice: OwnerInvoice) -> dict[str, Any]:
    work = line.work
    held = line.work_retainage.held + line.stored_retainage.held
    held_before = line.work_retainage.previous + line.stored_retainage.previous
    code = known.cost_code
    return {
        "id": invoice.id % LINE_ID_BASE * 1000 + number,
        "item_number": number,
        "type": "payment_application_line_item",
        "origin_id": known.id,
        "origin_type": "ChangeOrderPackage" if known.is_change_order else "LineItem",
        "added_from_source": "change_order" if known.is_change_order else "contract",
        "added_from_source_id": known.id if known.is_change_order else invoice.contract_id,
        "description_of_work": known.description,
        "description_override": invoice.description_overrides.get(known.id),
        "cost_code": None if code is None else {"id": known.id, "full_code": code, "name": known.description},
        "wbs_code": None if code is None else {"id": known.id, "flat_code": code, "description": code},
        "scheduled_value": str(work.scheduled_value),
        "work_completed_from_previous_application": str(line.work_before),
        "work_completed_this_period": str(work.work_this_period),
        "materials_presently_stored": str(work.materials_stored),
        "total_completed_and_stored_to_date": str(line.completed),
        "total_completed_and_stored_to_date_percent": str(percent_of(line.completed, work.scheduled_value)),
        "balance_to_finish": str(work.scheduled_value - line.completed),
        **_retainage("work_completed_retainage", line.work_retainage, work.work_retainage_percent),
        **_retainage("materials_stored_retainage", line.stored_retainage, work.stored_retainage_percent),
        "total_retainage_currently_retained": str(held),
        "total_retainage_from_previous_application": str(held_before),
    }


def _retainage(prefix: str, retainage: Retainage, percent: object) -> dict[str, str]:
    return {
        f"{prefix}_percent_this_period": str(percent),
        f"{prefix}_retained_this_period": str(retainage.retained),
        f"{prefix}_released_this_period": str(retainage.released),
        f"{prefix}_currently_retained": str(retainage.held),
        f"{prefix}_from_previous_application": str(retainage.previous),
    }


def _bent(view: dict[str, Any], invoice: OwnerInvoice) -> dict[str, Any]:
    """Overrides last; a path that this view does not have (G703 in a list) is passed over."""
    for path, value in invoice.overrides.items():
        parent, key = _place(view, path)
        if isinstance(parent, dict):
            parent[str(key)] = copy.deepcopy(value)
        elif isinstance(parent, list) and isinstance(key, int) and key < len(parent):
            parent[key] = copy.deepcopy(value)
    for path in invoice.removed:
        parent, key = _place(view, path)
        if isinstance(parent, dict):
            parent.pop(str(key), None)
        elif isinstance(parent, list) and isinstance(key, int) and key < len(parent):
            del parent[key]
    return view


def _place(view: dict[str, Any], path: str) -> tuple[Any, str | int]:
    *steps, last = path.split(".")
    node: Any = view
    for step in steps:
        node = _step(node, step)
    return node, int(last) if isinstance(node, list) and last.isdecimal() else last


def _step(node: Any, step: str) -> Any:
    if isinstance(node, dict):
        return node.get(step)
    if isinstance(node, list) and step.isdecimal() and int(step) < len(node):
        return node[int(step)]
    return None
