"""A whole house for one story: both sandboxes, receiver, worker and a database of its own, in this process.

async def test_an_approved_invoice_reaches_the_erp(house):
    invoice = await house.invoice()
    await house.approve(invoice, by=house.ada)
    await house.export_of(invoice, "exported")
    assert len(await house.receivables()) == 1

Kafka is one for the process; each house has a company that no other has. Ada may approve; Ben has the tool
but not the privilege, Cleo the privilege but read-only.
"""

import io
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
from pydantic import SecretStr

from deploy.sandbox.erp.control_client import ErpControl, Known
from deploy.sandbox.faulty.orders import ErpStep, Fault, FaultKind
from deploy.sandbox.procore.control_client import SandboxControl
from services.export_worker.reconciliation import Found
from shared.approvers import store as approvers
from shared.approvers.record import ApproverRecord, ToolLevel
from shared.events.command import Action, Command, OperatorRole
from shared.events.topics import Topic
from shared.kafka.producer import Producer
from shared.ledger.changes import Channel
from shared.ledger.entries import EntryBody
from shared.ledger.words import EntryKind, Reason
from tests.support.house_parts import CONNECTION, Secrets, Workers, reconciled
from tests.support.ledger_view import PATIENCE, Export, LedgerView

CLIENT = "harbor-client"
OWNER = "Harbor Library District"
CONCRETE = {"description": "Concrete", "scheduled_value": "600000.00"}
HASTY = {"read_timeout_seconds": 0.5, "connect_timeout_seconds": 0.5, "settles_after_seconds": 1.5}


@dataclass(kw_only=True)
class House:
    """One company with one project and one prime contract, served by one connection to one book of the ERP."""

    company: int
    project: int
    contract: int
    ada: int
    ben: int
    cleo: int
    our_user: int
    book: str
    database_url: str
    erp_url: str
    procore_url: str
    receiver_url: str
    procore: SandboxControl
    erp: ErpControl
    view: LedgerView
    kafka: Producer
    workers: Workers
    secrets: Secrets
    log: io.StringIO

    # In Procore

    async def invoice(self, *, concrete: str = "60000.00", contract: int | None = None, **fields: Any) -> int:
        """A draft for that much concrete on the contract, made by Ada."""
        lines = [{"description": "Concrete", "work_this_period": concrete}]
        return await self.procore.create_invoice(
            contract_id=contract or self.contract, **{"lines": lines, "user_id": self.ada} | fields
        )

    async def approve(self, invoice: int, *, by: int | None = None) -> None:
        """By Ada unless said otherwise."""
        await self.procore.approve(invoice, user_id=by or self.ada)

    async def approved(self, **fields: Any) -> int:
        """A new invoice that Ada approved."""
        invoice = await self.invoice(**fields)
        await self.approve(invoice)
        return invoice

    async def another_contract(self, *, project: int | None = None) -> int:
        """In the same project unless said otherwise."""
        return await self.procore.create_contract(
            project_id=project or self.project,
            client_name=OWNER,
            lines=[CONCRETE],
        )

    @asynccontextmanager
    async def api(self) -> AsyncIterator[httpx.AsyncClient]:
        """Procore's REST API, as our own service account."""
        async with httpx.AsyncClient(base_url=self.procore_url, trust_env=False, verify=False) as client:
            form = {
                "grant_type": "client_credentials",
                "client_id": CLIENT,
                "client_secret": self.secrets.procore_secret,
            }
            token = (await client.post("/oauth/token", data=form)).json()["access_token"]
            client.headers.update({"Authorization": f"Bearer {token}", "Procore-Company-Id": str(self.company)})
            yield client

    async def hook(self, project: int) -> int:
        """Procore's hook of a project to our receiver; its id."""
        headers = {"Authorization": f"Bearer {self.secrets.webhook_token}"}
        destination = {"destination_url": f"{self.receiver_url}/webhooks/procore", "destination_headers": headers}
        hook = {"api_version": "v2", "namespace": "invoice-export", **destination}
        wanted = [
            {"resource_name": "Payment Applications", "event_type": each} for each in ("create", "update", "delete")
        ]
        async with self.api() as api:
            made = await api.post("/rest/v1.0/webhooks/hooks", json={"project_id": project, "hook": hook})
            hook_id = int(made.raise_for_status().json()["id"])
            body = {"project_id": project, "api_version": "v2", "triggers": wanted}
            (await api.post(f"/rest/v1.0/webhooks/hooks/{hook_id}/triggers/bulk", json=body)).raise_for_status()
        return hook_id

    # In the ERP

    async def receivables(self) -> list[Known]:
        """Those that are not cancelled or deleted."""
        return [known for known in await self.erp.documents(self.book) if known.state in {"draft", "posted"}]

    async def order(self, kind: FaultKind, step: ErpStep, **fields: Any) -> None:
        """Let the ERP fail."""
        await self.erp.order(self.book, Fault(kind=kind, step=step, **fields))

    async def waiting(self, step: ErpStep) -> None:
        """Until the ERP has a request of this step in hand that it does not answer."""
        assert await self.erp.waiting(self.book, step, seconds=10), f"no {step} came"

    async def requested(self, step: ErpStep) -> int:
        """How often the ERP was asked that."""
        return sum(request.step is step for request in await self.erp.requests(self.book))

    async def totals(self) -> list[Decimal]:
        """What the owner owes by each receivable, oldest first."""
        return [known.totals.receivable for known in await self.receivables()]

    # By people

    async def command(self, invoice: int, action: Action, *, key: str | None = None, **fields: Any) -> Command:
        """Signed as the dashboard does (`key`: by somebody else), and sent."""
        export = await self.view.export(invoice)
        assert export is not None
        asked = {"by": "account-7", "role": OperatorRole.OPERATOR, "why": "as agreed by telephone"}
        command = Command(
            nonce=secrets.token_hex(8),
            action=action,
            company_id=str(self.company),
            project_id=str(self.project),
            at=datetime.now(UTC),
            **{"export_id": export.id} | asked | fields,
        ).signed(SecretStr(key or self.secrets.signing_key))
        await self.kafka.send(Topic.COMMANDS, key=command.kafka_key, value=command.to_bytes(), within=10)
        return command

    async def record(self, user: int, **changes: Any) -> None:
        """What the accounting department recorded of somebody just now."""
        rights = {"erp_integrations_level": ToolLevel.STANDARD, "can_push_to_accounting": True, "active": True}
        record = ApproverRecord(
            company_id=str(self.company),
            user_id=str(user),
            **{
                "name": "Somebody",
                "email": "somebody@example.com",
                "can_export_owner_invoices": None,
                "recorded_at": datetime.now(UTC),
                "recorded_by": "controller",
                "source": "report",
            }
            | rights
            | changes,
        )
        async with self.view.engine.begin() as connection:
            await approvers.save(connection, [record], "controller")

    async def pause(self) -> None:
        """As the dashboard pauses a connection."""
        await self.view.execute(
            "INSERT INTO connection_states (connection, paused_at, paused_by) VALUES (:name, now(), 'account-7')"
            " ON CONFLICT (connection) DO UPDATE SET paused_at = now()",
            name=CONNECTION,
        )

    async def resume(self) -> None:
        """As `connections resume` does: what waited is due."""
        await self.view.execute("UPDATE connection_states SET paused_at = NULL")
        await self.view.execute(
            "UPDATE work SET due_at = now(), look_due = true FROM exports"
            " WHERE exports.id = export_id AND 'paused' = ANY(exports.reasons)"
        )
        await self.view.execute(f"NOTIFY {Channel.WORK_DUE}")

    async def reconcile(self, *, grace: timedelta = timedelta(0)) -> Found:
        """What the webhooks missed, also of the last minutes unless `grace` leaves those to their webhooks."""
        return await reconciled(self.workers.settings, grace)

    # In the ledger

    async def export_of(
        self, invoice: int, status: str | None = None, *, reason: Reason | None = None, within: float = PATIENCE
    ) -> Export:
        """Its export, once it stands so."""

        async def look() -> Export | None:
            export = await self.view.export(invoice)
            fits = export and status in (None, export.status) and (reason is None or reason in export.reasons)
            return export if fits else None

        try:
            return await self.view.until(look, f"export {status or ''} {reason or ''} of {invoice}", within)
        except AssertionError as error:
            now = await self.view.export(invoice)
            told = now and f"{now.status} {[str(reason) for reason in now.reasons]} {now.details}"
            raise AssertionError(f"{error}; it is {told}\n{self.log.getvalue()[-4000:]}") from None

    async def received(self, invoice: int, number: int) -> None:
        """Until the ledger heard of the invoice that often."""

        async def look() -> bool:
            kinds = await self.view.kinds(invoice)
            return kinds.count(EntryKind.RECEIVED) >= number

        await self.view.until(look, f"{number} entries received for {invoice}")

    async def followed(self, invoice: int, kind: EntryKind) -> EntryBody:
        """The newest entry of that kind, once there is one."""

        async def look() -> EntryBody | None:
            bodies = [body for body in await self.view.entries(invoice) if body.kind is kind]
            return bodies[-1] if bodies else None

        return await self.view.until(look, f"{kind} for {invoice}")

    async def asked(self, invoice: int) -> None:
        """Until a command waits for its export's claim."""

        async def look() -> bool:
            pending = await self.view.execute(
                "SELECT FROM commands JOIN exports ON exports.id = export_id"
                " WHERE payment_application_id = :invoice AND handled_at IS NULL",
                invoice=str(invoice),
            )
            return pending.rowcount > 0

        await self.view.until(look, f"a pending command for {invoice}")

    async def at_rest(self, invoice: int, *, within: float = PATIENCE) -> Export:
        """Its export, once all that Procore told of it was read and walked."""
        await self.procore.wait_until_idle(within=within)

        async def look() -> Export | None:
            read = {row.event_id for row in await self.view.events(resource_id=str(invoice))}
            told = {event["ulid"] for event in await self._delivered(invoice)}
            export = await self.view.export(invoice)
            return export if told <= read and export and export.is_at_rest else None

        return await self.view.until(look, f"rest for {invoice}", within)

    async def _delivered(self, invoice: int) -> list[dict[str, Any]]:
        history = await self.procore.history()
        return [
            delivery["event"]
            for delivery in history["deliveries"]
            if delivery["outcome"] == "ok" and delivery["event"]["resource_id"] == invoice
        ]

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The lines of that name, oldest first."""
        lines = (json.loads(line) for line in self.log.getvalue().splitlines())
        return [line for line in lines if line["event"] == event]
