"""Every request to an ERP takes its turn: steps, look-ups, log-ins and whatever an adapter asks beside them."""

import asyncio

from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Found
from services.export_worker.erp.catalog import ADAPTERS
from services.export_worker.erp.pace import Pace
from shared.connections.mappings import MappingKind
from tests.contract.erp.documents import sent
from tests.contract.erp.harness import Harness
from tests.contract.erp.sandbox_harness import SandboxHarness


async def test_each_request_of_an_adapter_takes_one_turn(erp: Harness, document: Document) -> None:
    before = await erp.requests()
    erp.pace = Pace(6_000_000)
    adapter = erp.adapter()

    assert isinstance(await sent(adapter, document), Found)
    await adapter.choices(MappingKind.CUSTOMER)
    await adapter.first_open_day(document.invoice_date)

    assert erp.pace.taken == await erp.requests() - before > 0


async def test_requests_beyond_a_low_limit_wait(sandbox_url: str) -> None:
    erp = await SandboxHarness.open(sandbox_url)
    erp.pace = Pace(302, at_once=2)  # then one each 0.2 s
    adapter, clock = erp.adapter(), asyncio.get_running_loop()

    started = clock.time()
    await asyncio.gather(*(adapter.find(f"a:b:{number}:0") for number in range(5)))

    assert await erp.requests() == 6  # a log-in too
    assert clock.time() - started >= 0.79
    await erp.close()


async def test_a_minute_never_sees_more_than_its_limit() -> None:
    pace, clock = Pace(60_000), asyncio.get_running_loop()  # 6000 at once, then 900 a second

    started = clock.time()
    for _ in range(6_180):
        await pace.acquire()

    assert clock.time() - started >= 0.19


def test_quickbooks_gets_less_than_it_limits() -> None:
    kind = ADAPTERS["quickbooks_online"]
    assert kind.requests_at_once is not None
    a_second = (kind.requests_per_minute - kind.requests_at_once) / 60
    assert kind.requests_per_minute < 500
    assert kind.requests_at_once + a_second < 10
