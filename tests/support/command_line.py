"""Fixtures: the command line as a person meets it, in an environment of the test's own."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.cli.main import app

SIGNING_KEY = "a-signing-key-of-ours"
SEAL_KEY = "a-seal-key-of-ours"
CATALOG = """
[[connection]]
name = "harbor-sandbox"
company_id = {company}
adapter = "erp_sandbox"
mode = "live"
start_from = "all"
finish = "posted"
settings = {{ url = "http://127.0.0.1:1", book = "harbor" }}
secrets = {{ client_secret = "env:ERP_SECRET" }}
"""

Invoke = Callable[..., Result]


@pytest.fixture
def connections_file(tmp_path, monkeypatch) -> Callable[..., None]:
    """Writes the connections file for a company; its ERP does not answer."""

    def write(text: str = CATALOG, *, company: str = "4907") -> None:
        path = tmp_path / "connections.toml"
        path.write_text(text.format(company=company))
        monkeypatch.setenv("CONNECTIONS_FILE", str(path))
        monkeypatch.setenv("ERP_SECRET", "an-erp-secret")

    write()
    return write


@pytest.fixture
def invoke(database_url: str, connections_file: object, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Runs a command to its end; its exit code, output and errors."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COMMAND_SIGNING_KEY", SIGNING_KEY)
    monkeypatch.setenv("LEDGER_SEAL_KEY", SEAL_KEY)
    monkeypatch.setenv("COLUMNS", "240")

    def invoke(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words])

    return invoke


@pytest.fixture
def command(invoke: Invoke) -> Callable[..., Any]:
    """The same from a test with a loop."""

    async def command(*words: object) -> Result:
        return await asyncio.to_thread(invoke, *words)

    return command


def answered(result: Result) -> Any:
    """What `--json` printed."""
    assert result.stderr == ""
    return json.loads(result.stdout)
