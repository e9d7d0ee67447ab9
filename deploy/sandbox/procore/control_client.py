"""`SandboxControl`: the sandbox's control side from Python, for tests, demos and your own scripts.

    async with SandboxControl("http://127.0.0.1:9400") as control:
        company = await control.create_company(name="Ironside Builders")
        project = await control.create_project(company_id=company)
        contract = await control.create_contract(project_id=project, lines=[
            {"description": "Concrete", "scheduled_value": "600000.00"}])
        ada = await control.create_user(company_id=company, name="Ada Approver")
        invoice = await control.create_invoice(contract_id=contract, lines=[
            {"description": "Concrete", "work_this_period": "60000.00"}])
        await control.approve(invoice, user_id=ada)
        await control.wait_until_idle()

Creating answers with the new id; keyword arguments are the fields of the drafts in `drafts.py` and
`control/`. An answer other than 2xx raises `httpx.HTTPStatusError`, with the sandbox's own words in the response.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Self

import httpx
from pydantic_core import to_jsonable_python

from deploy.sandbox.procore.limits import RefusalHeaders
from deploy.sandbox.procore.webhook_faults import Kind
from deploy.sandbox.procore.world import Status

Json = dict[str, Any]


class SandboxControl:
    def __init__(self, base_url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{base_url.rstrip('/')}/sandbox",
            transport=transport,
            trust_env=False,
            timeout=30,
            # Loading certificates takes longer than a test's whole set-up.
            verify=base_url.startswith("https:"),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    # The account

    async def create_company(self, **fields: Any) -> int:
        return await self._create("/companies", fields)

    async def create_project(self, *, company_id: int, **fields: Any) -> int:
        return await self._create("/projects", {"company_id": company_id, **fields})

    async def create_contract(self, *, project_id: int, **fields: Any) -> int:
        return await self._create("/contracts", {"project_id": project_id, **fields})

    async def create_user(self, *, company_id: int, name: str, **fields: Any) -> int:
        return await self._create("/users", {"company_id": company_id, "name": name, **fields})

    async def edit_user(self, user_id: int, **fields: Any) -> None:
        await self._send("PATCH", f"/users/{user_id}", fields)

    async def create_template(self, *, company_id: int, **fields: Any) -> int:
        return await self._create("/templates", {"company_id": company_id, **fields})

    async def create_service_account(self, *, client_id: str, client_secret: str, **fields: Any) -> Json:
        body = {"client_id": client_id, "client_secret": client_secret, **fields}
        return await self._ask("POST", "/service_accounts", body)

    async def service_account(self, client_id: str) -> Json:
        return await self._ask("GET", f"/service_accounts/{client_id}")

    async def permit_projects(
        self,
        client_id: str,
        project_ids: Iterable[int] | None,
        *,
        denied_status: Literal[403, 404] = 403,
    ) -> None:
        """None permits every project."""
        permitted = None if project_ids is None else list(project_ids)
        body = {"permitted_project_ids": permitted, "denied_status": denied_status}
        await self._send("PATCH", f"/service_accounts/{client_id}", body)

    # Owner invoices

    async def create_invoice(self, *, contract_id: int, **fields: Any) -> int:
        """Fields of `InvoiceDraft`: lines, change_orders, percents, tax, dates, status, user_id ..."""
        return await self._create("/invoices", {"contract_id": contract_id, **fields})

    async def invoice(self, invoice_id: int) -> Json:
        return await self._ask("GET", f"/invoices/{invoice_id}")

    async def edit_invoice(self, invoice_id: int, **fields: Any) -> Json:
        return await self._ask("PATCH", f"/invoices/{invoice_id}", fields)

    async def set_status(self, invoice_id: int, status: Status, *, user_id: int | None, force: bool = False) -> Json:
        body = {"status": status, "user_id": user_id, "force": force}
        return await self._ask("POST", f"/invoices/{invoice_id}/status", body)

    async def approve(self, invoice_id: int, *, user_id: int | None, force: bool = False) -> Json:
        return await self.set_status(invoice_id, "approved", user_id=user_id, force=force)

    async def revise(self, invoice_id: int, *, user_id: int | None, force: bool = False) -> Json:
        return await self.set_status(invoice_id, "revise_and_resubmit", user_id=user_id, force=force)

    async def delete_invoice(self, invoice_id: int, *, user_id: int | None, force: bool = False) -> None:
        await self._send("POST", f"/invoices/{invoice_id}/delete", {"user_id": user_id, "force": force})

    async def override_invoice(
        self,
        invoice_id: int,
        fields: Mapping[str, Any] | None = None,
        *,
        remove: Iterable[str] = (),
        user_id: int | None = None,
    ) -> Json:
        """Dotted paths to raw JSON values; replaces earlier overrides. Without a user no event is sent."""
        body = {"set": dict(fields or {}), "remove": list(remove), "user_id": user_id}
        return await self._ask("PUT", f"/invoices/{invoice_id}/overrides", body)

    # Trouble on order

    async def order_fault(self, status: int | None = None, **fields: Any) -> None:
        """Fields of `FaultDraft`: path_prefix, method, times (1), retry_after, reset_after, delay ..."""
        await self._send("POST", "/faults", {"status": status, **fields})

    async def clear_faults(self) -> None:
        await self._send("DELETE", "/faults")

    async def order_webhook_fault(self, kind: Kind, **fields: Any) -> None:
        """Fields of `WebhookFaultDraft`: hook_id, times (endless), probability (1), delay (sandbox time)."""
        await self._send("POST", "/webhook_faults", {"kind": kind, **fields})

    async def clear_webhook_faults(self, kind: Kind | None = None) -> None:
        await self._send("DELETE", "/webhook_faults" + ("" if kind is None else f"?kind={kind}"))

    async def pause_deliveries(self, hook_id: int | None = None) -> None:
        await self.order_webhook_fault("pause", hook_id=hook_id)

    async def resume_deliveries(self) -> None:
        await self.clear_webhook_faults("pause")

    async def set_limits(
        self,
        *,
        hourly: int | None = None,
        spike: int | None = None,
        refusal_headers: RefusalHeaders | None = None,
    ) -> None:
        body = {"hourly": hourly, "spike": spike, "refusal_headers": refusal_headers}
        await self._send("PUT", "/limits", body)

    # The sandbox itself

    async def set_time_scale(self, time_scale: float) -> None:
        await self._send("PUT", "/clock", {"time_scale": time_scale})

    async def set_clock(self, now: datetime) -> None:
        await self._send("PUT", "/clock", {"now": now})

    async def advance_clock(self, seconds: float) -> None:
        await self._send("PUT", "/clock", {"advance_seconds": seconds})

    async def clock(self) -> datetime:
        return datetime.fromisoformat((await self._ask("GET", "/clock"))["now"])

    async def set_switches(self, **switches: bool | float) -> None:
        """`show_has_updated_at`, `company_hooks_get_all`, `delivery_time_limit` (real seconds)."""
        await self._send("PUT", "/switches", switches)

    async def history(self) -> dict[str, list[Json]]:
        """Keys `changes`, `events`, `deliveries`, each oldest first."""
        return await self._ask("GET", "/history")

    async def requests(self) -> list[Json]:
        seen: list[Json] = (await self._send("GET", "/requests")).json()
        return seen

    async def is_idle(self) -> bool:
        return bool((await self._ask("GET", "/idle"))["idle"])

    async def wait_until_idle(self, *, within: float = 30) -> None:
        """Raises TimeoutError when deliveries are still pending after `within` real seconds."""
        deadline = time.monotonic() + within
        while not await self.is_idle():
            if time.monotonic() > deadline:
                raise TimeoutError(f"deliveries still pending after {within} s")
            await asyncio.sleep(0.01)

    async def reset(self) -> None:
        await self._send("POST", "/reset")

    async def _create(self, path: str, fields: Json) -> int:
        return int((await self._ask("POST", path, fields))["id"])

    async def _ask(self, method: str, path: str, body: Json | None = None) -> Json:
        answer: Json = (await self._send(method, path, body)).json()
        return answer

    async def _send(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        """Decimals and dates may stand in `body` as they are."""
        content = None if body is None else to_jsonable_python(body)
        response = await self._http.request(method, path, json=content)
        return response.raise_for_status()
