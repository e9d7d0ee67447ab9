"""Where the tests of the Procore client play: a sandbox with people in it, and a Procore that misbehaves."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import SecretStr

from deploy.sandbox.procore.app import create_app
from deploy.sandbox.procore.control_client import SandboxControl
from deploy.sandbox.procore.sandbox import Options
from deploy.sandbox.procore.server import serving
from shared.procore.client import ProcoreClient
from shared.procore.payment_applications import PaymentApplications
from shared.procore.transport import Call

SECRET = "sandbox-secret"
CONCRETE = {"description": "Concrete", "scheduled_value": "600000.00"}
OPTIONS = Options(client_secret=SECRET, hourly_limit=100_000, spike_limit=10_000)
FLOATS = b'{"tax": 1234567890123456.07, "paid": 0.1, "rate": "1.0", "id": 9007199254740993}'


@dataclass
class Site:
    """A sandbox with Ada, one project and one contract with one owner invoice; `client` reaches it."""

    url: str
    control: SandboxControl
    client: ProcoreClient
    calls: list[Call]
    company: str = ""
    project: str = ""
    contract: str = ""
    invoice: str = ""
    ada: str = ""
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def show(self, client: ProcoreClient | None = None) -> dict[str, Any]:
        return await PaymentApplications(client or self.client).show(self.company, self.project, self.invoice)

    async def another(self, **changes: Any) -> ProcoreClient:
        """A client of its own, closed with the site."""
        secret = SecretStr(changes.pop("secret", SECRET))
        return await self._stack.enter_async_context(
            ProcoreClient(self.url, self.url, "sandbox-client", secret, **changes)
        )

    async def asked(self, prefix: str) -> int:
        return sum(seen["path"].startswith(prefix) for seen in await self.control.requests())


@asynccontextmanager
async def a_site() -> AsyncIterator[Site]:
    calls: list[Call] = []
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving(create_app(OPTIONS)))
        control = await stack.enter_async_context(SandboxControl(url))
        client = ProcoreClient(url, url, "sandbox-client", SecretStr(SECRET), observer=calls.append)
        await stack.enter_async_context(client)
        site = Site(url, control, client, calls, _stack=stack)
        company = await control.create_company(name="Ironside Builders")
        project = await control.create_project(company_id=company, name="Library extension")
        contract = await control.create_contract(project_id=project, lines=[CONCRETE])
        ada = await control.create_user(company_id=company, name="Ada", erp_integrated_accountant=True)
        invoice = await control.create_invoice(contract_id=contract)
        site.company, site.project, site.contract = str(company), str(project), str(contract)
        site.invoice, site.ada = str(invoice), str(ada)
        yield site


@asynccontextmanager
async def an_odd_procore() -> AsyncIterator[str]:
    """The address of one that answers as no API should; the id asked for says how. `/hook` takes deliveries."""
    app = FastAPI()

    @app.post("/oauth/token")
    async def log_in(request: Request) -> Response:
        if b"client_id=garbled" in await request.body():
            return Response(b"<html>Welcome</html>")
        return Response(b'{"access_token": "odd-token", "expires_in": "soon"}')

    @app.post("/hook")
    async def take() -> Response:
        return Response(status_code=204)

    @app.get("/rest/v1.0/payment_applications")
    async def same_list_for_every_page() -> list[dict[str, int]]:
        return [{"id": number} for number in range(100)]

    @app.get("/rest/v1.0/payment_applications/{oddity}")
    async def answer(oddity: int, request: Request) -> Response:
        told = json.dumps({"errors": {"seen": [dict(request.headers), "x" * 999]}}).encode()
        match oddity:
            case 1:
                return Response(FLOATS)
            case 2:
                return Response(told)
            case 3:
                return Response(told, 422)
        return Response({4: b"<html>Sorry</html>", 5: b"[]", 6: b'{"tax": NaN}', 7: b"[" * 99_999}[oddity])

    async with serving(app) as url:
        yield url
