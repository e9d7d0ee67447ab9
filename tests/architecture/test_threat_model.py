"""docs/threat-model.md is not stale: each of its rows names tests, and each test that it names is there."""

import ast
import re
from collections import Counter
from functools import cache

import pytest

from tests.architecture.documents import ROOT

TEXT = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (?!Threat|---|\*\*)(.+?) \| (.+?) \| (.+?) \|$", TEXT, flags=re.MULTILINE)
MOST_LINES = 60


@cache
def known_tests() -> Counter[str]:
    """The name of every test."""
    files = (path for path in (ROOT / "tests").rglob("test_*.py"))
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in files)
    return Counter(
        node.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


@pytest.mark.parametrize(("threat", "proofs"), [(row[0], row[2]) for row in ROWS], ids=[row[0] for row in ROWS])
def test_every_threat_names_tests_that_exist(threat: str, proofs: str) -> None:
    named = re.findall(r"`(test_\w+)`", proofs)
    known = known_tests()
    assert named, threat
    assert [name for name in named if known[name] == 0] == []


def test_the_threat_model_fits_on_a_page() -> None:
    assert len(ROWS) >= 20
    assert len(TEXT.splitlines()) <= MOST_LINES
