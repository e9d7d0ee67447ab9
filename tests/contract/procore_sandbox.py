"""The cast of the Procore sandbox's tests: a served sandbox with one contract, a client, and a receiver."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response

from deploy.sandbox.procore.app import create_app
from deploy.sandbox.procore.control_client import SandboxControl
from deploy.sandbox.procore.sandbox import LOG_IN, Options
from deploy.sandbox.procore.server import serving

INVOICES = "/rest/v1.0/payment_applications"
HOOKS = "/rest/v1.0/webhooks/hooks"


@dataclass(kw_only=True)
class Stage:
    """Harbor Library District's contract with two lines, and Ada, who approves."""

    url: str
    control: SandboxControl
    api: httpx.AsyncClient
    company: int
    project: int
    contract: int
    ada: int

    async def an_invoice(self, *, concrete: str = "60000.00", **fields: Any) -> int:
        lines = [{"description": "Concrete", "work_this_period": concrete}]
        return await self.control.create_invoice(
            contract_id=self.contract, **{"lines": lines, "user_id": self.ada} | fields
        )

    async def shown(self, invoice: int) -> dict[str, Any]:
        response = await self.api.get(f"{INVOICES}/{invoice}", params={"project_id": self.project})
        assert response.status_code == 200, response.text
        return response.json()

    async def patch(self, invoice: int, **fields: Any) -> httpx.Response:
        path = f"/rest/v1.0/prime_contracts/{self.contract}/payment_applications/{invoice}"
        body = {"project_id": self.project, "payment_application": fields}
        return await self.api.patch(path, json=body)

    async def a_hook(
        self, url: str, *, version: str = "v2.0", reasons: tuple[str, ...] = ("create", "update", "delete")
    ) -> int:
        hook = {
            "api_version": version,
            "namespace": "invoice-export",
            "destination_url": url,
            "destination_headers": {"Authorization": "Bearer hook-secret-12345"},
        }
        created = await self.api.post(HOOKS, json={"project_id": self.project, "hook": hook})
        assert created.status_code == 201, created.text
        hook_id = int(created.json()["id"])
        triggers = [{"resource_name": "Payment Applications", "event_type": reason} for reason in reasons]
        body = {"project_id": self.project, "api_version": version, "triggers": triggers}
        added = await self.api.post(f"{HOOKS}/{hook_id}/triggers/bulk", json=body)
        assert added.status_code == 201, added.text
        return hook_id

    async def deliveries(self, hook: int, **params: Any) -> list[dict[str, Any]]:
        scope = {"project_id": self.project}
        response = await self.api.get(f"{HOOKS}/{hook}/deliveries", params=scope | params)
        return response.json()


@dataclass
class Receiver:
    """Answers with `script`, one status after the other, and 204 when it is used up."""

    url: str = ""
    script: list[int] = field(default_factory=list)
    answer_always: int = 204
    delay: float = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def ids(self) -> list[int]:
        return [body["id"] for body in self.bodies]

    async def receive(self, request: Request) -> Response:
        self.bodies.append(await request.json())
        self.headers.append(dict(request.headers))
        await asyncio.sleep(self.delay)
        return Response(status_code=self.script.pop(0) if self.script else self.answer_always)

    async def has_received(self, count: int, *, within: float = 5) -> None:
        deadline = time.monotonic() + within
        while len(self.bodies) < count:
            assert time.monotonic() < deadline, f"{len(self.bodies)} of {count} deliveries came"
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def a_stage(options: Options | None = None) -> AsyncIterator[Stage]:
    async with serving(create_app(options)) as url, SandboxControl(url) as control:
        company = await control.create_company(name="Ironside Builders")
        project = await control.create_project(company_id=company)
        contract = await control.create_contract(
            project_id=project,
            retainage_percent="10",
            lines=[
                {"description": "Concrete", "scheduled_value": "600000.00", "cost_code": "03-300"},
                {"description": "Steel", "scheduled_value": "600000.00"},
            ],
        )
        ada = await control.create_user(company_id=company, name="Ada Approver")
        async with a_client(url, company) as api:
            yield Stage(
                url=url,
                control=control,
                api=api,
                company=company,
                project=project,
                contract=contract,
                ada=ada,
            )


@contextlib.asynccontextmanager
async def a_client(url: str, company: int) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as api:
        token = await log_in(api)
        api.headers.update({"Authorization": f"Bearer {token}", "Procore-Company-Id": str(company)})
        yield api


async def log_in(api: httpx.AsyncClient, client_id: str = LOG_IN[0], secret: str = LOG_IN[1]) -> str:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    response = await api.post("/oauth/token", data=form)
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


@contextlib.asynccontextmanager
async def a_receiver() -> AsyncIterator[Receiver]:
    receiver, app = Receiver(), FastAPI()
    app.post("/hook")(receiver.receive)
    async with serving(app) as url:
        receiver.url = f"{url}/hook"
        yield receiver
