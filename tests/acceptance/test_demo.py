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
from tests.support.stack import EVERY_BROKER

CLI = str(Path(sys.executable).with_name("invoice-export"))
GIVEN = ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS")  # other tests' houses: the demo builds its own
SECONDS = 900  # the first time on a machine it installs Tryton
MOST_SECONDS = 840  # generous: ten minutes were seen on a machine with seven times the work it can do


def play(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The demo's whole run, in a folder of its own."""
    environment = {name: value for name, value in os.environ.items() if name not in GIVEN} | variables
    return subprocess.run(
        [CLI, "demo", "--once"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def summary_of(played: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The last line of its output."""
    told: dict[str, Any] = json.loads(played.stdout.splitlines()[-1])
    return told


def assert_all_arrived(played: subprocess.CompletedProcess[str]) -> None:
    summary = summary_of(played)
    assert summary["differences"] == []
    assert played.returncode == 0, played.stdout[-4000:] + played.stderr[-4000:]
    assert (summary["projects"], summary["invoices"]) == (29, 72)
    assert summary["statuses"]["exported"] >= 40
    assert summary["seconds"] < MOST_SECONDS


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    return play(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def summary(played: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return summary_of(played)


@pytest.mark.timeout(SECONDS + 30)
@pytest.mark.xdist_group("demo")
def test_every_invoice_of_the_demo_arrives(played: subprocess.CompletedProcess[str]) -> None:
    assert_all_arrived(played)


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


@pytest.mark.timeout(SECONDS + 30)
@pytest.mark.skipif(EVERY_BROKER not in os.environ, reason="make test-erps plays it: it is another whole month-end")
def test_the_demo_arrives_on_the_fallback_broker_too(tmp_path: Path) -> None:
    played = play(tmp_path, INVOICE_EXPORT_BROKER="fallback")
    assert "the fallback broker runs (was asked for)" in played.stdout
    assert_all_arrived(played)
