"""The company directory: users, permission templates, and the caller's own access levels."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from deploy.sandbox.procore import views
from deploy.sandbox.procore.access import TheCaller
from deploy.sandbox.procore.errors import not_found
from deploy.sandbox.procore.paging import ThePager

router = APIRouter()


@router.get("/rest/v1.{minor:int}/companies/{company_id}/users")
async def list_users(minor: int, company_id: int, caller: TheCaller, pager: ThePager) -> list[dict[str, Any]]:
    """Versions 1.0 to 1.3 read alike."""
    _known_version(minor)
    users = caller.world.users_of(caller.company(company_id))
    return [views.user_view(caller.world, user) for user in pager.cut(users)]


@router.get("/rest/v1.{minor:int}/companies/{company_id}/users/{user_id}")
async def show_user(minor: int, company_id: int, user_id: int, caller: TheCaller) -> dict[str, Any]:
    _known_version(minor)
    user = caller.world.users.get(user_id)
    if user is None or user.company_id != caller.company(company_id):
        raise not_found()
    return views.user_view(caller.world, user)


@router.get("/rest/v1.0/companies/{company_id}/permission_templates")
async def list_templates(
    company_id: int,
    caller: TheCaller,
    pager: ThePager,
    type_: Annotated[str | None, Query(alias="filters[type]")] = None,
    view: str | None = None,
) -> list[dict[str, Any]]:
    caller.company(company_id)
    templates = [
        each for each in caller.world.templates.values() if each.company_id == company_id and type_ in (None, each.type)
    ]
    with_permissions = view == "with_permissions"
    return [views.template_view(each, with_permissions=with_permissions) for each in pager.cut(templates)]


@router.get("/rest/v1.0/companies/{company_id}/permission_templates/{template_id}")
async def show_template(company_id: int, template_id: int, caller: TheCaller) -> dict[str, Any]:
    template = caller.world.templates.get(template_id)
    if template is None or template.company_id != caller.company(company_id):
        raise not_found()
    return views.template_view(template, with_permissions=True)


@router.get("/rest/v1.0/settings/permissions")
async def show_own_permissions(company_id: int, caller: TheCaller) -> dict[str, Any]:
    """Of the service account itself; nobody else's level can be read here."""
    caller.company(company_id)
    return {"tools": [views.tool_view(tool, level) for tool, level in caller.account.tool_levels.items()]}


def _known_version(minor: int) -> None:
    if minor > 3:
        raise not_found("No such API version.")
