"""The import contracts hold: one wrong import for each is seen. A typo in a contract would let everything pass."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.documents import ROOT

LINT = Path(sys.executable).with_name("lint-imports")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
ERPS = ROOT / "services" / "export_worker" / "erp"
CHAOS = ROOT / "tests" / "chaos"
CHECKER = [*sorted((CHAOS / "checker").glob("*.py")), CHAOS / "gathering.py", CHAOS / "tampering.py"]
# By the beginning of the contract's name: who must not import what.
WRONG = {
    "Services stand above shared": ("shared.health", "services.webhook_receiver.tokens"),
    "Nothing that runs in production": ("services.webhook_receiver.body", "deploy.migrate"),
    "Inside the worker": ("services.export_worker.erp.http", "services.export_worker.pipeline.house"),
    "No ERP knows another": ("services.export_worker.erp.odoo.adapter", "services.export_worker.erp.tryton.adapter"),
    "Inside the pipeline": ("services.export_worker.pipeline.summary", "services.export_worker.pipeline.corridor"),
    "Inside the dashboard": ("services.ledger_dashboard.people.ways", "services.ledger_dashboard.watch"),
    "What decides": ("services.export_worker.core.arithmetic", "structlog"),
    "Only arrivals and the writer": ("services.export_worker.sealing", "services.export_worker.appending"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is said about a copy of ours with all the wrong imports."""
    copy = tmp_path_factory.mktemp("imports")
    for top in ("services", "shared", "deploy"):
        shutil.copytree(ROOT / top, copy / top, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for importer, imported in WRONG.values():
        with copy.joinpath(*importer.split(".")).with_suffix(".py").open("a", encoding="utf-8") as file:
            file.write(f"\nimport {imported}\n")
    linted = subprocess.run(
        [LINT, "--no-cache"],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy), "COLUMNS": "1000"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 1, linted.stdout + linted.stderr
    return linted.stdout


@pytest.mark.parametrize("name", [contract["name"] for contract in CONTRACTS])
def test_a_wrong_import_breaks_its_contract(told: str, name: str) -> None:
    [(importer, imported)] = [wrong for begins, wrong in WRONG.items() if name.startswith(begins)]
    [section] = re.findall(rf"^{re.escape(name)}\n-+\n(.*?)(?=^-+$|\Z)", told, flags=re.MULTILINE | re.DOTALL)
    assert f"{importer} -> {imported} (l." in section, told


def test_no_part_of_an_erp_knows_another_erp() -> None:
    kinds = sorted(path.name for path in ERPS.iterdir() if (path / "adapter.py").exists())
    assert len(kinds) > 4
    for kind in kinds:
        others = "|".join(other for other in kinds if other != kind)
        for path in (ERPS / kind).rglob("*.py"):
            assert not re.search(rf"services\.export_worker\.erp\.({others})\b", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("path", CHECKER, ids=lambda path: path.name)
def test_who_judges_the_product_imports_nothing_of_it(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    froms = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    plain = [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    assert {name.partition(".")[0] for name in (*froms, *plain)}.isdisjoint({"services", "shared"})


@pytest.mark.parametrize(
    "path", sorted((ROOT / "services" / "export_worker").rglob("*.py")), ids=lambda path: path.stem
)
def test_the_worker_has_one_place_that_asks_for_the_time(path: Path) -> None:
    """The machine's own clock may be wrong; see timekeeping."""
    asks = re.search(r"\bdatetime\.(now|utcnow|today)\(|\btime\.time\(", path.read_text(encoding="utf-8"))
    assert bool(asks) == (path.stem == "timekeeping")
