"""Fixtures: one real Postgres and one real Kafka per test process. Register with `pytest_plugins`."""

import os
from collections.abc import Iterator

import pytest

from deploy.sandbox.local.parts import Part, apache_kafka_lacks, kafka_part, postgres_part

EVERY_BROKER = "INVOICE_EXPORT_EVERY_BROKER"  # set by `make test-erps`


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Part]:
    """`.address` is the address of a database whose user may create others."""
    part = postgres_part(tmp_path_factory.mktemp("postgres"), os.environ, durable=False)
    yield part
    part.remove()


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Part]:
    """`.address` is host:port; topics are not made on first use. May be the fallback: see `.limits`."""
    part = kafka_part(tmp_path_factory.mktemp("kafka"), os.environ)
    yield part
    part.remove()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("real_kafka")]
    lack = apache_kafka_lacks(os.environ) if marked else None
    for item in marked if lack else []:
        item.add_marker(pytest.mark.skip(reason=f"needs Apache Kafka: {lack}"))
