"""What `make test` leaves out, another verb runs."""

import re
from pathlib import Path

import pytest

from tests.architecture.documents import ROOT
from tests.support.stack import EVERY_BROKER
from tests.support.tryton import EVERY_ERP, tryton_kinds

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
SUPPORT = ROOT / "tests" / "support"
HERE = Path(__file__).parent
# Whatever asks for one of these asks whether it is to run.
GATES = ("EVERY_ERP", "EVERY_BROKER", tryton_kinds.__name__)
GATED = [
    path
    for path in sorted((ROOT / "tests").rglob("*.py"))
    if not path.is_relative_to(SUPPORT) and not path.is_relative_to(HERE)
    if any(gate in path.read_text(encoding="utf-8") for gate in GATES)
]


def recipe(verb: str) -> list[str]:
    """The words of its commands."""
    found = re.search(rf"^{verb}:.*\n((?:\t.*\n)+)", MAKEFILE, flags=re.MULTILINE)
    assert found
    return found[1].split()


@pytest.mark.parametrize("path", GATED, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_left_out_is_named_in_test_erps(path: Path) -> None:
    named = [ROOT / word for word in recipe("test-erps") if word.startswith("tests/")]
    assert any(path.is_relative_to(one) for one in named)


def test_test_erps_opens_every_gate() -> None:
    assert len(GATED) >= 4
    assert {f"{EVERY_ERP}=1", f"{EVERY_BROKER}=1"} <= set(recipe("test-erps"))
