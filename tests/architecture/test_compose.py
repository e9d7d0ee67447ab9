"""The compose file and the stack on a plain machine are two descriptions of one thing."""

import re
from pathlib import Path

import pytest

from deploy.sandbox.local.containers import COMPOSE_FILE, images
from deploy.sandbox.local.jars import KAFKA_VERSION
from deploy.sandbox.local.services import BOOKS, SERVICE_USER_ID, SERVICES, STEPS
from deploy.sandbox.local.variables import CONNECTIONS, random_secrets, write_connections
from services.cli.hooking.asked import ProvisionSettings
from services.export_worker.erp.adapter import Place
from services.export_worker.erp.catalog import make_adapter
from services.export_worker.worker import WorkerServiceSettings
from services.webhook_receiver.app import ReceiverSettings
from shared.connections.catalog import load_catalog
from shared.connections.secret_references import resolve_secrets
from shared.settings import DatabaseSettings, Settings
from tests.architecture.documents import commands

COMPOSE_FOLDER = COMPOSE_FILE.parent / "deploy" / "compose"
TEXT = COMPOSE_FILE.read_text(encoding="utf-8")
DOCKERFILE = (COMPOSE_FILE.parent / "deploy" / "Dockerfile").read_text(encoding="utf-8")
EXAMPLE = (COMPOSE_FOLDER / "example.env").read_text(encoding="utf-8")
PARTS = re.split(
    r"^(?=  [\w-]+:$)", TEXT.partition("\nservices:\n")[2].partition("\nvolumes:\n")[0], flags=re.MULTILINE
)
COMPOSED = {part.partition(":")[0].strip(): part for part in PARTS if part}
SANDBOXES = {"procore-sandbox", "erp-sandbox"}
# `make up` plays nothing by itself, so it hangs no hooks either.
ONLY_COMPOSED = {"hooks"}
NEEDED: dict[str, tuple[type[Settings], ...]] = {
    "receiver": (ReceiverSettings,),
    "worker": (WorkerServiceSettings,),
    "hooks": (ProvisionSettings, DatabaseSettings),
}


def test_compose_runs_what_the_stack_starts() -> None:
    assert set(COMPOSED) == {"postgres", "kafka"} | {part.name for part in (*STEPS, *SERVICES)} | ONLY_COMPOSED


def test_compose_names_each_services_port() -> None:
    for service in SERVICES:
        assert f'PORT: "{service.port}"' in TEXT
        assert f"127.0.0.1:{service.port}:{service.port}" in TEXT


def test_images_are_pinned_to_a_version() -> None:
    assert set(images()) == {"postgres", "kafka"}
    assert all(re.search(r":\d+\.\d+", image) for image in images().values())


def test_kafka_is_the_same_version_everywhere() -> None:
    assert images()["kafka"] == f"apache/kafka:{KAFKA_VERSION}"


def test_the_example_names_every_variable() -> None:
    used = set(re.findall(r"\$\{(\w+):[?-]", TEXT)) | {"COMPOSE_PROFILES"}
    assert set(re.findall(r"^#?(\w+)=", EXAMPLE, flags=re.MULTILINE)) == used
    required = set(re.findall(r"\$\{(\w+):\?", TEXT))
    assert set(re.findall(r"^(\w+)=$", EXAMPLE, flags=re.MULTILINE)) == required


def test_the_sandboxes_can_be_left_out() -> None:
    assert {name for name, part in COMPOSED.items() if "<<: *sandbox" in part} == SANDBOXES
    assert "x-sandbox: &sandbox\n  <<: *service\n  profiles: [sandbox]\n" in TEXT
    assert "\nCOMPOSE_PROFILES=sandbox\n" in EXAMPLE
    for name, part in COMPOSED.items():
        waits = re.findall(rf"^      ({'|'.join(SANDBOXES)}): (.*)$", part, flags=re.MULTILINE)
        assert all("required: false" in how for _, how in waits), name


def test_the_sandboxes_own_account_is_no_approver() -> None:
    assert f"\nPROCORE_SERVICE_USER_IDS={SERVICE_USER_ID}\n" in EXAMPLE
    assert "PROCORE_SERVICE_USER_IDS" in told_to("worker")


@pytest.mark.parametrize("service", NEEDED)
def test_each_service_is_told_what_it_needs(service: str) -> None:
    required = {
        name.upper() for one in NEEDED[service] for name, field in one.model_fields.items() if field.is_required()
    }
    assert required <= told_to(service)


@pytest.mark.parametrize(
    "name", [name for name, part in COMPOSED.items() if "<<: *once" in part or "<<: *service" in part]
)
def test_each_service_runs_a_command_of_ours(name: str) -> None:
    [given] = re.findall(r"^    command: \[(.*)\]$", COMPOSED[name], flags=re.MULTILINE)
    words = given.replace('"', "").split(", ")
    known = commands()
    command = known.get(" ".join(words[:2])) or known[words[0]]
    assert {word for word in words if word.startswith("--")} <= {
        option for parameter in command.params for option in parameter.opts
    }


def test_no_service_of_ours_may_do_more_than_it_needs() -> None:
    """Everything but Postgres and Kafka, whose images need to write and to change who they are."""
    anchors = TEXT.partition("\nservices:\n")[0]
    service = anchors.partition("x-service: &service\n")[2].partition("\n\n")[0]
    for line in ("read_only: true", "tmpfs: [/tmp]", "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]'):
        assert f"\n  {line}\n" in f"\n{service}\n", line
    for name, part in COMPOSED.items():
        inherits = re.search(r"^    <<: \*(service|once|sandbox)$", part, flags=re.MULTILINE)
        assert inherits or name in images(), name
        for loosened in ("read_only:", "cap_add:", "privileged:", "security_opt:", "user:", "pid:", "network_mode:"):
            assert f"    {loosened}" not in part, (name, loosened)
    assert anchors.count("<<: *service") == 2


def test_every_port_is_for_this_machine_alone() -> None:
    for name, part in COMPOSED.items():
        for port in re.findall(r"^    ports: \[(.*)\]$", part, flags=re.MULTILINE):
            assert port.startswith('"127.0.0.1:'), name


def test_the_image_runs_as_nobody_who_is_root() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    [user] = re.findall(r"^USER (\d+):(\d+)$", last, flags=re.MULTILINE)
    assert all(int(number) >= 1000 for number in user)
    assert last.index("USER ") < last.index("ENTRYPOINT ")
    assert "--uid 10001 --no-create-home" in last


def told_to(service: str) -> set[str]:
    """The names of its variables, those that several have in common too."""
    shared = TEXT.partition("x-procore: &procore\n")[2].partition("\n\n")[0]
    text = COMPOSED[service] + (shared if "<<: *procore" in COMPOSED[service] else "")
    return set(re.findall(r"^ +([A-Z_]+): ", text, flags=re.MULTILINE))


def test_the_stacks_connections_are_accepted(tmp_path: Path) -> None:
    write_connections(tmp_path / "connections.toml", "http://127.0.0.1:8060")
    catalog = load_catalog(tmp_path / "connections.toml")
    made = random_secrets({})
    for connection in catalog.connections:
        place = Place(connection.name, connection.settings, resolve_secrets(connection, made))
        make_adapter(connection.adapter, place)
    assert [(int(each.company_id), each.name) for each in catalog.connections] == list(CONNECTIONS)


def test_compose_opens_a_book_for_each_connection() -> None:
    assert ", ".join(BOOKS) in TEXT


def test_compose_gives_the_stacks_connections(tmp_path: Path) -> None:
    write_connections(tmp_path / "connections.toml", "http://erp-sandbox:8060")
    composed = (COMPOSE_FOLDER / "connections.toml").read_text(encoding="utf-8")
    assert composed == (tmp_path / "connections.toml").read_text(encoding="utf-8")
