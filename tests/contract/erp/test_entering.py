"""Log-in, its end in the middle, and an ERP that is not there."""

import asyncio
import logging

import pytest

from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import AuthExpired, Found, Unavailable
from services.export_worker.erp.adapter import ErpAdapter
from tests.contract.erp.documents import all_done, done, found, must_have, sent
from tests.contract.erp.harness import SEND, Harness, Trouble


@pytest.mark.parametrize("step", [None, *SEND])
async def test_a_log_in_that_ends_in_the_middle_is_renewed(
    erp: Harness, adapter: ErpAdapter, document: Document, step: Step | None
) -> None:
    if step:
        must_have(adapter, step)
    await found(adapter, document)
    before = await erp.log_ins()
    await erp.trouble(Trouble.LOG_IN_EXPIRES, step)

    read = await sent(adapter, document)

    assert isinstance(read, Found)
    assert read.done == all_done(adapter, document)
    assert len(await erp.documents()) == 1
    assert await erp.log_ins() == before + 1


async def test_many_calls_renew_an_ended_log_in_once(erp: Harness, document: Document) -> None:
    adapter = erp.adapter()
    ref = await done(adapter, Step.CREATE, document)
    await erp.trouble(Trouble.LOG_IN_EXPIRES, None)

    await asyncio.gather(found(adapter, document), *(adapter.read(ref) for _ in range(8)))

    assert await erp.log_ins() == 2


async def test_a_wrong_secret_is_the_connection_s_matter(erp: Harness, document: Document) -> None:
    adapter = erp.stranger()

    assert isinstance(await adapter.find(document.reference), AuthExpired)
    assert isinstance(await adapter.perform(Step.CREATE, document, None), AuthExpired)
    assert isinstance(await adapter.read("1"), AuthExpired)
    assert await erp.documents() == []


async def test_a_log_in_that_is_refused_again_is_not_repeated(erp: Harness, document: Document) -> None:
    await erp.rules(log_in_seconds=0)
    adapter = erp.adapter()

    assert isinstance(await adapter.perform(Step.CREATE, document, None), AuthExpired)
    assert await erp.log_ins() == 2
    assert await erp.documents() == []


async def test_no_secret_shows_in_outcomes_or_logs(
    erp: Harness, document: Document, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    adapter = erp.adapter()
    await sent(adapter, document)
    outcome = await erp.stranger().find(document.reference)

    seen = f"{caplog.text} {outcome!r} {vars(adapter)!r}"
    assert not [secret for secret in erp.secrets.values() if secret in seen]


async def test_nobody_at_the_address_means_certainly_not_done(erp: Harness, document: Document) -> None:
    adapter = erp.nowhere()

    assert isinstance(await adapter.perform(Step.CREATE, document, None), Unavailable)
    assert isinstance(await adapter.find(document.reference), Unavailable)


async def test_a_closed_adapter_leaves_others_alone(erp: Harness, document: Document) -> None:
    first, second = erp.adapter(), erp.adapter()
    ref = await done(first, Step.CREATE, document)
    await first.close()
    assert isinstance(await second.read(ref), Found)
