"""The compose file and the stack on a plain machine are two descriptions of one thing."""

import re
from pathlib import Path

from deploy.sandbox.local.containers import COMPOSE_FILE, images
from deploy.sandbox.local.jars import KAFKA_VERSION
from deploy.sandbox.local.services import BOOKS, SERVICES, STEPS
from deploy.sandbox.local.variables import CONNECTIONS, random_secrets, write_connections
from services.export_worker.erp.adapter import Place
from services.export_worker.erp.catalog import make_adapter
from shared.connections.catalog import load_catalog
from shared.connections.secret_references import resolve_secrets

COMPOSE_FOLDER = COMPOSE_FILE.parent / "deploy" / "compose"
TEXT = COMPOSE_FILE.read_text(encoding="utf-8")


def test_compose_runs_what_the_stack_starts() -> None:
    services = TEXT.partition("\nservices:\n")[2].partition("\nvolumes:\n")[0]
    composed = set(re.findall(r"^  ([\w-]+):$", services, flags=re.MULTILINE))
    assert composed == {"postgres", "kafka"} | {part.name for part in (*STEPS, *SERVICES)}


def test_compose_names_each_services_port() -> None:
    for service in SERVICES:
        assert f'PORT: "{service.port}"' in TEXT
        assert f"127.0.0.1:{service.port}:{service.port}" in TEXT


def test_images_are_pinned_to_a_version() -> None:
    assert set(images()) == {"postgres", "kafka"}
    assert all(re.search(r":\d+\.\d+", image) for image in images().values())


def test_kafka_is_the_same_version_everywhere() -> None:
    assert images()["kafka"] == f"apache/kafka:{KAFKA_VERSION}"


def test_the_example_names_every_required_variable() -> None:
    required = set(re.findall(r"\$\{(\w+):\?", TEXT))
    example = (COMPOSE_FOLDER / "example.env").read_text(encoding="utf-8")
    assert set(re.findall(r"^(\w+)=", example, flags=re.MULTILINE)) == required


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
