"""A site for what the worker is measured by: companies in the Procore sandbox, each with a book of the ERP sandbox.

Every owner invoice is the first of a prime contract of its own, so that none waits for another.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.crash_scene import set_up, table_of
from tests.support.crash_stage import Hands, Scene, Stage, hands_on

# Beyond what anything here asks: neither Procore's rate nor the ERP's is what is measured.
PLENTY = 10**9
A_MINUTE = 10**6
SIDE_BY_SIDE = 16
DELIVERY_SECONDS = 900.0


class Site(Stage):
    """A stage whose worker keeps the usual times."""

    @property
    def environment(self) -> dict[str, str]:
        return self._given | self.stack.environment


@asynccontextmanager
async def opened() -> AsyncIterator[Hands]:
    """Postgres, Kafka, both sandboxes and a receiver; no worker yet."""
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = Path(name)
        site = Site(folder, folder / "connections.toml")
        try:
            await asyncio.to_thread(site.stack.up)
            site.stack.stop("dashboard")
            async with hands_on(site) as hands:
                await hands.procore.set_limits(hourly=PLENTY, spike=PLENTY)
                yield hands
        finally:
            site.down()


async def companies(hands: Hands, names: Sequence[str], *, contracts: int, concurrency: int = 4) -> list[Scene]:
    """One for each name, with so many prime contracts, and a connection that lets everything through."""
    scenes = await set_up(
        hands, {name: {} for name in names}, contracts=dict.fromkeys(names, contracts), ports={}, settling={}
    )
    url = hands.stage.environment["ERP_URL"]
    tables = [_connection(scene, url, concurrency) for scene in scenes.values()]
    hands.stage.connections.write_text("\n".join(tables), encoding="utf-8")
    return list(scenes.values())


async def draft(hands: Hands, scenes: Iterable[Scene], contracts: range) -> list[tuple[Scene, int]]:
    """An owner invoice on each of these contracts of each company; the scenes take turns."""
    drafted = await in_parallel(
        [lambda scene=scene, at=at: hands.draft(scene, at) for at in contracts for scene in scenes]
    )
    return list(zip([scene for _ in contracts for scene in scenes], drafted, strict=True))


async def approve(hands: Hands, drafted: Iterable[tuple[Scene, int]]) -> None:
    """All of them, until every webhook about it was taken."""
    await in_parallel(
        [lambda scene=scene, invoice=invoice: hands.approve(scene, invoice) for scene, invoice in drafted]
    )
    await hands.procore.wait_until_idle(within=DELIVERY_SECONDS)


async def in_parallel(works: Iterable[Callable[[], Awaitable[Any]]], most: int = SIDE_BY_SIDE) -> list[Any]:
    """What each answered, in their order; so many run at once."""
    free = asyncio.Semaphore(most)

    async def run(work: Callable[[], Awaitable[Any]]) -> Any:
        async with free:
            return await work()

    return await asyncio.gather(*map(run, works))


def _connection(scene: Scene, erp_url: str, concurrency: int) -> str:
    erp = {"read_timeout_seconds": 20, "settles_after_seconds": 30}
    return table_of(scene, erp_url, erp=erp, concurrency=concurrency, requests_per_minute=A_MINUTE)
