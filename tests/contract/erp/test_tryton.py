"""What only Tryton says: that it does not have what the export names, and that nobody loaded its database."""

from collections.abc import AsyncIterator

import pytest

from deploy.sandbox.faulty.orders import ErpStep, Fault, FaultKind
from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Found, LookUpFailure, Refusal, Refused, Reread, Unavailable, Unknown
from services.export_worker.erp.adapter import CheckResult, ErpAdapter
from tests.contract.erp.documents import done, found, sent
from tests.contract.erp.harness import SEND, Trouble
from tests.contract.erp.tryton_harness import TrytonHarness
from tests.support.tryton import FIRST_START_SECONDS, USUAL, Trytons

pytestmark = pytest.mark.timeout(FIRST_START_SECONDS)
WAYS = ("unknown_name", "no_context")


@pytest.fixture(params=USUAL)
async def erp(request: pytest.FixtureRequest, trytons: Trytons) -> AsyncIterator[TrytonHarness]:
    harness = await TrytonHarness.open(trytons(request.param))
    yield harness
    await harness.close()


async def says(erp: TrytonHarness, code: str, step: ErpStep | Step) -> None:
    """Tryton does not know what the next request of `step` names."""
    await erp.control.order(erp.book, Fault(kind=FaultKind.REFUSE, step=ErpStep(step.value), code=code))


@pytest.mark.parametrize("code", WAYS)
@pytest.mark.parametrize("step", [*SEND, Step.RECLASSIFY, Step.SETTLE])
async def test_what_tryton_does_not_have_is_a_refusal_once_seen(
    erp: TrytonHarness, adapter: ErpAdapter, document: Document, step: Step, code: str
) -> None:
    await says(erp, code, step)

    outcome = await sent(adapter, document)

    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.UNSUPPORTED
    assert "things-to-know" in outcome.text
    assert isinstance(await sent(adapter, document), Found)
    assert len(await erp.documents()) == 1


@pytest.mark.parametrize("code", WAYS)
@pytest.mark.parametrize("step", SEND)
async def test_what_stands_in_spite_of_it_is_a_reread(
    erp: TrytonHarness, adapter: ErpAdapter, document: Document, step: Step, code: str
) -> None:
    ref = await done(adapter, Step.CREATE, document)
    if step is Step.FINISH:
        await done(adapter, Step.FINISH, document, ref)
    await says(erp, code, step)

    assert isinstance(await adapter.perform(step, document, ref if step is Step.FINISH else None), Reread)
    assert len(await erp.documents()) == 1


async def test_where_nobody_can_look_it_stays_unknown(
    erp: TrytonHarness, adapter: ErpAdapter, document: Document
) -> None:
    await found(adapter, document)
    await says(erp, "unknown_name", Step.CREATE)
    await erp.trouble(Trouble.BUSY, None)

    assert isinstance(await adapter.perform(Step.CREATE, document, None), Unknown)


@pytest.mark.parametrize("code", WAYS)
async def test_a_look_before_the_write_is_refused_likewise(
    erp: TrytonHarness, adapter: ErpAdapter, document: Document, code: str
) -> None:
    await found(adapter, document)
    await says(erp, code, ErpStep.LIST)

    outcome = await adapter.perform(Step.CREATE, document, None)

    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.UNSUPPORTED


async def test_a_look_up_that_tryton_does_not_know_is_no_answer(
    erp: TrytonHarness, adapter: ErpAdapter, document: Document
) -> None:
    await says(erp, "unknown_name", ErpStep.FIND)
    assert isinstance(await adapter.find(document.reference), LookUpFailure)


async def test_a_server_without_its_database_says_how_to_start_it(
    erp: TrytonHarness, adapter: ErpAdapter, document: Document
) -> None:
    await says(erp, "unknown_name", ErpStep.LOG_IN)
    answer = await adapter.find(document.reference)
    assert isinstance(answer, Unavailable)
    assert f"trytond -d {erp.tryton.running.database}" in answer.text

    await says(erp, "unknown_name", ErpStep.LOG_IN)
    [check] = await erp.adapter().check()
    assert check.result is CheckResult.WRONG
    assert "without -d" in check.seen
