"""What is installed is what was locked: each library by version and hash, from no place by name."""

import re

import pytest

from tests.architecture.documents import ROOT

LOCKS = [ROOT / "requirements.lock", *sorted((ROOT / "deploy").rglob("*.lock"))]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_library_is_locked_by_hash(lock) -> None:
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert lines
    for line in lines:
        assert re.match(r"^[A-Za-z0-9._\[\],-]+==\S+( ;.*?)?( +--hash=sha256:[0-9a-f]{64})+\s*$", line), line
    assert "://" not in text


def test_what_make_installs_is_checked_by_hash() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in makefile.splitlines():
        if "install" in line and "-r " in line:
            assert "--require-hashes" in line, line


def test_the_image_installs_what_was_locked() -> None:
    """uv takes hashes from constraints, and refuses what has another."""
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    for line in dockerfile.splitlines():
        if line.startswith("RUN uv pip install"):
            assert "-c requirements.lock" in line or "--no-deps" in line, line
            assert "--no-verify-hashes" not in line
