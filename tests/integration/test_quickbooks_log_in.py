"""QuickBooks' rotating log-in through the worker's own wiring: its stand-in over HTTP, a real Postgres, two workers."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.sandbox.faulty.orders import ErpStep
from deploy.sandbox.quickbooks_online.control_client import QuickBooksControl
from deploy.sandbox.quickbooks_online.server import QuickBooksServer
from deploy.sandbox.quickbooks_online.vendor import LOG_IN_PATH
from services.export_worker.core.outcomes import AuthExpired
from services.export_worker.erp.adapter import ErpAdapter
from services.export_worker.links import make_links
from shared.connections.catalog import Catalog
from shared.connections.connection import Connection
from shared.connections.token_store import TokenCipher, TokenStore, set_refresh_token

REALM = "4620816365000000001"
NAME = "harbor-quickbooks"
KEY = "a random key of ours"
ENVIRONMENT = {"QB_ID": "sandbox-client", "QB_SECRET": "sandbox-secret", "QB_REFRESH": "sandbox-refresh-token"}


@pytest.fixture
def quickbooks_url() -> Iterator[str]:
    with QuickBooksServer(realms=(REALM,)).in_thread() as url:
        yield url


@pytest.fixture
async def quickbooks(quickbooks_url: str) -> AsyncIterator[QuickBooksControl]:
    """Each refresh token is good once: whoever keeps an old one is shut out."""
    async with QuickBooksControl(quickbooks_url) as control:
        await control.set_up(REALM, refresh_grace_seconds=0)
        yield control


@pytest.fixture
async def workers(
    quickbooks: QuickBooksControl, quickbooks_url: str, worker_engine: AsyncEngine
) -> AsyncIterator[list[ErpAdapter]]:
    """The adapter of three processes that serve the same connection."""
    here = {"url": quickbooks_url, "log_in_url": f"{quickbooks_url}{LOG_IN_PATH}", "realm_id": REALM}
    secrets = {"client_id": "env:QB_ID", "client_secret": "env:QB_SECRET", "refresh_token": "env:QB_REFRESH"}
    connection = Connection.model_validate(
        {
            "name": NAME,
            "company_id": "4907",
            "adapter": "quickbooks_online",
            "mode": "live",
            "start_from": "all",
            "finish": "posted",
            "settings": here,
            "secrets": secrets,
        }
    )
    store = TokenStore.with_keys(worker_engine, SecretStr(KEY))
    made = [make_links(Catalog((connection,)), ENVIRONMENT, store)[NAME].adapter for _ in range(3)]
    yield made
    for adapter in made:
        await adapter.close()


async def renewals(quickbooks: QuickBooksControl) -> list[int | None]:
    """The status of each."""
    return [one.status for one in await quickbooks.requests(REALM) if one.step is ErpStep.LOG_IN]


async def test_workers_share_one_log_in_and_its_renewals(
    quickbooks: QuickBooksControl, workers: list[ErpAdapter]
) -> None:
    for expected in (1, 2, 3):
        answers = await asyncio.gather(*(worker.find("a:b:1:0") for worker in workers for _ in range(4)))
        assert answers == [[]] * 12
        assert await renewals(quickbooks) == [200] * expected
        await quickbooks.expire_log_ins(REALM)


async def test_a_log_in_that_is_lost_is_mended_by_setting_another(
    quickbooks: QuickBooksControl, workers: list[ErpAdapter], owner_engine: AsyncEngine
) -> None:
    async with owner_engine.begin() as session:
        await set_refresh_token(session, TokenCipher(KEY), NAME, "lost long ago", by="ada")
    refused = await workers[0].find("a:b:1:0")
    assert isinstance(refused, AuthExpired)
    assert "tokens set" in refused.text

    async with owner_engine.begin() as session:
        await set_refresh_token(session, TokenCipher(KEY), NAME, "sandbox-refresh-token", by="ada")
    assert await workers[0].find("a:b:1:0") == []
    assert await renewals(quickbooks) == [400, 200]
