"""The other nouns as Procore serves them."""

from typing import Any

from deploy.sandbox.procore.amounts import total
from deploy.sandbox.procore.clock import iso
from deploy.sandbox.procore.hooks import Delivery, Hook, Trigger, masked
from deploy.sandbox.procore.invoice_view import currency_of
from deploy.sandbox.procore.world import (
    BillingPeriod,
    Company,
    PermissionTemplate,
    PrimeContract,
    Project,
    ToolLevel,
    User,
    World,
)

LEVELS: dict[ToolLevel, dict[str, Any]] = {
    "none": {"id": 1, "name": "None"},
    "read_only": {"id": 2, "name": "Read Only"},
    "standard": {"id": 3, "name": "Standard"},
    "admin": {"id": 4, "name": "Admin"},
}


def company_view(company: Company) -> dict[str, Any]:
    return {"id": company.id, "name": company.name, "is_active": company.is_active}


def project_view(world: World, project: Project) -> dict[str, Any]:
    return {
        "id": project.id,
        "name": project.name,
        "display_name": f"{project.number} - {project.name}",
        "project_number": project.number,
        "active": project.is_active,
        "created_at": iso(project.created_at),
        "updated_at": iso(project.updated_at),
        "company": {"id": project.company_id, "name": world.companies[project.company_id].name},
    }


def contract_view(world: World, contract: PrimeContract) -> dict[str, Any]:
    original = total([line.scheduled_value for line in contract.lines if not line.is_change_order])
    changes = total([line.scheduled_value for line in contract.lines if line.is_change_order])
    project = world.projects[contract.project_id]
    return {
        "id": contract.id,
        "number": contract.number,
        "title": contract.title,
        "status": contract.status,
        "executed": True,
        "vendor": {
            "id": contract.client_id,
            "company": contract.client_name,
            "name": contract.client_name,
        },
        "retainage_percent": str(contract.retainage_percent),
        "grand_total": str(original),
        "approved_change_orders": str(changes),
        "revised_contract": str(original + changes),
        "currency_configuration": currency_of(contract),
        "project": {"id": project.id, "name": project.name},
        "origin_id": contract.origin_id,
        "origin_data": None,
        "created_at": iso(contract.created_at),
        "updated_at": iso(contract.updated_at),
    }


def period_view(period: BillingPeriod) -> dict[str, Any]:
    return {
        "id": period.id,
        "start_date": period.start_date.isoformat(),
        "end_date": period.end_date.isoformat(),
        "due_date": period.due_date.isoformat(),
        "status": period.status,
    }


def user_view(world: World, user: User) -> dict[str, Any]:
    first, _, last = user.name.partition(" ")
    template = world.templates.get(user.permission_template_id or 0)
    return {
        "id": user.id,
        "name": user.name,
        "first_name": first,
        "last_name": last,
        "email_address": user.email,
        "is_active": user.is_active,
        "is_employee": user.is_employee,
        "erp_integrated_accountant": user.erp_integrated_accountant,
        "company_permission_template": None
        if template is None
        else {"id": template.id, "name": template.name, "type": template.type},
    }


def template_view(template: PermissionTemplate, *, with_permissions: bool) -> dict[str, Any]:
    """The inner shape of the two permission objects is this sandbox's own: Procore publishes no schema."""
    view: dict[str, Any] = {"id": template.id, "name": template.name, "type": template.type}
    if with_permissions:
        view["user_access_levels"] = {tool: LEVELS[level] for tool, level in template.levels.items()}
        view["permissions"] = {tool: [] for tool in template.levels}
    return view


def tool_view(tool: str, level: ToolLevel) -> dict[str, Any]:
    return {
        "name": tool,
        "friendly_name": tool.replace("_", " ").title(),
        "user_access_level": LEVELS[level],
        "permitted_actions": [],
    }


def hook_view(hook: Hook) -> dict[str, Any]:
    return {
        "id": hook.id,
        "owned_by_company_id": None if hook.project_id else hook.company_id,
        "owned_by_project_id": hook.project_id,
        "api_version": hook.api_version,
        "namespace": hook.namespace,
        "destination_url": hook.destination_url,
        "destination_headers": masked(hook.destination_headers),
    }


def trigger_view(trigger: Trigger) -> dict[str, Any]:
    return {
        "id": trigger.id,
        "hook_id": trigger.hook_id,
        "api_version": trigger.api_version,
        "resource_name": trigger.resource_name,
        "event_type": trigger.event_type,
    }


def delivery_view(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "hook_id": delivery.hook_id,
        "event": delivery.payload,
        "outcome": delivery.outcome,
        "created_at": iso(delivery.queued_at),
        "started_at": iso(delivery.started_at),
        "completed_at": iso(delivery.completed_at),
        "response_status": delivery.response_status,
        "response_headers": delivery.response_headers,
        "response_error": delivery.response_error,
        "response_body": delivery.response_body,
    }
