"""The houses in which the stories happen."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from deploy.sandbox.erp.server import ErpServer
from deploy.sandbox.local.parts import Part
from shared.kafka.topics import create_topics
from shared.settings import KafkaSettings
from tests.support.house import House
from tests.support.opening import open_house

OpenHouse = Callable[..., Awaitable[House]]


@pytest.fixture(scope="session")
def erp_url() -> Iterator[str]:
    """One ERP for the process; each house opens a book of its own."""
    with ErpServer(books=()).in_thread() as url:
        yield url


@pytest.fixture
async def opens(tmp_path: Path, database_url: str, kafka_broker: Part, erp_url: str) -> AsyncIterator[OpenHouse]:
    """Opens a house whose connection or adapter is set otherwise: `await opens(erp=HASTY, start_from=...)`."""
    await create_topics(KafkaSettings(kafka_bootstrap_servers=[kafka_broker.address]))
    async with AsyncExitStack() as houses:

        async def opened(**changes: Any) -> House:
            opening = open_house(tmp_path, database_url=database_url, broker=kafka_broker, erp_url=erp_url, **changes)
            return await houses.enter_async_context(opening)

        yield opened


@pytest.fixture
async def house(opens: OpenHouse) -> House:
    """A house as most stories need it."""
    return await opens()
