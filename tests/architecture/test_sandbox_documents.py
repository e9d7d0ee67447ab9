"""docs/sandboxes.md says how the sandboxes are started, reached and told to misbehave: all of it holds."""

import re
import shlex
import tomllib
from collections.abc import Callable
from itertools import pairwise
from typing import Any, get_args
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from deploy.sandbox.erp.app import create_app as create_erp
from deploy.sandbox.erpnext.app import create_app as create_erpnext
from deploy.sandbox.faulty.orders import ErpStep, Fault, FaultKind
from deploy.sandbox.faulty.proxy import create_proxy
from deploy.sandbox.local.services import SERVICES
from deploy.sandbox.odoo.app import create_app as create_odoo
from deploy.sandbox.procore.app import create_app as create_procore
from deploy.sandbox.procore.sandbox import Options
from deploy.sandbox.procore.webhook_faults import Kind
from deploy.sandbox.quickbooks_online.app import create_app as create_quickbooks
from deploy.sandbox.tryton.vendor import TrytonVendor
from services.export_worker.erp.catalog import ADAPTERS
from shared.connections.catalog import load_catalog
from tests.architecture.documents import ROOT

TEXT = (ROOT / "docs" / "sandboxes.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)
STARTS = re.findall(
    r"^\| .+? \| `python -m deploy\.sandbox\.(\w+) --port (\d+)([^`]*)` \| (\d+) \|", TEXT, flags=re.MULTILINE
)
CURLS = [
    shlex.split(line)
    for line in re.findall(r"(?:^|`)(curl [^`\n]+)", re.sub(r"\\\n\s+", "", TEXT), flags=re.MULTILINE)
    if "http://" in line
]
APPS: dict[int, Callable[[], Starlette]] = {
    8060: lambda: create_erp(("harbor",)),
    8061: create_odoo,
    8062: create_erpnext,
    8063: create_quickbooks,
    8064: lambda: create_proxy("http://127.0.0.1:1", TrytonVendor()),
    8070: lambda: create_procore(Options()),
}
NO_SERVER = 409  # an application by itself has no door to close


def test_every_sandbox_is_told_of_with_its_port() -> None:
    places = {path.parent.name for path in (ROOT / "deploy" / "sandbox").glob("*/__main__.py")}
    assert {module for module, *_ in STARTS} == places
    assert all(given == told for _, given, _, told in STARTS)
    usual = {service.name.removesuffix("-sandbox"): service.port for service in SERVICES}
    assert {module: int(port) for module, port, *_ in STARTS if module in usual} == {
        name: usual[name] for name in ("procore", "erp")
    }


def test_every_erp_has_an_example_that_is_accepted(tmp_path) -> None:
    file = tmp_path / "connections.toml"
    file.write_text("\n".join(EXAMPLES), encoding="utf-8")
    catalog = load_catalog(file, adapters=ADAPTERS)
    assert {one.adapter for one in catalog.connections} == set(ADAPTERS) - {"sage_file"}
    ports = {int(port) for _, port, *_ in STARTS}
    for connection in catalog.connections:
        about = ADAPTERS[connection.adapter].about
        about.settings.model_validate(connection.settings)
        assert {name for name, field in about.secrets.model_fields.items() if field.is_required()} <= set(
            connection.secrets
        )
        assert urlsplit(connection.settings["url"]).port in ports


@pytest.mark.parametrize("call", CURLS, ids=" ".join)
async def test_every_request_of_the_document_is_taken(call: list[str]) -> None:
    [url] = [word for word in call if word.startswith("http://")]
    options = dict(pairwise(call))
    body, where = options.get("-d"), urlsplit(url)
    assert where.port
    through = httpx.ASGITransport(APPS[where.port]())
    async with httpx.AsyncClient(transport=through, headers={"Content-Type": "application/json"}) as client:
        answer = await client.request(options.get("-X", "POST" if body else "GET"), url, content=body)
    assert answer.is_success or (where.path == "/sandbox/closings" and answer.status_code == NO_SERVER), answer.text


def test_enough_requests_were_found() -> None:
    assert len(CURLS) > 10


def test_every_fault_is_told_of() -> None:
    section = TEXT.partition("## Order a fault")[2].partition("## Order trouble")[0]
    words = set(re.findall(r"`(\w+)`", section))
    assert set(FaultKind) | set(ErpStep) | set(Fault.model_fields) <= words
    assert set(get_args(Kind)) <= set(re.findall(r"`(\w+)`", TEXT.partition("## Order trouble")[2]))


def test_the_examples_are_toml() -> None:
    tables: list[dict[str, Any]] = [tomllib.loads(example) for example in EXAMPLES]
    assert all(len(table["connection"]) == 1 for table in tables)
