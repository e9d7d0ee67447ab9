"""One running ERP for each kind, one empty book of it for each test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from deploy.sandbox.erp.server import ErpServer
from deploy.sandbox.erpnext.server import ErpNextServer
from deploy.sandbox.odoo.server import OdooServer
from deploy.sandbox.quickbooks_online.server import QuickBooksServer
from services.export_worker.core.document import Document
from services.export_worker.erp.adapter import ErpAdapter
from tests.contract.erp.documents import a_document
from tests.contract.erp.erpnext_harness import ErpNextHarness
from tests.contract.erp.harness import Harness
from tests.contract.erp.odoo_harness import Json2Harness, JsonRpcHarness
from tests.contract.erp.quickbooks_harness import QuickBooksHarness
from tests.contract.erp.sage_harness import SageHarness
from tests.contract.erp.sandbox_harness import SandboxHarness
from tests.contract.erp.tryton_harness import TrytonHarness, TrytonModuleHarness
from tests.support.tryton import FIRST_START_SECONDS, tryton_kinds


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    with ErpServer().in_thread() as url:
        yield url


@pytest.fixture(scope="session")
def quickbooks_url() -> Iterator[str]:
    with QuickBooksServer().in_thread() as url:
        yield url


@pytest.fixture(scope="session")
def odoo_url() -> Iterator[str]:
    with OdooServer().in_thread() as url:
        yield url


@pytest.fixture(scope="session")
def erpnext_url() -> Iterator[str]:
    with ErpNextServer().in_thread() as url:
        yield url


KINDS = ["sandbox", "quickbooks_online", "odoo_jsonrpc", "odoo_json2", "erpnext", "sage_file"]
TRYTONS = [pytest.param(kind, marks=pytest.mark.timeout(FIRST_START_SECONDS)) for kind in tryton_kinds()]


@pytest.fixture(params=[*KINDS, *TRYTONS])
async def erp(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    """Add a kind of ERP by its name in params and one branch here."""
    harness: Harness
    if request.param == "quickbooks_online":
        harness = await QuickBooksHarness.open(request.getfixturevalue("quickbooks_url"))
    elif request.param == "erpnext":
        harness = await ErpNextHarness.open(request.getfixturevalue("erpnext_url"))
    elif request.param == "sage_file":
        harness = await SageHarness.open(request.getfixturevalue("tmp_path"))
    elif request.param.startswith("odoo"):
        kind = JsonRpcHarness if request.param == "odoo_jsonrpc" else Json2Harness
        harness = await kind.open(request.getfixturevalue("odoo_url"))
    elif request.param.startswith("tryton"):
        tryton = TrytonModuleHarness if "_module" in request.param else TrytonHarness
        harness = await tryton.open(request.getfixturevalue("trytons")(request.param))
    else:
        harness = await SandboxHarness.open(request.getfixturevalue("sandbox_url"))
    yield harness
    await harness.close()


@pytest.fixture
def adapter(erp: Harness) -> ErpAdapter:
    return erp.adapter()


@pytest.fixture
def document(erp: Harness) -> Document:
    return a_document(customer=erp.customer, job=erp.job)
