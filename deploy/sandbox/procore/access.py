"""Who is calling, for which company, and which projects that service account may see."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request

from deploy.sandbox.procore.errors import ApiError, bad_request, forbidden, not_found, unauthorized
from deploy.sandbox.procore.sandbox import Sandbox
from deploy.sandbox.procore.world import OwnerInvoice, PrimeContract, Project, ServiceAccount, World


def sandbox_of(request: Request) -> Sandbox:
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


TheSandbox = Annotated[Sandbox, Depends(sandbox_of)]


@dataclass(frozen=True, kw_only=True)
class Caller:
    account: ServiceAccount
    company_id: int
    world: World

    def company(self, company_id: int) -> int:
        """The company named in the path or query must be the one in the header."""
        if company_id != self.company_id:
            raise forbidden("Procore-Company-Id does not match the requested company.")
        return company_id

    def project(self, project_id: int | None) -> Project:
        """Raises 400 without an id, 404 if unknown, 403 in another company, 403 or 404 if not permitted."""
        if project_id is None:
            raise bad_request("project_id", "is missing")
        project = self.world.projects.get(project_id)
        if project is None:
            raise not_found()
        self.company(project.company_id)
        if not self.may_see(project):
            raise ApiError(self.account.denied_status, "You do not have access to this project.")
        return project

    def may_see(self, project: Project) -> bool:
        permitted = self.account.permitted_project_ids
        return permitted is None or project.id in permitted

    def contract(self, contract_id: int, project_id: int | None) -> PrimeContract:
        project = self.project(project_id)
        contract = self.world.contracts.get(contract_id)
        if contract is None or contract.project_id != project.id:
            raise not_found()
        return contract

    def invoice(self, invoice_id: int, project_id: int | None) -> OwnerInvoice:
        project = self.project(project_id)
        invoice = self.world.invoices.get(invoice_id)
        if invoice is None or invoice.project_id != project.id:
            raise not_found()
        return invoice


async def account_of(sandbox: TheSandbox, authorization: Annotated[str | None, Header()] = None) -> ServiceAccount:
    kind, _, secret = (authorization or "").partition(" ")
    token = sandbox.tokens.get(secret)
    if kind.lower() != "bearer" or token is None:
        raise unauthorized("The access token is missing or invalid.")
    if sandbox.clock.now() >= token.expires_at:
        raise unauthorized("The access token expired.")
    return sandbox.world.accounts[token.client_id]


async def caller_of(
    sandbox: TheSandbox,
    account: Annotated[ServiceAccount, Depends(account_of)],
    procore_company_id: Annotated[str | None, Header()] = None,
) -> Caller:
    """Raises 401 before 400 (no company header) before 403 (not a company of this account)."""
    if procore_company_id is None:
        raise bad_request("Procore-Company-Id", "header is missing")
    company_id = int(procore_company_id) if procore_company_id.isdecimal() else -1
    allowed = account.company_ids
    if company_id not in sandbox.world.companies or (allowed is not None and company_id not in allowed):
        raise forbidden("The app is not connected to this company.")
    return Caller(account=account, company_id=company_id, world=sandbox.world)


TheCaller = Annotated[Caller, Depends(caller_of)]
