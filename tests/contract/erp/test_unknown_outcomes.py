"""The answer never came, or could not be read: what stands is only learnt by looking."""

import asyncio

import pytest

from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Done, Found, LookUpFailure, Outcome, Unavailable, Unknown
from services.export_worker.erp.adapter import ErpAdapter
from tests.contract.erp.documents import done, found, must_have, sent
from tests.contract.erp.harness import SEND, Harness, Trouble

LOST_AND_DONE = [
    Trouble.TIMES_OUT_AFTER,
    Trouble.DROPS_AFTER,
    Trouble.GARBAGE,
    Trouble.TRUNCATED,
    Trouble.PROXY_TIMES_OUT,
    Trouble.CRASHES_AFTER,
]
LOST_AND_NOT_DONE = [Trouble.TIMES_OUT_BEFORE, Trouble.DROPS_BEFORE]


@pytest.mark.parametrize("trouble", LOST_AND_DONE)
@pytest.mark.parametrize("step", SEND)
async def test_a_lost_answer_after_the_work_is_unknown_then_found(
    erp: Harness, adapter: ErpAdapter, document: Document, step: Step, trouble: Trouble
) -> None:
    must_have(adapter, step)
    ref = await done(adapter, Step.CREATE, document) if step is Step.FINISH else None

    assert isinstance(await lost(erp, trouble, step, document, ref), Unknown)

    [standing] = await found(adapter, document)
    assert step in standing.done
    assert isinstance(await sent(adapter, document), Found)
    assert len(await erp.documents()) == 1


@pytest.mark.parametrize("trouble", LOST_AND_NOT_DONE)
async def test_a_lost_answer_before_the_work_is_unknown_too(
    erp: Harness, adapter: ErpAdapter, document: Document, trouble: Trouble
) -> None:
    assert isinstance(await lost(erp, trouble, Step.CREATE, document, None), Unknown)

    assert await found(adapter, document) == []
    assert isinstance(await sent(adapter, document), Found)
    assert len(await erp.documents()) == 1


async def lost(erp: Harness, trouble: Trouble, step: Step, document: Document, ref: str | None) -> Outcome:
    """The outcome of a step whose answer does not come; where it hangs, the ERP is known to have got that far."""
    if trouble not in {Trouble.TIMES_OUT_AFTER, Trouble.TIMES_OUT_BEFORE}:
        await erp.trouble(trouble, step)
        return await erp.adapter().perform(step, document, ref)
    hasty = await erp.hasty()
    await erp.trouble(trouble, step)
    outcome, _ = await asyncio.gather(hasty.perform(step, document, ref), erp.arrived(step))
    return outcome


async def test_a_late_commit_shows_within_the_settling_time(
    erp: Harness, adapter: ErpAdapter, document: Document
) -> None:
    """The ERP commits after we gave up and after our first look; believing that look would make a second."""
    hasty = await erp.hasty()
    loop = asyncio.get_running_loop()
    await erp.trouble(Trouble.COMMITS_LATE, Step.CREATE, seconds=3 * erp.hasty_seconds)

    started = loop.time()
    assert isinstance(await hasty.perform(Step.CREATE, document, None), Unknown)
    assert await found(adapter, document) == []

    settled = started + hasty.capabilities.absence_proven_after.total_seconds()
    await asyncio.sleep(settled - loop.time())  # the law itself: no look-up that began earlier may count
    [standing] = await found(adapter, document)
    assert standing.done == {Step.CREATE}
    assert len(await erp.documents()) == 1


async def test_a_late_commit_after_slow_look_ups_shows_in_time(
    erp: Harness, adapter: ErpAdapter, document: Document
) -> None:
    """A step looks before it writes: an absence counts from its end, or from its start as if it wrote at the end."""
    hasty = await erp.hasty(settles_after=2)
    can, loop = hasty.capabilities, asyncio.get_running_loop()
    late = can.settles_after.total_seconds() - 0.2 * erp.hasty_seconds
    await erp.trouble(Trouble.COMMITS_LATE, Step.CREATE, seconds=late)
    await erp.slow_down(0.6 * erp.hasty_seconds, most=1)

    started = loop.time()
    assert isinstance(await hasty.perform(Step.CREATE, document, None), Unknown)
    ended = loop.time()
    assert await found(adapter, document) == []

    after_start, after = can.absence_proven_after_start.total_seconds(), can.absence_proven_after.total_seconds()
    await asyncio.sleep(min(started + after_start, ended + after) - loop.time())  # the law itself, as above
    assert [one.done for one in await found(adapter, document)] == [{Step.CREATE}]
    assert len(await erp.documents()) == 1


async def test_a_busy_erp_that_says_so_did_nothing(erp: Harness, adapter: ErpAdapter, document: Document) -> None:
    await erp.trouble(Trouble.BUSY, Step.CREATE)
    assert isinstance(await adapter.perform(Step.CREATE, document, None), Unavailable)
    assert await erp.documents() == []


async def test_a_redirect_is_never_followed(erp: Harness, adapter: ErpAdapter, document: Document) -> None:
    await erp.trouble(Trouble.REDIRECTS, Step.CREATE)
    assert isinstance(await adapter.perform(Step.CREATE, document, None), Unknown)
    assert await erp.documents() == []


@pytest.mark.parametrize(
    "trouble", [*LOST_AND_DONE, *LOST_AND_NOT_DONE, Trouble.BUSY, Trouble.RATE_LIMITED, Trouble.REDIRECTS]
)
async def test_a_look_up_in_trouble_never_says_absent(
    erp: Harness, adapter: ErpAdapter, document: Document, trouble: Trouble
) -> None:
    await done(adapter, Step.CREATE, document)
    asking = await erp.hasty() if trouble in {Trouble.TIMES_OUT_AFTER, Trouble.TIMES_OUT_BEFORE} else adapter
    await erp.trouble(trouble, None)

    assert isinstance(await asking.find(document.reference), LookUpFailure)
    assert len(await found(adapter, document)) == 1


async def test_no_step_takes_longer_than_the_call_time_limit(erp: Harness, document: Document) -> None:
    hasty = await erp.hasty()
    await erp.trouble(Trouble.TIMES_OUT_BEFORE, Step.CREATE)
    loop = asyncio.get_running_loop()

    started = loop.time()
    await hasty.perform(Step.CREATE, document, None)

    assert loop.time() - started < hasty.capabilities.call_time_limit.total_seconds() + 2


async def test_slow_look_ups_never_stretch_a_step(erp: Harness, document: Document) -> None:
    hasty = await erp.hasty()
    await erp.slow_down(0.8 * erp.hasty_seconds)
    loop = asyncio.get_running_loop()

    started = loop.time()
    outcome = await hasty.perform(Step.CREATE, document, None)

    assert loop.time() - started < hasty.capabilities.call_time_limit.total_seconds() + 2
    assert not isinstance(outcome, Unavailable) or await erp.documents() == []


async def test_what_a_retry_answers_after_unknown_is_done(erp: Harness, document: Document) -> None:
    adapter = await erp.with_replay_key()
    await erp.trouble(Trouble.DROPS_AFTER, Step.CREATE)
    assert isinstance(await adapter.perform(Step.CREATE, document, None), Unknown)

    outcome = await adapter.perform(Step.CREATE, document, None)

    [standing] = await erp.documents()
    assert outcome == Done(standing.ref)
