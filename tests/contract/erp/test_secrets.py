"""What an ERP repeats of our secrets and log-ins stands in no text of the adapter's."""

import base64
import re
from urllib.parse import quote

import pytest

from deploy.sandbox.faulty.effects import LOG_IN_REPEATED
from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import AuthExpired, LookUpFailure, NeedsDecision, Refused
from services.export_worker.erp.adapter import ErpAdapter
from services.export_worker.erp.mask import MASK
from tests.contract.erp.documents import done, found, must_have
from tests.contract.erp.harness import SEND, Harness

FORMS = {
    "as it is": str,
    "in an address": lambda secret: quote(secret, safe=""),
    "as Basic": lambda secret: base64.b64encode(f"export:{secret}".encode()).decode(),
}


def shown_in(text: str, erp: Harness) -> list[str]:
    """The secrets that can be read there."""
    return [secret for secret in erp.secrets.values() if any(form(secret) in text for form in FORMS.values())]


def must_have_secrets(erp: Harness) -> None:
    """Skip where there are none."""
    if not erp.secrets:
        erp.cannot("be told a secret")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("step", SEND)
async def test_a_refusal_that_repeats_a_secret_is_masked(
    erp: Harness, adapter: ErpAdapter, document: Document, step: Step, form: str
) -> None:
    must_have(adapter, step)
    must_have_secrets(erp)
    ref = await done(adapter, Step.CREATE, document) if step is Step.FINISH else None
    told = ", ".join(f"({FORMS[form](secret)})" for secret in erp.secrets.values())
    await erp.refuse_saying(f"Nobody comes in with {told}.", step)

    outcome = await adapter.perform(step, document, ref)

    assert isinstance(outcome, Refused | NeedsDecision), outcome
    assert "Nobody comes in" in outcome.text
    assert outcome.text.count(MASK) == len(erp.secrets)
    assert shown_in(repr(outcome), erp) == []


async def test_a_look_up_that_repeats_a_secret_is_masked(erp: Harness, adapter: ErpAdapter, document: Document) -> None:
    must_have_secrets(erp)
    await erp.refuse_saying(f"Nobody comes in with {', '.join(erp.secrets.values())}.", None)

    answer = await adapter.find(document.reference)

    assert isinstance(answer, LookUpFailure)
    assert "Nobody comes in" in answer.text
    assert MASK in answer.text
    assert shown_in(repr(answer), erp) == []


async def test_a_log_in_that_is_repeated_is_masked(erp: Harness, adapter: ErpAdapter, document: Document) -> None:
    must_have_secrets(erp)
    await found(adapter, document)
    await erp.refuse_saying(f"No rights with ({LOG_IN_REPEATED}).", Step.CREATE)

    outcome = await adapter.perform(Step.CREATE, document, None)

    assert isinstance(outcome, Refused), outcome
    if "()" in outcome.text:
        pytest.skip(f"{erp.name} has no log-in in a header")
    assert re.search(rf"\(\w+ {re.escape(MASK)}\)", outcome.text), outcome.text


async def test_checks_show_no_secret(erp: Harness) -> None:
    checks = [*await erp.adapter().check(), *await erp.stranger().check()]

    assert checks
    assert shown_in(repr(checks), erp) == []
    assert isinstance(await erp.stranger().find("a:b:1:0"), AuthExpired)
