"""The account: companies, projects, prime contracts, people, templates and service accounts."""

from decimal import Decimal
from typing import Any, Literal, TypeVar

from fastapi import APIRouter
from pydantic import Field

from deploy.sandbox.procore import views
from deploy.sandbox.procore.access import TheSandbox
from deploy.sandbox.procore.amounts import money
from deploy.sandbox.procore.drafts import Draft
from deploy.sandbox.procore.errors import invalid, not_found
from deploy.sandbox.procore.lines import add_line
from deploy.sandbox.procore.sandbox import APPLICATION_ID, OWN_LEVELS
from deploy.sandbox.procore.world import (
    Company,
    PermissionTemplate,
    PrimeContract,
    Project,
    ServiceAccount,
    ToolLevel,
    User,
)

router = APIRouter(prefix="/sandbox", tags=["account"])
Key = TypeVar("Key", int, str)
Noun = TypeVar("Noun")


class CompanyDraft(Draft):
    id: int | None = None
    name: str = "Sandbox Builders"


class ProjectDraft(Draft):
    id: int | None = None
    company_id: int
    name: str = "Library extension"
    number: str = "2031"
    is_active: bool = True
    user_id: int | None = None


class ContractLineDraft(Draft):
    description: str
    scheduled_value: Decimal
    cost_code: str | None = None
    change_order: bool = False


class ContractDraft(Draft):
    id: int | None = None
    project_id: int
    number: str = "PC-1"
    title: str = "General construction"
    status: str = "Approved"
    client_id: int | None = None
    client_name: str = "Harbor Library District"
    retainage_percent: Decimal = Decimal(10)
    currency: str = "USD"
    base_currency: str = "USD"
    exchange_rate: str = "1.0"
    origin_id: str | None = None
    lines: list[ContractLineDraft] = Field(default_factory=list)
    user_id: int | None = None


class TemplateDraft(Draft):
    id: int | None = None
    company_id: int
    name: str = "Accounting"
    type: str = "company_tools"
    levels: dict[str, ToolLevel] = Field(default_factory=dict)


class UserDraft(Draft):
    id: int | None = None
    company_id: int
    name: str
    email: str = ""
    is_active: bool = True
    is_employee: bool = True
    erp_integrated_accountant: bool = False
    permission_template_id: int | None = None


class UserEdit(Draft):
    """Only what is given changes; the directory tells it as a Company Users update by `by_user_id`."""

    is_active: bool | None = None
    is_employee: bool | None = None
    erp_integrated_accountant: bool | None = None
    permission_template_id: int | None = None
    by_user_id: int | None = None


class AccountDraft(Draft):
    client_id: str
    client_secret: str
    company_ids: set[int] | None = None
    permitted_project_ids: set[int] | None = None
    denied_status: Literal[403, 404] = 403


class AccountEdit(Draft):
    client_secret: str | None = None
    permitted_project_ids: set[int] | None = None
    denied_status: Literal[403, 404] | None = None


@router.post("/companies", status_code=201)
async def create_company(draft: CompanyDraft, sandbox: TheSandbox) -> dict[str, Any]:
    company = Company(id=sandbox.world.claim_id("company", draft.id, sandbox.world.companies), name=draft.name)
    sandbox.world.companies[company.id] = company
    return views.company_view(company)


@router.post("/projects", status_code=201)
async def create_project(draft: ProjectDraft, sandbox: TheSandbox) -> dict[str, Any]:
    _known(sandbox.world.companies, draft.company_id)
    act = sandbox.act(draft.user_id)
    project = Project(
        id=sandbox.world.claim_id("project", draft.id, sandbox.world.projects),
        created_at=act.at,
        updated_at=act.at,
        **draft.model_dump(exclude={"id", "user_id"}),
    )
    sandbox.world.projects[project.id] = project
    sandbox.publish("create", "Projects", project.id, act, company_id=project.company_id)
    return views.project_view(sandbox.world, project)


@router.post("/contracts", status_code=201)
async def create_contract(draft: ContractDraft, sandbox: TheSandbox) -> dict[str, Any]:
    _known(sandbox.world.projects, draft.project_id)
    act = sandbox.act(draft.user_id)
    fields = draft.model_dump(exclude={"id", "user_id", "lines", "client_id", "retainage_percent"})
    contract = PrimeContract(
        id=sandbox.world.claim_id("contract", draft.id, sandbox.world.contracts),
        client_id=draft.client_id or sandbox.world.take_id("client"),
        retainage_percent=money(draft.retainage_percent),
        created_at=act.at,
        updated_at=act.at,
        **fields,
    )
    sandbox.world.contracts[contract.id] = contract
    for line in draft.lines:
        add_line(
            sandbox.world,
            contract,
            description=line.description,
            scheduled_value=line.scheduled_value,
            cost_code=line.cost_code,
            is_change_order=line.change_order,
        )
    sandbox.publish("create", "Prime Contracts", contract.id, act, project_id=contract.project_id)
    return views.contract_view(sandbox.world, contract)


@router.post("/templates", status_code=201)
async def create_template(draft: TemplateDraft, sandbox: TheSandbox) -> dict[str, Any]:
    _known(sandbox.world.companies, draft.company_id)
    fields = draft.model_dump(exclude={"id"})
    template = PermissionTemplate(id=sandbox.world.claim_id("template", draft.id, sandbox.world.templates), **fields)
    sandbox.world.templates[template.id] = template
    return views.template_view(template, with_permissions=True)


@router.post("/users", status_code=201)
async def create_user(draft: UserDraft, sandbox: TheSandbox) -> dict[str, Any]:
    _known(sandbox.world.companies, draft.company_id)
    user = User(id=sandbox.world.claim_id("user", draft.id, sandbox.world.users), **draft.model_dump(exclude={"id"}))
    sandbox.world.users[user.id] = user
    return views.user_view(sandbox.world, user)


@router.patch("/users/{user_id}")
async def edit_user(user_id: int, draft: UserEdit, sandbox: TheSandbox) -> dict[str, Any]:
    user = _known(sandbox.world.users, user_id)
    for name, value in draft.model_dump(exclude_unset=True, exclude={"by_user_id"}).items():
        setattr(user, name, value)
    act = sandbox.act(draft.by_user_id)
    sandbox.publish("update", "Company Users", user.id, act, company_id=user.company_id)
    return views.user_view(sandbox.world, user)


@router.post("/service_accounts", status_code=201)
async def create_service_account(draft: AccountDraft, sandbox: TheSandbox) -> dict[str, Any]:
    if draft.client_id in sandbox.world.accounts:
        raise invalid("client_id", "has already been taken")
    account = ServiceAccount(
        user_id=sandbox.world.take_id("account"),
        application_id=APPLICATION_ID,
        tool_levels=dict(OWN_LEVELS),
        **draft.model_dump(),
    )
    sandbox.world.accounts[account.client_id] = account
    return _account_view(account)


@router.patch("/service_accounts/{client_id}")
async def edit_service_account(client_id: str, draft: AccountEdit, sandbox: TheSandbox) -> dict[str, Any]:
    """`permitted_project_ids` null permits every project; a new secret leaves issued tokens alive."""
    account = _known(sandbox.world.accounts, client_id)
    for name, value in draft.model_dump(exclude_unset=True).items():
        setattr(account, name, value)
    return _account_view(account)


@router.get("/service_accounts/{client_id}")
async def show_service_account(client_id: str, sandbox: TheSandbox) -> dict[str, Any]:
    return _account_view(_known(sandbox.world.accounts, client_id))


def _account_view(account: ServiceAccount) -> dict[str, Any]:
    permitted = account.permitted_project_ids
    return {
        "client_id": account.client_id,
        "user_id": account.user_id,
        "application_id": account.application_id,
        "permitted_project_ids": None if permitted is None else sorted(permitted),
        "denied_status": account.denied_status,
    }


def _known(nouns: dict[Key, Noun], key: Key) -> Noun:
    if key not in nouns:
        raise not_found()
    return nouns[key]
