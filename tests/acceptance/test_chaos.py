"""The short run of `make chaos`: real processes, what goes wrong, and a checker that knows nothing of the product."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.real_kafka, pytest.mark.timeout(900)]

SEED = "1"


def test_every_law_holds_through_two_minutes_of_faults(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.chaos", "--short", "--seed", SEED, "--folder", str(tmp_path)]
    played = subprocess.run(command, capture_output=True, text=True, check=False)
    assert played.returncode == 0, played.stdout[-6000:] + played.stderr[-3000:]
    verdict = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["approvals"] >= 180
    assert sum(verdict["faults"].values()) >= 12
    assert verdict["statuses"]["exported"] > 100
    assert set(verdict["receivables"]) == {"rigid", "replaying", "loose", "timber"}
    assert "Every law held" in (tmp_path / "verdict.html").read_text(encoding="utf-8")
