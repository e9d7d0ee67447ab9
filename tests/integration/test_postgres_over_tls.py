"""Every way of ours to a real Postgres that wants TLS: the server is known by its certificate, or nobody logs in."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from deploy.migrate import upgrade
from shared.database import DATABASE_ERRORS, Role, connect_raw, create_engine
from tests.support.certificates import Authority
from tests.support.secured_postgres import postgres_with_tls, secured_postgres

BINARIES = postgres_with_tls()
pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(BINARIES is None, reason="needs a PostgreSQL with OpenSSL, such as Debian's postgresql"),
]
WHO = "SELECT pg_backend_pid(), current_user"
SEEN = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = $1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def address(authority):
    """Migrated over TLS, by the owner."""
    with secured_postgres(BINARIES, authority) as url:
        with ThreadPoolExecutor(1) as aside:  # Alembic's environment runs a loop of its own
            aside.submit(upgrade, verified(url, authority)).result()
        yield url


def verified(url: str, authority: Authority, mode: str = "verify-full") -> str:
    return f"{url}?sslmode={mode}&sslrootcert={authority.certificate}"


@pytest.mark.parametrize("role", [Role.RECEIVER, Role.WORKER, Role.DASHBOARD])
async def test_every_service_reaches_postgres_over_tls(address, authority, role):
    engine = create_engine(verified(address, authority), role, application_name="test")
    session = await connect_raw(verified(address, authority), role)
    owner = await connect_raw(verified(address, authority), Role.OWNER)
    async with engine.connect() as connection:
        pooled = (await connection.execute(text(WHO))).one()
        raw = await session.fetchrow(WHO)
        # A role that was taken on after the log-in sees nothing of its own session.
        seen = [tuple(await owner.fetchrow(SEEN, one[0])) for one in (pooled, raw)]
    await engine.dispose()
    await session.close()
    await owner.close()
    assert [one[1] for one in (pooled, raw)] == [role, role]
    assert seen == [(True, "TLSv1.3")] * 2


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
async def test_a_server_that_nobody_vouches_for_is_refused(address, mode, tmp_path):
    stranger = Authority(tmp_path, "a stranger")
    with pytest.raises(DATABASE_ERRORS, match="certificate verify failed"):
        await connect_raw(verified(address, stranger, mode), Role.OWNER)


async def test_a_server_under_another_name_is_refused(address, authority):
    elsewhere = verified(address.replace("localhost", "127.0.0.1"), authority)
    with pytest.raises(DATABASE_ERRORS, match="certificate verify failed"):
        await connect_raw(elsewhere, Role.OWNER)
    session = await connect_raw(elsewhere.replace("verify-full", "verify-ca"), Role.OWNER)
    await session.close()


async def test_nobody_logs_in_without_tls(address):
    with pytest.raises(DATABASE_ERRORS):
        await asyncio.wait_for(connect_raw(f"{address}?sslmode=disable", Role.OWNER), 10)
