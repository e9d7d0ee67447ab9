"""Fixtures: a company in a real Procore sandbox, and a real receiver for its webhooks."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from deploy.sandbox.local.processes import free_port
from deploy.sandbox.procore.control_client import SandboxControl
from deploy.sandbox.procore.server import serving
from services.webhook_receiver.app import ReceiverSettings, create_app
from shared.kafka.topics import create_topics
from shared.procore.client import ProcoreClient
from shared.procore.webhook_rows import Hook
from shared.procore.webhooks import Webhooks
from shared.settings import KafkaSettings, ProcoreSettings, load
from tests.support.command_line import answered
from tests.support.house_parts import logged

CONCRETE = {"description": "Concrete", "scheduled_value": "600000.00"}


@dataclass(kw_only=True)
class Site:
    """One company with two projects; Ada, and an invoice in the first project."""

    control: SandboxControl
    webhooks: Webhooks
    port: int
    company: str
    library: str
    pier: str
    ada: int
    invoice: int
    receives: Callable[[str], Any]
    token: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/procore"

    async def hooks(self, project: str) -> list[Hook]:
        return await self.webhooks.hooks(self.company, project)

    async def hook(self, project: str) -> Hook:
        (hook,) = await self.hooks(project)
        return hook

    async def reasons(self, project: str) -> list[str]:
        return await self.heard(project, await self.hook(project))

    async def heard(self, project: str, hook: Hook) -> list[str]:
        return [trigger.reason for trigger in await self.webhooks.triggers(self.company, hook.id, project)]

    async def another_hook(self, project: str, *, namespace: str = "invoice-export", **changes: Any) -> Hook:
        made = {"destination_url": self.url, "authorization": SecretStr(f"Bearer {self.token}")} | changes
        return await self.webhooks.create_hook(self.company, project, namespace=namespace, **made)

    async def change(self) -> None:
        """Something about the invoice that Procore tells."""
        await self.control.set_status(self.invoice, "under_review", user_id=self.ada)


@pytest.fixture
async def site(procore, connections_file, kafka_broker, database_url, monkeypatch) -> AsyncIterator[Site]:
    """With the settings of a command line beside a receiver."""
    token, port = f"token-{secrets.token_hex(16)}", free_port()
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka_broker.address)
    monkeypatch.setenv("KAFKA_ENABLE_IDEMPOTENCE", str(not kafka_broker.limits))
    monkeypatch.setenv("RECEIVER_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("PROCORE_WEBHOOK_TOKENS", token)
    monkeypatch.setenv("DATABASE_URL", database_url)
    await create_topics(load(KafkaSettings))
    company = await procore.create_company(name="Ironside Builders")
    library, pier = [await procore.create_project(company_id=company, name=name) for name in ("Library", "Pier")]
    contract = await procore.create_contract(project_id=library, lines=[CONCRETE])
    connections_file(company=str(company))
    known = load(ProcoreSettings)
    at = (known.procore_api_url, known.procore_login_url, known.procore_client_id, known.procore_client_secret)
    async with ProcoreClient(*at) as client:
        with logged():  # not among what a command prints
            yield Site(
                control=procore,
                webhooks=Webhooks(client),
                port=port,
                company=str(company),
                library=str(library),
                pier=str(pier),
                ada=await procore.create_user(company_id=company, name="Ada"),
                invoice=await procore.create_invoice(contract_id=contract),
                receives=lambda tokens: receiving(tokens, port),
                token=token,
            )


@asynccontextmanager
async def receiving(tokens: str, port: int) -> AsyncIterator[None]:
    """A receiver that knows these tokens, until the block ends."""
    settings = load(ReceiverSettings).model_copy(
        update={"procore_webhook_tokens": tuple(SecretStr(each) for each in tokens.split(","))}
    )
    async with serving(create_app(settings), port=port):  # type: ignore[arg-type]
        yield


@pytest.fixture
async def receiver(site: Site) -> AsyncIterator[None]:
    async with site.receives(site.token):
        yield


@pytest.fixture
def provision(site: Site, command) -> Callable[..., Any]:
    """`hooks provision --json` with these words; its steps."""

    async def provision(*words: object, code: int = 0) -> list[dict[str, Any]]:
        done = await command("hooks", "provision", "--json", *words)
        assert done.exit_code == code, done.output
        assert site.token not in done.output
        return answered(done)

    return provision
