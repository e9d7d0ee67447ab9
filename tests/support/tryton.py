"""Fixtures: real Trytons with ordered faults before them, one of each kind per process."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from deploy.sandbox.local.parts import Part
from deploy.sandbox.tryton import start
from deploy.sandbox.tryton.faults import FaultyTryton, faults_before
from deploy.sandbox.tryton.workshop import LONG_TERM, NEWEST

# Making a clean database takes a minute or two, once on each machine; whoever comes second waits for the first.
FIRST_START_SECONDS = 900
EVERY_ERP = "INVOICE_EXPORT_EVERY_ERP"
PARTIES = {"C-100": "Harborview Development LLC", "C-200": "City of Harborview"}

USUAL = ("tryton",)
FURTHER = tuple(
    f"tryton{database}{module}{series}"
    for series in ("", "_lts")
    for database in ("", "_postgres")
    for module in ("", "_module")
    if database or module or series
)
Trytons = Callable[[str], FaultyTryton]


def tryton_kinds() -> tuple[str, ...]:
    """The newest series on SQLite; with INVOICE_EXPORT_EVERY_ERP set (`make test-erps`) all that there are."""
    return (*USUAL, *FURTHER) if os.environ.get(EVERY_ERP) else USUAL


@pytest.fixture(scope="session")
def trytons(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Trytons]:
    """A running one by its kind: `tryton`, with `_postgres`, `_module` and `_lts` after it as wanted."""
    running: dict[str, FaultyTryton] = {}
    with ExitStack() as stack:

        def of_kind(kind: str) -> FaultyTryton:
            if kind not in running:
                postgres: Part | None = request.getfixturevalue("postgres_server") if "_postgres" in kind else None
                tryton = start(
                    tmp_path_factory.mktemp(kind),
                    module="_module" in kind,
                    parties=PARTIES,
                    series=LONG_TERM if "_lts" in kind else NEWEST,
                    postgres=postgres.address if postgres else None,
                )
                stack.callback(tryton.stop)  # its database goes with its folder, or with the server, which ends first
                running[kind] = stack.enter_context(faults_before(tryton))
            return running[kind]

        yield of_kind
