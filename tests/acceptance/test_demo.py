"""`make demo ARGS=--once`, as a newcomer runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.sandbox.demo.scenario import UNMET
from shared.ledger.words import Reason

CLI = str(Path(sys.executable).with_name("invoice-export"))
GIVEN = ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS")  # other tests' houses: the demo builds its own
SECONDS = 900  # the first time on a machine it installs Tryton


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """The demo's whole run, in a folder of its own."""
    environment = {name: value for name, value in os.environ.items() if name not in GIVEN}
    return subprocess.run(
        [CLI, "demo", "--once"],
        cwd=tmp_path_factory.mktemp("demo"),
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture
def summary(played: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The last line of its output."""
    told: dict[str, Any] = json.loads(played.stdout.splitlines()[-1])
    return told


@pytest.mark.timeout(SECONDS + 30)
@pytest.mark.xdist_group("demo")
def test_every_invoice_of_the_demo_arrives(played: subprocess.CompletedProcess[str], summary: dict[str, Any]) -> None:
    assert summary["differences"] == []
    assert played.returncode == 0, played.stdout[-4000:] + played.stderr[-4000:]
    assert (summary["projects"], summary["invoices"]) == (29, 72)
    assert summary["statuses"]["exported"] >= 40


@pytest.mark.timeout(SECONDS + 30)
@pytest.mark.xdist_group("demo")
def test_the_demo_meets_every_reason_it_can(summary: dict[str, Any]) -> None:
    assert set(Reason) - set(summary["proof"]["reasons_met"]) == set(UNMET)


@pytest.mark.timeout(SECONDS + 30)
@pytest.mark.xdist_group("demo")
def test_the_demo_proves_its_ledger_and_receivables(
    played: subprocess.CompletedProcess[str], summary: dict[str, Any]
) -> None:
    proof = summary["proof"]
    assert proof["ledger_is_clean"]
    assert proof["exported"] == summary["statuses"]["exported"]
    told = [line for line in played.stdout.splitlines() if " s  exported " in line]
    assert len(told) >= proof["exported"]
