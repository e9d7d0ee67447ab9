"""The whole ERP refuses connections for a while. A server of its own, since others must not notice."""

import asyncio

from deploy.sandbox.erp.server import ErpServer
from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Done, Found, Unavailable
from services.export_worker.erp.adapter import ErpAdapter
from tests.contract.erp.documents import a_document, done, found, sent
from tests.contract.erp.sandbox_harness import SandboxHarness


async def is_back(adapter: ErpAdapter, document: Document) -> None:
    """Ask until it answers, for twenty seconds at most."""
    for _ in range(400):
        if not isinstance(await adapter.find(document.reference), Unavailable):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the ERP did not come back")


async def test_an_erp_that_went_away_is_unavailable_then_back() -> None:
    document = a_document()
    with ErpServer().in_thread() as url:
        erp = await SandboxHarness.open(url)
        adapter = erp.adapter()
        ref = await done(adapter, Step.CREATE, document)

        await erp.go_away(3)
        assert isinstance(await adapter.find(document.reference), Unavailable)
        other = erp.adapter()
        assert isinstance(await other.perform(Step.FINISH, document, ref), Unavailable)

        await is_back(adapter, document)
        assert await adapter.perform(Step.FINISH, document, ref) == Done(ref)
        assert isinstance(await sent(adapter, document), Found)
        assert len(await found(adapter, document)) == 1
        await erp.close()
