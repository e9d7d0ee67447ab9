"""Companies, projects, billing periods, and who the service account is."""

from typing import Any

from fastapi import APIRouter

from deploy.sandbox.procore import views
from deploy.sandbox.procore.access import TheCaller
from deploy.sandbox.procore.errors import not_found
from deploy.sandbox.procore.paging import ThePager

router = APIRouter(prefix="/rest/v1.0")


@router.get("/me")
async def show_me(caller: TheCaller) -> dict[str, Any]:
    account = caller.account
    return {"id": account.user_id, "login": f"{account.client_id}@sandbox.invalid", "name": account.client_id}


@router.get("/companies")
async def list_companies(caller: TheCaller, pager: ThePager) -> list[dict[str, Any]]:
    allowed = caller.account.company_ids
    visible = [each for each in caller.world.companies.values() if allowed is None or each.id in allowed]
    return [views.company_view(company) for company in pager.cut(visible)]


@router.get("/projects")
async def list_projects(company_id: int, caller: TheCaller, pager: ThePager) -> list[dict[str, Any]]:
    """Only permitted projects; a project that nobody selected for the app does not show."""
    caller.company(company_id)
    projects = [
        each for each in caller.world.projects.values() if each.company_id == company_id and caller.may_see(each)
    ]
    return [views.project_view(caller.world, project) for project in pager.cut(projects)]


@router.get("/projects/{project_id}/billing_periods")
async def list_billing_periods(project_id: int, caller: TheCaller, pager: ThePager) -> list[dict[str, Any]]:
    project = caller.project(project_id)
    periods = [each for each in caller.world.periods.values() if each.project_id == project.id]
    return [views.period_view(period) for period in pager.cut(periods)]


@router.get("/projects/{project_id}/billing_periods/{period_id}")
async def show_billing_period(project_id: int, period_id: int, caller: TheCaller) -> dict[str, Any]:
    project = caller.project(project_id)
    period = caller.world.periods.get(period_id)
    if period is None or period.project_id != project.id:
        raise not_found()
    return views.period_view(period)
