"""Setting and listing the log-ins that an ERP replaces."""

import asyncio

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from services.cli.main import app
from shared.connections.token_store import TokenCipher, connection_tokens
from tests.support.command_line import CATALOG, answered

KEY = "a random key of ours"
QUICKBOOKS = """
[[connection]]
name = "harbor-quickbooks"
company_id = {company}
adapter = "quickbooks_online"
mode = "live"
start_from = "all"
finish = "posted"
settings = {{ realm_id = "4620816365000000000" }}
secrets = {{ client_id = "env:ERP_SECRET", client_secret = "env:ERP_SECRET" }}
"""


@pytest.fixture(autouse=True)
def quickbooks(connections_file, monkeypatch):
    connections_file(QUICKBOOKS + CATALOG.replace("{company}", "4908"))
    monkeypatch.setenv("TOKEN_ENCRYPTION_KEY", KEY)


@pytest.fixture
def typed(invoke):
    """Runs a command that reads standard input; `invoke` has made the environment."""

    async def typed(text: str, *words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, list(words), input=text)

    return typed


async def kept(engine) -> str:
    async with engine.connect() as session:
        row = (await session.execute(select(connection_tokens))).one()
    return TokenCipher(KEY).opened(row.connection, row.refresh_token)


async def test_a_token_from_standard_input_is_stored_encrypted(typed, worker_engine):
    done = await typed("AB-refresh\n", "tokens", "set", "harbor-quickbooks")
    assert done.exit_code == 0, done.output
    assert "AB-refresh" not in done.output
    assert await kept(worker_engine) == "AB-refresh"


async def test_a_token_from_a_file_replaces_the_one_before(typed, worker_engine, tmp_path):
    (tmp_path / "token").write_text("AB-second\n")
    await typed("AB-first", "tokens", "set", "harbor-quickbooks")
    done = await typed("", "tokens", "set", "harbor-quickbooks", "--file", str(tmp_path / "token"))
    assert done.exit_code == 0, done.output
    assert await kept(worker_engine) == "AB-second"


async def test_the_list_tells_when_and_never_what(typed, command):
    assert answered(await command("tokens", "list", "--json")) == []
    await typed("AB-refresh", "tokens", "set", "harbor-quickbooks")
    listed = await command("tokens", "list", "--json")
    (told,) = answered(listed)
    assert told["connection"] == "harbor-quickbooks"
    assert told["set_by"].startswith("cli")
    assert told["set_at"]
    assert told["renewed_at"] is None
    shown = await command("tokens", "list")
    assert "harbor-quickbooks" in shown.stdout
    assert "AB-refresh" not in listed.output + shown.output


@pytest.mark.parametrize("text", ["", "two words", "naïve"])
async def test_what_is_no_token_is_refused(typed, command, text):
    refused = await typed(text, "tokens", "set", "harbor-quickbooks")
    assert refused.exit_code == 2
    assert "no refresh token" in refused.stderr
    assert answered(await command("tokens", "list", "--json")) == []


async def test_a_connection_that_keeps_no_log_in_is_refused(typed):
    refused = await typed("AB-refresh", "tokens", "set", "harbor-sandbox")
    assert refused.exit_code == 2
    assert "keeps no log-in" in refused.stderr


async def test_a_missing_key_is_one_clear_line(typed, monkeypatch):
    monkeypatch.delenv("TOKEN_ENCRYPTION_KEY")
    refused = await typed("AB-refresh", "tokens", "set", "harbor-quickbooks")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "TOKEN_ENCRYPTION_KEY is missing" in refused.stderr
