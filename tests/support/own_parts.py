"""Fixtures: a Kafka and a Postgres of one test file's own, which it may kill. Register with `pytest_plugins`."""

from collections.abc import Iterator

import pytest

from deploy.sandbox.local.kafka import Kafka, start_kafka
from deploy.sandbox.local.postgres import Postgres, start_postgres
from tests.acceptance.receiving import prepare_database, prepare_topics


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """With our topics."""
    kafka = start_kafka(tmp_path_factory.mktemp("kafka"))
    prepare_topics(kafka.bootstrap)
    yield kafka
    kafka.remove()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """With our tables."""
    postgres = start_postgres(tmp_path_factory.mktemp("postgres"), durable=False)
    prepare_database(postgres.url)
    yield postgres
    postgres.remove()
