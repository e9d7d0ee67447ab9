"""Which commands there are, and how they stop when the environment is wrong."""

import subprocess
import sys

import pytest
import typer

from services.cli.main import app

# The commands of the contract that exist so far.
CONTRACT = """
receiver worker demo reconcile tie-out doctor
db upgrade
topics create
exports list show replay release accept confirm resolve
approvers import list refresh
mappings import list suggest
connections list check things-to-know pause resume
ledger verify seal
hooks provision status
tokens set list
"""
LISTINGS = (
    "exports list",
    "approvers list",
    "mappings list",
    "connections list",
    "connections check",
    "connections things-to-know",
    "mappings suggest",
    "ledger verify",
    "reconcile",
    "doctor",
    "tie-out",
    "hooks status",
    "tokens list",
)


def commands_of(group, *before: str):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands_of(command, *before, name)
        else:
            yield " ".join((*before, name)), command


COMMANDS = dict(commands_of(typer.main.get_command(app)))


def test_every_command_of_the_contract_exists():
    alone, *groups = (line.split() for line in CONTRACT.strip().splitlines())
    named = {*alone, *(f"{group} {name}" for group, *names in groups for name in names)}
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("name", LISTINGS)
def test_every_listing_can_speak_json(name):
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert "--json" in options


def test_every_command_says_what_it_does():
    assert [name for name, command in COMMANDS.items() if not command.help] == []


@pytest.mark.parametrize(
    "words",
    [
        ["exports", "list"],
        ["exports", "replay", "1", "--reason", "because"],
        ["exports", "replay", "1", "--reason", "because", "--dry-run"],
        ["ledger", "verify"],
        ["ledger", "seal"],
        ["reconcile"],
        ["worker"],
    ],
    ids=" ".join,
)
def test_a_missing_setting_is_named_and_stops(invoke, monkeypatch, words):
    monkeypatch.delenv("DATABASE_URL")
    stopped = invoke(*words)
    assert (stopped.exit_code, stopped.stdout) == (2, "")
    assert "DATABASE_URL is missing: give Postgres's address" in stopped.stderr


@pytest.fixture
def worker_settings(monkeypatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    for name in ("API_URL", "LOGIN_URL"):
        monkeypatch.setenv(f"PROCORE_{name}", "http://127.0.0.1:1")
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"PROCORE_{name}", "ours")


def test_a_worker_names_each_mistake_in_its_connections(invoke, connections_file, worker_settings):
    connections_file('[[connection]]\nname = "acme"\ncompany_id = 4907\nadapter = "sage"\nmode = "live"\n')
    stopped = invoke("worker")
    assert (stopped.exit_code, stopped.stdout) == (2, "")
    assert [line.split(": ")[2] for line in stopped.stderr.splitlines()] == ["start_from"]


def test_a_worker_names_the_secret_that_is_absent(invoke, monkeypatch, worker_settings):
    monkeypatch.delenv("ERP_SECRET")
    stopped = invoke("worker")
    assert stopped.exit_code == 2
    (line,) = stopped.stderr.splitlines()
    assert line.startswith("connection harbor-sandbox: secrets.client_secret: the environment variable ERP_SECRET")


def test_a_worker_names_what_its_adapter_refuses(invoke, connections_file, worker_settings):
    connections_file(
        '[[connection]]\nname = "acme"\ncompany_id = 4907\nadapter = "erp_sandbox"\nsettings = {{ book = "b" }}\n'
        'secrets = {{ client_secret = "env:ERP_SECRET" }}\n'
    )
    stopped = invoke("worker")
    told = "connection acme: settings.url: is missing; give the ERP's address\n"
    assert (stopped.exit_code, stopped.stderr) == (2, told)


def test_the_command_line_imports_a_group_when_it_is_asked_for():
    script = "import sys, services.cli.main; print(*(name for name in sys.modules if name.startswith('services.')))"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert set(told.split()) == {"services.cli", *(f"services.cli.{name}" for name in ("lazy", "main", "terminal"))}
