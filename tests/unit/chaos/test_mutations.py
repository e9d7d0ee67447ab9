"""Each law is broken on purpose by one mutation of the product, whose words are still there."""

from pathlib import Path

import pytest

from tests.chaos.__main__ import TAMPERED
from tests.chaos.checker.laws import LAWS
from tests.chaos.mutations import MUTATIONS, ROOT, Mutation


def test_every_law_has_its_mutation() -> None:
    assert {mutation.law for mutation in MUTATIONS} == {*LAWS, TAMPERED}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.law)
def test_a_mutation_changes_one_place(mutation: Mutation, tmp_path: Path) -> None:
    before = (ROOT / mutation.file).read_text(encoding="utf-8")
    after = (mutation.applied(tmp_path / "product") / mutation.file).read_text(encoding="utf-8")
    assert after == before.replace(mutation.old, mutation.new, 1) != before
    compile(after, mutation.file, "exec")
