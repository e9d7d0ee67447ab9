"""Owner invoices as Procore's v1 API gives them. Source: its API description; not seen live."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.procore.client import ProcoreClient
from shared.procore.wire import wire_id

OF_PROJECT = "/rest/v1.0/payment_applications"
ONE = "/rest/v1.0/payment_applications/{id}"
OF_CONTRACT = "/rest/v1.0/prime_contracts/{contract_id}/payment_applications"
ONE_OF_CONTRACT = "/rest/v1.0/prime_contracts/{contract_id}/payment_applications/{id}"


@dataclass(frozen=True)
class PaymentApplications:
    """Raw dicts come back: ids as numbers, amounts mostly as text. Each method raises as ProcoreClient."""

    client: ProcoreClient

    async def show(self, company_id: str, project_id: str, payment_application_id: str) -> dict[str, Any]:
        """One invoice with its `g702` and `g703`. ProcoreNotFound also means that we may not see it."""
        return await self.client.one(
            ONE,
            company_id=company_id,
            ids={"id": payment_application_id},
            params={"project_id": wire_id(project_id)},
        )

    def of_project(self, company_id: str, project_id: str) -> AsyncIterator[dict[str, Any]]:
        """All invoices of a project with `updated_at` and `g702`, without lines. Procore offers no filter."""
        return self.client.pages(OF_PROJECT, company_id=company_id, params={"project_id": wire_id(project_id)})

    async def of_contract(
        self, company_id: str, project_id: str, contract_id: str, *, only: str | None = None
    ) -> list[dict[str, Any]]:
        """All invoices of a prime contract, or `only` the one with this id: as `of_project` shows them."""
        params = {"project_id": wire_id(project_id)}
        rows = self.client.pages(
            OF_CONTRACT,
            company_id=company_id,
            ids={"contract_id": contract_id},
            params=params if only is None else params | {"filters[id]": wire_id(only)},
        )
        return [row async for row in rows]

    async def update(
        self,
        company_id: str,
        project_id: str,
        contract_id: str,
        payment_application_id: str,
        fields: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Change `fields` (for instance `origin_id`, which locks the whole invoice in Procore)."""
        return await self.client.one(
            ONE_OF_CONTRACT,
            method="PATCH",
            company_id=company_id,
            ids={"contract_id": contract_id, "id": payment_application_id},
            body={"project_id": wire_id(project_id), "payment_application": fields},
        )
