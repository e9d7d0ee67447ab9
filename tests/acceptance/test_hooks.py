"""Events that Procore threw away come back by the command line, and end as any other."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from services.cli.main import app
from shared.ledger.entries import Received
from tests.support.house import House

pytestmark = pytest.mark.real_kafka


@pytest.fixture
def command(house: House, monkeypatch):
    """In the environment of the house."""
    given = house.workers.settings
    values = {
        "DATABASE_URL": house.database_url,
        "KAFKA_BOOTSTRAP_SERVERS": ",".join(given.kafka_bootstrap_servers),
        "PROCORE_API_URL": house.procore_url,
        "PROCORE_LOGIN_URL": house.procore_url,
        "PROCORE_CLIENT_ID": given.procore_client_id,
        "PROCORE_CLIENT_SECRET": house.secrets.procore_secret,
        "PROCORE_WEBHOOK_TOKENS": house.secrets.webhook_token,
        "CONNECTIONS_FILE": str(given.connections_file),
        "RECEIVER_URL": house.receiver_url,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)

    async def command(*words: str):
        return await asyncio.to_thread(CliRunner().invoke, app, list(words))

    return command


async def test_a_discarded_approval_is_recovered_and_exported(house: House, command):
    await house.procore.order_webhook_fault("drop")
    invoice = await house.approved()
    seen = await command("hooks", "status", "--recover", "--json")
    assert seen.exit_code == 0, seen.output
    (project,) = json.loads(seen.stdout)
    assert (project["todo"], project["hooks"][0]["never_heard"]) == ([], 2)
    export = await house.export_of(invoice, "exported")
    assert export.state.authority is not None
    assert export.state.authority.users == (str(house.ada),)
    assert len(await house.receivables()) == 1
    again = await command("hooks", "status", "--recover", "--json")
    assert json.loads(again.stdout)[0]["hooks"][0]["never_heard"] == 0
    received = [body for body in await house.view.entries(invoice) if isinstance(body, Received)]
    assert {body.source for body in received} == {"webhook"}
    assert len(received) == 2
