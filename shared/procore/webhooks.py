"""Hooks, triggers and deliveries of Procore's v2 webhooks API. A hook belongs to a company or to one project.

Procore calls the v1 routes deprecated; only v2 knows payload version 4 and tells whether a hook is disabled.
Source: its API description; not seen live.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import SecretStr

from shared.procore.client import ProcoreClient
from shared.procore.webhook_rows import Delivery, DeliveryStatus, Hook, Trigger

COMPANY = "/rest/v2.0/companies/{company_id}/webhooks/hooks"
PROJECT = "/rest/v2.0/companies/{company_id}/projects/{project_id}/webhooks/hooks"
HOOK = "/{hook_id}"
TRIGGERS = "/{hook_id}/triggers"
TRIGGER = "/{hook_id}/triggers/{trigger_id}"
DELIVERIES = "/{hook_id}/deliveries"

PAYLOAD_VERSIONS = ("v2.0", "v3.0", "v4.0")
PAYLOAD_VERSION = "v2.0"
NAMESPACE = "invoice-export"
OWNER_INVOICES = "Payment Applications"


@dataclass(frozen=True)
class Webhooks:
    """`project_id` None means the company's own. Each method raises as ProcoreClient."""

    client: ProcoreClient

    async def hooks(
        self, company_id: str, project_id: str | None = None, *, namespace: str | None = None
    ) -> list[Hook]:
        """The hooks in that scope under `namespace`; without one, what Procore then shows, perhaps other apps' too."""
        params = {} if namespace is None else {"namespace": namespace}
        rows = self.client.pages(_route(project_id), company_id=company_id, ids=_ids(project_id), params=params)
        return [Hook.of(row) async for row in rows]

    async def create_hook(
        self,
        company_id: str,
        project_id: str | None = None,
        *,
        namespace: str,
        destination_url: str,
        authorization: SecretStr,
        payload_version: str = PAYLOAD_VERSION,
    ) -> Hook:
        """`authorization` is the header's whole value; Procore never shows it again. Not idempotent."""
        body = {"payload_version": payload_version, "namespace": namespace}
        answer = await self.client.one(
            _route(project_id),
            method="POST",
            company_id=company_id,
            ids=_ids(project_id),
            body={**body, **_destination(destination_url, authorization)},
            conceal=_secrets(authorization),
        )
        return Hook.of(_data(answer))

    async def correct_hook(
        self,
        company_id: str,
        hook_id: str,
        project_id: str | None = None,
        *,
        destination_url: str,
        authorization: SecretStr,
    ) -> Hook:
        """Where its events go and with which header, and that it is active. Safe to repeat."""
        answer = await self.client.one(
            _route(project_id, HOOK),
            method="PATCH",
            company_id=company_id,
            ids=_ids(project_id, hook_id=hook_id),
            body={"status": "active", **_destination(destination_url, authorization)},
            conceal=_secrets(authorization),
        )
        return Hook.of(_data(answer))

    async def delete_hook(self, company_id: str, hook_id: str, project_id: str | None = None) -> None:
        """Its triggers and what waits for it go with it."""
        await self.client.delete(_route(project_id, HOOK), company_id=company_id, ids=_ids(project_id, hook_id=hook_id))

    async def triggers(self, company_id: str, hook_id: str, project_id: str | None = None) -> list[Trigger]:
        rows = self.client.pages(
            _route(project_id, TRIGGERS), company_id=company_id, ids=_ids(project_id, hook_id=hook_id)
        )
        return [Trigger.of(row) async for row in rows]

    async def create_trigger(
        self,
        company_id: str,
        hook_id: str,
        project_id: str | None = None,
        *,
        reason: str,
        resource: str = OWNER_INVOICES,
    ) -> Trigger:
        """`reason`: create, update or delete. Not idempotent."""
        answer = await self.client.one(
            _route(project_id, TRIGGERS),
            method="POST",
            company_id=company_id,
            ids=_ids(project_id, hook_id=hook_id),
            body={"resource_name": resource, "event_type": reason},
        )
        return Trigger.of(_data(answer))

    async def delete_trigger(
        self, company_id: str, hook_id: str, trigger_id: str, project_id: str | None = None
    ) -> None:
        await self.client.delete(
            _route(project_id, TRIGGER),
            company_id=company_id,
            ids=_ids(project_id, hook_id=hook_id, trigger_id=trigger_id),
        )

    async def deliveries(
        self,
        company_id: str,
        hook_id: str,
        *,
        status: DeliveryStatus | None = None,
        since: date | None = None,
        project_id: str | None = None,
    ) -> AsyncIterator[Delivery]:
        """The events of that hook, in Procore's order, from the day `since`.

        Narrowed again here: its portal and its API description spell the filter in two ways, and one that is not
        understood is likely to be ignored. A status unknown to us is never left out.
        """
        params: dict[str, str | int] = {}
        if status is not None:
            params["filter[status]"] = status.value
        if since is not None:
            params["filter[start]"] = since.isoformat()
        rows = self.client.pages(
            _route(project_id, DELIVERIES), company_id=company_id, ids=_ids(project_id, hook_id=hook_id), params=params
        )
        async for row in rows:
            delivery = Delivery.of(row)
            happened = delivery.occurred_at
            is_too_old = since is not None and happened is not None and happened.date() < since
            if not is_too_old and (status is None or delivery.status in (status, None)):
                yield delivery


def _route(project_id: str | None, place: str = "") -> str:
    return (COMPANY if project_id is None else PROJECT) + place


def _ids(project_id: str | None, **ids: str) -> dict[str, str]:
    return ids if project_id is None else {"project_id": project_id, **ids}


def _data(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """v2 puts what it answers into an envelope."""
    data = body.get("data")
    return data if isinstance(data, dict) else body


def _destination(url: str, authorization: SecretStr) -> dict[str, Any]:
    return {"destination_url": url, "destination_headers": {"Authorization": authorization.get_secret_value()}}


def _secrets(authorization: SecretStr) -> tuple[str, str]:
    """Neither the header's value nor the token in it may stand in an error."""
    secret = authorization.get_secret_value()
    return secret, secret.partition(" ")[2]
