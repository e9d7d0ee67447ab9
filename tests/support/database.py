"""Fixtures: a migrated database of the test's own, copied from a template that is migrated once per process."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.migrate import upgrade
from deploy.sandbox.local.parts import Part
from shared.database import Role, create_engine, create_pool


@pytest.fixture(scope="session")
def template_database(postgres_server: Part) -> Iterator[str]:
    """The name of a database with all migrations and no rows."""
    with _database(postgres_server.address) as name:
        with ThreadPoolExecutor(1) as aside:  # Alembic's environment runs a loop of its own
            aside.submit(upgrade, address_of(postgres_server.address, name)).result()
        yield name


@pytest.fixture
def database_url(postgres_server: Part, template_database: str) -> Iterator[str]:
    """The owner's address."""
    with _database(postgres_server.address, template=template_database) as name:
        yield address_of(postgres_server.address, name)


@pytest.fixture
def empty_database_url(postgres_server: Part) -> Iterator[str]:
    """Without any migration."""
    with _database(postgres_server.address) as name:
        yield address_of(postgres_server.address, name)


@pytest.fixture
async def worker_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """With the worker's rights."""
    engine = create_engine(database_url, Role.WORKER, application_name="test")
    yield engine
    await engine.dispose()


@pytest.fixture
async def worker_pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """With the worker's rights, past SQLAlchemy's execution, as its walks use it."""
    async with create_pool(database_url, Role.WORKER, application_name="test", size=4) as pool:
        yield pool


@pytest.fixture
async def owner_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """With every right."""
    engine = create_engine(database_url, Role.OWNER, application_name="test")
    yield engine
    await engine.dispose()


def address_of(server: str, name: str) -> str:
    """The same server, another database."""
    return urlsplit(server)._replace(path=f"/{name}").geturl()


@contextmanager
def _database(server: str, *, template: str | None = None) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    # Copied as files it leaves no log behind, which without fsync is the shorter way.
    execute(server, f"CREATE DATABASE {name}" + (f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""))
    try:
        yield name
    finally:
        execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def execute(url: str, *statements: str) -> None:
    """As whoever the address names, from a test with or without a loop."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, run()).result()
