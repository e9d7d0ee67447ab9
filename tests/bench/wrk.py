"""wrk, the load generator: many connections of one process, each sending its next webhook when the last is answered."""

import asyncio
import json
import shutil
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.bench.findings import MissingError

SCRIPT = Path(__file__).with_name("webhooks.lua")
# Far more than one run sends, so that no two runs of a process share an id.
IDS_A_RUN = 100_000_000
OWNER_INVOICES = "Payment Applications"
_runs = count(1)


@dataclass(frozen=True)
class Load:
    """One run: `answered` with 2xx or 3xx, `refused` with another status, `broken` without an answer.

    The latencies are in milliseconds, and those of a closed loop: whoever waits does not send.
    """

    answered: int
    refused: int
    broken: int
    seconds: float
    p50: float
    p99: float

    @property
    def per_second(self) -> float:
        return self.answered / self.seconds


def wrk() -> str:
    """Where it is. Raises MissingError."""
    found = shutil.which("wrk")
    if found is None:
        raise MissingError("needs wrk to make the load: `apt-get install wrk`, `dnf install wrk`, `brew install wrk`")
    return found


async def load(
    url: str, *, authorization: str, connections: int, seconds: float, resource: str = OWNER_INVOICES
) -> Load:
    """Webhooks about `resource` without a pause for so long. Raises RuntimeError with what wrk said when it fails."""
    begin = next(_runs) * IDS_A_RUN
    options = ["-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "10s", "-s", str(SCRIPT)]
    process = await asyncio.create_subprocess_exec(
        wrk(), *options, url, "--", authorization, str(begin), resource,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"wrk: {said.decode()[-500:]}")
    return read(said.decode())


def read(said: str) -> Load:
    """What the script printed on its last line."""
    told = json.loads(said.strip().splitlines()[-1])
    return Load(
        answered=told["requests"] - told["not_ok"],
        refused=told["not_ok"],
        broken=told["broken"],
        seconds=told["microseconds"] / 1e6,
        p50=told["p50"] / 1000,
        p99=told["p99"] / 1000,
    )
