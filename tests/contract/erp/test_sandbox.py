"""The sandbox's own promises to tests and to the demo: faults, gate and oracle."""

import asyncio
import signal
import sys
from decimal import Decimal
from typing import Any

import httpx
import pytest

from deploy.sandbox.erp.control_client import ErpControl
from deploy.sandbox.erp.server import ErpServer
from deploy.sandbox.faulty.orders import ErpStep, Fault, FaultKind
from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Done, Found, Refusal, Refused, Unavailable, Unknown
from tests.contract.erp.documents import a_document, done, found, sent
from tests.contract.erp.harness import Harness
from tests.contract.erp.sandbox_harness import SandboxHarness


@pytest.fixture
def sandbox(erp: Harness) -> SandboxHarness:
    if not isinstance(erp, SandboxHarness):
        pytest.skip("of the ERP sandbox only")
    return erp


async def test_a_create_held_before_the_work_commits_on_release(sandbox: SandboxHarness, document: Document) -> None:
    hasty, adapter = await sandbox.hasty(), sandbox.adapter()
    await sandbox.control.order(sandbox.book, Fault(kind=FaultKind.HOLD_BEFORE, step=ErpStep.CREATE))
    assert isinstance(await hasty.perform(Step.CREATE, document, None), Unknown)
    [waiting] = await sandbox.control.waiting(sandbox.book, ErpStep.CREATE, seconds=5)
    assert (waiting.number, waiting.committed) == (document.number, False)
    assert await found(adapter, document) == []

    assert await sandbox.control.release(sandbox.book) == 1

    async with asyncio.timeout(20):
        while not await found(adapter, document):  # noqa: ASYNC110 - the server's thread commits
            await asyncio.sleep(0.01)
    assert len(await sandbox.documents()) == 1


async def test_a_slow_answer_is_an_answer_all_the_same(sandbox: SandboxHarness, document: Document) -> None:
    await sandbox.control.order(sandbox.book, Fault(kind=FaultKind.SLOW, step=ErpStep.CREATE, seconds=0.1))
    assert isinstance(await sandbox.adapter().perform(Step.CREATE, document, None), Done)


async def test_a_fault_meets_only_the_number_it_names(sandbox: SandboxHarness, document: Document) -> None:
    fault = Fault(kind=FaultKind.REFUSE, step=ErpStep.FINISH, number="another", count=None)
    await sandbox.control.order(sandbox.book, fault)
    assert isinstance(await sent(sandbox.adapter(), document), Found)


async def test_a_fault_lets_as_many_pass_as_it_skips(sandbox: SandboxHarness, document: Document) -> None:
    fault = Fault(kind=FaultKind.DROP_BEFORE, step=ErpStep.CREATE, skip=1, count=1)
    await sandbox.control.order(sandbox.book, fault)
    adapter = sandbox.adapter()
    outcomes = [await adapter.perform(Step.CREATE, document, None) for _ in range(3)]
    assert [type(outcome) for outcome in outcomes] == [Done, Unknown, Done]


async def test_the_oracle_keeps_every_version_and_request(sandbox: SandboxHarness, document: Document) -> None:
    ref = await done(sandbox.adapter(), Step.CREATE, document)
    await sandbox.control.post(sandbox.book, ref)
    await sandbox.control.cancel(sandbox.book, ref)

    [known] = await sandbox.control.documents(sandbox.book)
    states = [version.state for version in (*known.history, known)]
    assert states == ["draft", "posted", "cancelled"]
    requests = await sandbox.control.requests(sandbox.book)
    assert [(one.step, one.status) for one in requests] == [(ErpStep.LOG_IN, 200), (ErpStep.CREATE, 201)]


async def test_money_that_is_a_number_is_refused(sandbox: SandboxHarness) -> None:
    async with httpx.AsyncClient(base_url=f"{sandbox.url}/books/main", verify=False) as http:
        token = (await http.post("/token", json={"client_secret": "sandbox-secret"})).json()["access_token"]
        written = {"tax_amount": 0.1, "lines": [{"text": "", "amount": 1}], "surprise": True}
        answer = await http.post("/receivables", json=written, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 422
    codes = {error["field"]: error["code"] for error in answer.json()["errors"]}
    assert codes["tax_amount"] == codes["lines.0.amount"] == "wrong_type"
    assert codes["surprise"] == "unknown_field"
    assert codes["customer_id"] == "missing_field"


async def test_a_reset_forgets_every_book_but_the_first() -> None:
    with ErpServer(books=("one",)).in_thread() as url:
        async with ErpControl(url) as control:
            await control.set_up("two", unique_reference=True)
            await control.reset()
            assert await control.documents("one") == []
            with pytest.raises(httpx.HTTPStatusError):
                await control.documents("two")


async def test_the_sandbox_starts_from_the_command_line_and_stops() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.sandbox.erp", "--book", "ironside", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    async with ErpControl(url) as control:
        await control.order("ironside", Fault(kind=FaultKind.SILENCE_BEFORE))
        assert await control.documents("ironside") == []
    process.send_signal(signal.SIGTERM)
    assert await process.wait() in {0, -signal.SIGTERM}


REFUSED_CONTENT = [
    ({"customer": "nobody"}, Refusal.MISSING_MAPPING, "customer_id"),
    ({"job": "nowhere"}, Refusal.MISSING_MAPPING, "job_id"),
    ({"currency": "EUR"}, Refusal.CURRENCY, "currency"),
    ({"number": "N" * 22}, Refusal.TOO_LONG, "invoice_number"),
    ({"description": "é" * 4001}, Refusal.TOO_LONG, "memo"),
    ({"tax": Decimal("0.005")}, Refusal.UNSUPPORTED, "tax_amount"),
    ({"lines": ()}, Refusal.UNSUPPORTED, "lines"),
]


@pytest.mark.parametrize(("changes", "refusal", "field"), REFUSED_CONTENT)
async def test_content_that_the_erp_refuses_names_its_field(
    sandbox: SandboxHarness, changes: dict[str, Any], refusal: Refusal, field: str
) -> None:
    outcome = await sent(sandbox.adapter(), a_document(**changes))

    assert isinstance(outcome, Refused)
    assert (outcome.refusal, outcome.field) == (refusal, field)
    assert await sandbox.documents() == []


async def test_a_book_that_does_not_exist_is_no_refusal(sandbox: SandboxHarness, document: Document) -> None:
    adapter = sandbox.adapter(book="elsewhere")

    assert isinstance(await adapter.perform(Step.CREATE, document, None), Unavailable)
    assert isinstance(await adapter.find(document.reference), Unavailable)
