"""Each sandbox starts by the command that docs/sandboxes.md gives, takes an order for a fault, and ends in order."""

import sys
from pathlib import Path

import httpx
import pytest

from deploy.sandbox.local.processes import BackgroundProcess, free_port, last_lines
from deploy.sandbox.local.ready import http_answers
from tests.architecture.test_sandbox_documents import STARTS
from tests.support.tryton import FIRST_START_SECONDS

BOOKS = {
    "erp": "harbor",
    "odoo": "main",
    "erpnext": "site",
    "quickbooks_online": "4620816365000000000",
    "tryton": "erp",
}
READY = {"procore": "/healthz", "identity": "/.well-known/openid-configuration"}


@pytest.mark.timeout(FIRST_START_SECONDS + 60)
@pytest.mark.parametrize("module", [module for module, *_ in STARTS])
def test_a_sandbox_starts_as_the_document_says(module: str, tmp_path: Path) -> None:
    [words] = [words.split() for name, _, words, _ in STARTS if name == module]
    port = free_port()
    process = BackgroundProcess(
        [sys.executable, "-m", f"deploy.sandbox.{module}", "--port", str(port), *words], log=tmp_path / "log"
    )
    url = f"http://127.0.0.1:{port}"
    path = READY.get(module) or f"/sandbox/books/{BOOKS[module]}/requests"
    process.start()
    try:
        process.wait_until(lambda: http_answers(f"{url}{path}"), seconds=FIRST_START_SECONDS)
        assert url in last_lines(process.log)
        if module in BOOKS:
            order = {"kind": "status_before", "status": 503}
            ordered = httpx.post(f"{url}/sandbox/books/{BOOKS[module]}/faults", json=order, trust_env=False)
            assert ordered.json() == {"standing": 1}
    finally:
        process.stop()
