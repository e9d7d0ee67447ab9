"""The running stack as the tales use it: Procore's people and projects, the ERP's books, the ledger, the commands."""

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from pydantic import SecretStr

from deploy.sandbox.demo.cast import (
    BOOKS,
    CLOSED_UNTIL,
    COMPANIES,
    OWNERS,
    PEOPLE,
    PROJECTS,
    TODAY,
    Person,
    Project,
)
from deploy.sandbox.demo.erps import ERPS
from deploy.sandbox.demo.orders import Orders
from deploy.sandbox.demo.papers import Row as CsvRow
from deploy.sandbox.demo.papers import all_mapping_rows, approver_rows, as_csv
from deploy.sandbox.demo.telling import Telling
from deploy.sandbox.demo.watching import LedgerWatch, open_session
from deploy.sandbox.erp.control_client import ErpControl
from deploy.sandbox.local.processes import StartError
from deploy.sandbox.local.services import CLI
from deploy.sandbox.procore.control_client import SandboxControl
from shared.procore.client import ProcoreClient
from shared.procore.errors import ProcoreError
from shared.procore.webhooks import OWNER_INVOICES, Webhooks

if TYPE_CHECKING:
    from deploy.sandbox.demo.scene import Scene

PATIENCE_SECONDS = 60.0
NAMESPACE = "invoice-export"
REASONS = ("create", "update", "delete")
PLENTY = 1_000_000  # requests: Procore's limits are not this demo's subject


class CommandFailed(Exception):
    """One of our own commands ended with an error; its text is what it said."""


class Stage:
    """`hooks` by project key; `patience` in seconds bounds every wait."""

    def __init__(
        self,
        environment: Mapping[str, str],
        folder: Path,
        *,
        control: SandboxControl,
        erp: ErpControl,
        ledger: LedgerWatch,
        orders: Orders,
        telling: Telling,
    ) -> None:
        self.environment = environment
        self.control = control
        self.erp = erp
        self.ledger = ledger
        self.orders = orders
        self.patience = PATIENCE_SECONDS
        self.hooks: dict[str, int] = {}
        self._folder = folder
        self._token = environment["PROCORE_WEBHOOK_TOKENS"].partition(",")[0]
        self._telling = telling
        self._signals: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def furnish(self) -> None:
        """Everything that stands before the month-end begins. Raises StartError."""
        try:
            await self._furnish()
        except (CommandFailed, ProcoreError, httpx.HTTPError) as error:
            raise StartError(f"the demo could not be set up: {error}") from error

    def signal(self, what: str) -> asyncio.Event:
        """One tale sets it, others wait for it."""
        return self._signals[what]

    def introduce(self, scene: "Scene", invoice: int) -> None:
        """From now on the export of this invoice is told of by name."""
        self._telling.introduce(scene.id(invoice), scene.project.name, scene.tale.invoices[invoice - 1].ends)

    async def import_csv(self, what: str, name: str, rows: Sequence[CsvRow]) -> None:
        """Write a CSV beside the stack's other files, and import it as anybody would."""
        path = self._folder / name
        path.write_text(as_csv(rows), encoding="utf-8")
        await self.cli(what, "import", str(path))

    async def cli(self, *arguments: str) -> str:
        """One of our own commands. Raises CommandFailed."""
        self._telling.say(f"$ invoice-export {' '.join(_shown(argument) for argument in arguments)}")
        process = await asyncio.create_subprocess_exec(
            CLI,
            *arguments,
            env={**os.environ, **self.environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            said = (await process.communicate())[0].decode().strip()
        except asyncio.CancelledError:
            process.kill()
            await process.communicate()
            raise
        if process.returncode != 0:
            raise CommandFailed(f"invoice-export {' '.join(arguments)}: {said}")
        return said

    async def enter_by_hand(self, book: str, reference: str, number: str, project: Project) -> None:
        """A draft through the ERP's own interface."""
        document = {
            "external_reference": reference,
            "invoice_number": number,
            "customer_id": project.owner.customer,
            "invoice_date": TODAY.isoformat(),
            "currency": "USD",
            "lines": [{"text": "typed by hand", "amount": "1.00"}],
        }
        async with httpx.AsyncClient(base_url=f"{self.environment['ERP_URL']}/books/{book}", trust_env=False) as erp:
            secret = {"client_secret": self.environment["ERP_SANDBOX_SECRET"]}
            token = (await erp.post("/token", json=secret)).raise_for_status().json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            (await erp.post("/receivables", json=document, headers=headers)).raise_for_status()

    async def forge(self, project: Project, invoice_id: int, person: Person) -> None:
        """A webhook that Procore never sent: nothing in it is signed."""
        event = {
            "id": f"forged-{invoice_id}",
            "timestamp": datetime.now(UTC).isoformat(),
            "reason": "update",
            "company_id": str(project.company.id),
            "project_id": str(project.id),
            "user_id": str(person.user_id(project.company.id)),
            "resource_type": OWNER_INVOICES,
            "resource_id": str(invoice_id),
        }
        headers = {"Authorization": f"Bearer {self._token}"}
        async with httpx.AsyncClient(base_url=self.environment["RECEIVER_URL"], trust_env=False) as receiver:
            (await receiver.post("/webhooks/procore", json=event, headers=headers)).raise_for_status()

    async def _furnish(self) -> None:
        await self.control.set_limits(hourly=PLENTY, spike=PLENTY)
        await self._open_books()
        await self._found_companies()
        await self._hang_hooks()
        visible = [project.id for project in PROJECTS if not project.is_hidden]
        await self.control.permit_projects(self.environment["PROCORE_CLIENT_ID"], visible)
        people = [approver_rows(company, PEOPLE) for company in COMPANIES]
        await self.import_csv(
            "approvers", "approvers.csv", [people[0][0], *(row for rows in people for row in rows[1:])]
        )
        await self.import_csv("mappings", "mappings.csv", all_mapping_rows())
        checks = (self.cli("connections", "check", erp.connection, "--prepare") for erp in ERPS)
        await asyncio.gather(*checks)

    async def _open_books(self) -> None:
        customers = {owner.customer: owner.name for owner in OWNERS}
        for book in sorted(set(BOOKS.values())):
            jobs = {project.job: project.name for project in PROJECTS if BOOKS.get(project.serving) == book}
            rules: dict[str, Any] = {"customers": customers, "jobs": jobs}
            if book == "ironside":
                rules["unique_numbers"] = True
            if book == "cedar":
                rules["closed_until"] = CLOSED_UNTIL
            await self.erp.set_up(book, **rules)

    async def _found_companies(self) -> None:
        for company in COMPANIES:
            await self.control.create_company(id=company.id, name=company.name)
            for person in PEOPLE:
                await self.control.create_user(
                    id=person.user_id(company.id), company_id=company.id, name=person.name, is_active=person.is_active
                )
        for project in PROJECTS:
            await self.control.create_project(
                id=project.id, company_id=project.company.id, name=project.name, number=str(project.id)
            )

    async def _hang_hooks(self) -> None:
        """One hook for each project, through Procore's own REST interface."""
        where = self.environment
        secret = SecretStr(where["PROCORE_CLIENT_SECRET"])
        async with ProcoreClient(
            where["PROCORE_API_URL"], where["PROCORE_LOGIN_URL"], where["PROCORE_CLIENT_ID"], secret
        ) as client:
            for project in PROJECTS:
                self.hooks[project.key] = await self._hang_hook(Webhooks(client), project)

    async def _hang_hook(self, webhooks: Webhooks, project: Project) -> int:
        company_id, project_id = str(project.company.id), str(project.id)
        hook = await webhooks.create_hook(
            company_id,
            project_id,
            namespace=NAMESPACE,
            destination_url=f"{self.environment['RECEIVER_URL']}/webhooks/procore",
            authorization=SecretStr(f"Bearer {self._token}"),
            payload_version=project.payload,
        )
        for reason in REASONS:
            await webhooks.create_trigger(company_id, hook.id, project_id, reason=reason)
        return int(hook.id)


@asynccontextmanager
async def open_stage(environment: Mapping[str, str], folder: Path, telling: Telling) -> AsyncIterator[Stage]:
    """The ledger is watched while the stage is open."""
    async with AsyncExitStack() as opened:
        control = await opened.enter_async_context(SandboxControl(environment["PROCORE_API_URL"]))
        erp = await opened.enter_async_context(ErpControl(environment["ERP_URL"]))
        session = await open_session(environment["DATABASE_URL"])
        opened.push_async_callback(session.close)
        if await session.fetch("SELECT FROM exports LIMIT 1"):
            raise StartError("this database holds exports already: give the demo an empty one, or none")
        orders = await opened.enter_async_context(Orders(environment))
        ledger = LedgerWatch(session, telling.changed)
        stage = Stage(environment, folder, control=control, erp=erp, ledger=ledger, orders=orders, telling=telling)
        try:
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(ledger.watch())
                yield stage
                watching.cancel()
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None


def _shown(argument: str) -> str:
    """Paths by their last part, so that a line stays a line."""
    name = argument.rpartition("/")[2] if argument.startswith("/") else argument
    return f'"{name}"' if " " in name else name
