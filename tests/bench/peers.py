"""Node-RED and n8n from npm, each with a webhook that writes one row to Postgres before it answers.

They are installed into `.local/` once, and listen on loopback only.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from deploy.sandbox.local.processes import BackgroundProcess, StartError, free_port
from tests.bench.findings import MissingError
from tests.support.database import address_of, execute

INSTALLED = Path(".local/bench/peers")
FILES = Path(__file__).with_name("peer_files")
INSTALL_SECONDS = 1200
START_SECONDS = 120.0
LEDGER = (
    "CREATE TABLE ledger (id bigserial PRIMARY KEY, event_id text NOT NULL, payload jsonb,"
    " received_at timestamptz DEFAULT now())"
)


@dataclass(frozen=True)
class Peer:
    """`prepare` is run in its folder before `command`, a script of Node's; both with what `variables` adds."""

    name: str
    command: tuple[str, ...]
    variables: Callable[[Path, str, int], Mapping[str, str]]
    prepare: Callable[[Path, Mapping[str, str]], None]


@dataclass(frozen=True)
class Running:
    """`url` takes webhooks; `database_url` is where its table `ledger` is."""

    name: str
    url: str
    database_url: str


@contextmanager
def running(peer: Peer, server: str, log: Path) -> Iterator[Running]:
    """Installed, and answering. `server` is the address of a Postgres. Raises MissingError."""
    folder = installed(peer.name)
    name = f"bench_{peer.name.replace('-', '_')}"
    database_url, port = address_of(server, name), free_port()
    execute(server, f"CREATE DATABASE {name}")
    execute(database_url, LEDGER)
    environment = os.environ | peer.variables(folder, database_url, port)
    peer.prepare(folder, environment)
    process = BackgroundProcess(_in(folder, peer.command), log=log / f"{peer.name}.log", environment=environment)
    process.start()
    url = f"http://127.0.0.1:{port}/webhook/procore"
    try:
        try:
            process.wait_until(lambda: takes(url), seconds=START_SECONDS)
        except StartError as why:
            raise MissingError(str(why)) from why
        yield Running(peer.name, url, database_url)
    finally:
        process.stop()


def installed(name: str) -> Path:
    """Its folder; installs what is not there yet. Raises MissingError."""
    npm = shutil.which("npm")
    if npm is None:
        raise MissingError(f"{name} needs Node.js 20 with npm")
    folder, asked = INSTALLED.absolute() / name, (FILES / name / "package.json").read_text(encoding="utf-8")
    shutil.copytree(FILES / name, folder, dirs_exist_ok=True)
    done = folder / "installed.json"
    if done.exists() and done.read_text(encoding="utf-8") == asked:
        return folder
    command = [npm, "install", "--no-audit", "--no-fund", "--legacy-peer-deps"]
    try:
        said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise MissingError(f"{name} was not installed within {INSTALL_SECONDS / 60:.0f} minutes") from None
    if said.returncode != 0:
        raise MissingError(f"{name} cannot be installed: {said.stderr.strip()[-300:]}")
    done.write_text(asked, encoding="utf-8")
    return folder


def takes(url: str) -> bool:
    """Whether a webhook is answered well; it leaves a row."""
    try:
        return httpx.post(url, json={"ulid": "first"}, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _in(folder: Path, command: Sequence[str]) -> Sequence[str]:
    node = shutil.which("node") or "node"
    return [node, str(folder / "node_modules" / command[0]), *command[1:]]


def _nothing(_folder: Path, _environment: Mapping[str, str]) -> None:
    """It is ready as it is."""


def _node_red(folder: Path, database_url: str, port: int) -> Mapping[str, str]:
    return {"PORT": str(port), "DATABASE_URL": database_url, "HOME": str(folder)}


def _n8n(folder: Path, database_url: str, port: int) -> Mapping[str, str]:
    """Nothing is told or asked outside, and no execution is kept: only the row is."""
    at = urlsplit(database_url)
    return {
        "DB_TYPE": "postgresdb",
        "DB_POSTGRESDB_HOST": at.hostname or "",
        "DB_POSTGRESDB_PORT": str(at.port),
        "DB_POSTGRESDB_DATABASE": at.path.removeprefix("/"),
        "DB_POSTGRESDB_USER": at.username or "",
        "DB_POSTGRESDB_PASSWORD": at.password or "",
        "N8N_PORT": str(port),
        "N8N_LISTEN_ADDRESS": "127.0.0.1",
        "N8N_ENCRYPTION_KEY": "of-a-benchmark",
        "N8N_USER_FOLDER": str(folder),
        "N8N_DIAGNOSTICS_ENABLED": "false",
        "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
        "N8N_TEMPLATES_ENABLED": "false",
        "EXECUTIONS_DATA_SAVE_ON_SUCCESS": "none",
    }


def _with_workflow(folder: Path, environment: Mapping[str, str]) -> None:
    at = {
        name: environment[f"DB_POSTGRESDB_{name.upper()}"] for name in ("host", "port", "database", "user", "password")
    }
    credential = {"id": "bench0postgres00", "name": "bench", "type": "postgres"}
    reached = at | {"port": int(at["port"]), "ssl": "disable"}
    (folder / "credentials.json").write_text(json.dumps([credential | {"data": reached}]), encoding="utf-8")
    for words in (
        ["import:credentials", "--input=credentials.json"],
        ["import:workflow", "--input=workflow.json"],
        ["publish:workflow", "--id=bench0workflow00"],
    ):
        said = subprocess.run(
            _in(folder, ["n8n/bin/n8n", *words]),
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if said.returncode != 0:
            raise MissingError(f"n8n cannot be set up, {words[0]}: {(said.stderr or said.stdout).strip()[-300:]}")


def _node_red_command() -> tuple[str, ...]:
    home = INSTALLED.absolute() / "node-red"
    return ("node-red/red.js", "-s", str(home / "settings.js"), "-u", str(home))


NODE_RED = Peer("node-red", _node_red_command(), _node_red, _nothing)
N8N = Peer("n8n", ("n8n/bin/n8n", "start"), _n8n, _with_workflow)
