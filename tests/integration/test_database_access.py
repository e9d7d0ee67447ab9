"""Engines and raw connections against a real Postgres."""

import asyncio

import pytest
from sqlalchemy import text

from deploy.sandbox.local.postgres import start_postgres
from deploy.sandbox.local.processes import free_port
from shared.database import DATABASE_ERRORS, Role, connect_raw, create_engine


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    postgres = start_postgres(tmp_path_factory.mktemp("postgres"), durable=False)
    yield postgres.url
    postgres.remove()


@pytest.fixture
async def with_role(url):
    connection = await connect_raw(url, Role.OWNER)
    await connection.execute(f"CREATE ROLE {Role.RECEIVER} NOLOGIN")
    yield url
    await connection.execute(f"DROP ROLE {Role.RECEIVER}")
    await connection.close()


SESSION = "SELECT current_user, current_setting('timezone'), current_setting('statement_timeout'),"
SESSION += " current_setting('application_name')"


@pytest.mark.parametrize("parameters", ["", "?sslmode=prefer", "?sslmode=disable&connect_timeout=5"])
async def test_a_services_session_has_its_role_and_limits(with_role, parameters):
    engine = create_engine(with_role + parameters, Role.RECEIVER, application_name="receiver")
    async with engine.connect() as connection:
        row = (await connection.execute(text(SESSION))).one()
    await engine.dispose()
    assert tuple(row) == ("invoice_export_receiver", "UTC", "5s", "receiver")


async def test_the_owner_stays_who_the_address_names(url):
    connection = await connect_raw(url.replace("postgresql://", "postgresql+asyncpg://"), Role.OWNER)
    row = await connection.fetchrow(SESSION)
    await connection.close()
    assert tuple(row)[:3] == ("invoice_export", "UTC", "0")


async def test_sslmode_require_is_honoured(url):
    with pytest.raises(DATABASE_ERRORS, match="SSL"):
        await connect_raw(f"{url}?sslmode=require", Role.OWNER)


async def test_an_absent_server_or_role_is_a_database_error(url):
    with pytest.raises(DATABASE_ERRORS):
        await connect_raw(f"postgresql://nobody@127.0.0.1:{free_port()}/x", Role.OWNER)
    engine = create_engine(url, Role.WORKER, application_name="worker")
    with pytest.raises(DATABASE_ERRORS, match="does not exist"):
        await engine.connect()
    await engine.dispose()


async def test_using_the_pool_costs_no_ping(url):
    engine = create_engine(url, Role.OWNER, application_name="test")
    asked = []
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
    driver.add_query_logger(lambda query: asked.append(query.query))
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
    await engine.dispose()
    # asyncpg tells of what is executed at once, not of prepared statements, as the SELECT is.
    assert asked == ["BEGIN;", "ROLLBACK;"]


async def test_sessions_that_the_server_ended_are_replaced(url):
    engine = create_engine(url, Role.OWNER, application_name="to-be-ended")
    held = [await engine.connect() for _ in range(3)]
    for connection in held:
        await connection.execute(text("SELECT 1"))
    ends = [asyncio.Event() for _ in held]
    for connection, end in zip(held, ends, strict=True):
        driver = (await connection.get_raw_connection()).driver_connection
        driver.add_termination_listener(lambda _, end=end: end.set())
        await connection.close()
    other = await connect_raw(url, Role.OWNER)
    await other.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'to-be-ended'"
    )
    await other.close()
    async with asyncio.timeout(20):
        await asyncio.gather(*(end.wait() for end in ends))
    for _ in held:
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar() == 1
    await engine.dispose()
