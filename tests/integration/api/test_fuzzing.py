"""Whatever a script sends, the API answers as its description says, over a real database and a real socket."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.support.full_house import a_full_house
from tests.support.people import a_token, an_account, served
from tests.support.scripts import API, EVERY_ROLE

EXAMPLES = os.environ.get("API_FUZZ_EXAMPLES")  # of each route, and each time others: as long as one likes
USUAL = ("--max-examples=5", "--generation-deterministic")
SETTINGS = Path(__file__).resolve().with_name("fuzzing.toml")
# That what the description allows is accepted cannot be: a record that changed meanwhile, a bad cell in a file, ...
# Of a path with several methods Starlette tells those of the first route only.
LEFT_OUT = "positive_data_acceptance,allow_header_conformance"


@pytest.mark.timeout(0 if EXAMPLES else 300)
async def test_every_answer_is_as_it_is_described(database_url, owner_engine, worker_engine, tmp_path):
    await a_full_house(owner_engine, worker_engine)
    await an_account(owner_engine)
    token = await a_token(owner_engine, EVERY_ROLE)
    async with served(database_url) as address:
        told, code = await schemathesis(
            tmp_path,
            f"--header=Authorization: Bearer {token}",
            *("--include-path-regex=^/api/v1", f"--exclude-checks={LEFT_OUT}"),
            *("--phases=examples,coverage,fuzzing", "--continue-on-failure"),
            *((f"--max-examples={EXAMPLES}",) if EXAMPLES else USUAL),
            f"{address}{API}/openapi.json",
        )
    assert code == 0, told


async def schemathesis(folder: Path, *words: str) -> tuple[str, int | None]:
    """What it says, and its exit code. What it keeps goes into the folder."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--no-color", f"--config-file={SETTINGS}", "run"),
        *words,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await running.communicate()
    return told.decode(errors="replace"), running.returncode
