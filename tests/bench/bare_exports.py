"""python -m tests.bench.bare_exports PLAN: what the worker is measured beside.

The same HTTP calls for each owner invoice, through the same library, with as many commits between them and as many
exports at once; nothing is decided, checked or kept in order. Prints one line of JSON.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import uvloop

COMMIT = "INSERT INTO bench_commits (body) VALUES ($1)"
POOL = 20  # the worker's
CALLS = 8


@dataclass(frozen=True)
class BareExport:
    """One owner invoice in Procore, and what is to stand in the ERP's book."""

    company: int
    project: int
    invoice: int
    book: str
    receivable: Mapping[str, Any]
    attachment: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """`commits`: how many there are for each export. The addresses and log-ins are those of the environment."""

    exports: tuple[BareExport, ...]
    at_once: int
    commits: int


@dataclass(frozen=True)
class Bare:
    """`each` holds the seconds that every export took."""

    seconds: float
    cpu: float
    each: tuple[float, ...]


def written(plan: Plan, path: Path) -> Path:
    path.write_text(json.dumps(asdict(plan)), encoding="utf-8")
    return path


def read(path: Path) -> Plan:
    told = json.loads(path.read_text(encoding="utf-8"))
    return Plan(tuple(BareExport(**one) for one in told["exports"]), told["at_once"], told["commits"])


class Script:
    """Everything that the exports share."""

    def __init__(self, plan: Plan, procore: httpx.AsyncClient, erp: httpx.AsyncClient, pool: asyncpg.Pool) -> None:
        self.plan = plan
        self.procore = procore
        self.erp = erp
        self.pool = pool
        self.access: dict[str, dict[str, str]] = {}

    async def run(self) -> Bare:
        await self._log_in()
        free = asyncio.Semaphore(self.plan.at_once)
        began, spent = time.perf_counter(), time.process_time()
        each = await asyncio.gather(*(self._one(export, free) for export in self.plan.exports))
        return Bare(time.perf_counter() - began, time.process_time() - spent, tuple(each))

    async def _log_in(self) -> None:
        environment = os.environ
        who = {"client_id": environment["PROCORE_CLIENT_ID"], "client_secret": environment["PROCORE_CLIENT_SECRET"]}
        form = {"grant_type": "client_credentials"} | who
        said = await self.procore.post(environment["PROCORE_LOGIN_URL"] + "/oauth/token", data=form)
        self.procore.headers["Authorization"] = f"Bearer {said.raise_for_status().json()['access_token']}"
        secret = {"client_secret": environment["ERP_SANDBOX_SECRET"]}
        for book in sorted({export.book for export in self.plan.exports}):
            said = await self.erp.post(f"/books/{book}/token", json=secret)
            self.access[book] = {"Authorization": f"Bearer {said.raise_for_status().json()['access_token']}"}

    async def _one(self, export: BareExport, free: asyncio.Semaphore) -> float:
        async with free:
            began = time.perf_counter()
            await self._calls(export, iter(shares(self.plan.commits, CALLS)))
            return time.perf_counter() - began

    async def _calls(self, export: BareExport, commits: Iterator[int]) -> None:
        """The worker's, in its order; some of the commits follow each."""

        async def call(method: str, path: str, **more: Any) -> Any:
            said = await self.erp.request(method, receivables + path, headers=self.access[export.book], **more)
            await self._commit(next(commits), body)
            return said.raise_for_status().json()

        receivables, body = f"/books/{export.book}/receivables", export.receivable
        company = {"Procore-Company-Id": str(export.company)}
        invoice = f"/rest/v1.0/payment_applications/{export.invoice}"
        looked = await self.procore.get(invoice, params={"project_id": export.project}, headers=company)
        looked.raise_for_status().json()
        await self._commit(next(commits), body)
        await call("GET", "", params={"external_reference": body["external_reference"]})
        made = "/" + (await call("POST", "", json=body))["id"]
        await call("GET", made)
        await call("POST", f"{made}/post", json={"acknowledge": []})
        await call("GET", made)
        await call("GET", made)
        await call("POST", f"{made}/attachments", json=export.attachment)

    async def _commit(self, times: int, body: Mapping[str, Any]) -> None:
        for _ in range(times):
            await self.pool.execute(COMMIT, json.dumps(body))


def shares(total: int, parts: int) -> list[int]:
    """`total` in whole numbers, as even as they come."""
    return [(part + 1) * total // parts - part * total // parts for part in range(parts)]


async def main(path: Path) -> Bare:
    plan, environment = read(path), os.environ
    async with AsyncExitStack() as closing:
        pool = await closing.enter_async_context(asyncpg.create_pool(environment["DATABASE_URL"], max_size=POOL))
        await pool.execute("CREATE TABLE IF NOT EXISTS bench_commits (id bigserial PRIMARY KEY, body jsonb)")
        procore, erp = [
            await closing.enter_async_context(httpx.AsyncClient(base_url=url, timeout=60, trust_env=False))
            for url in (environment["PROCORE_API_URL"], environment["ERP_URL"])
        ]
        return await Script(plan, procore, erp, pool).run()


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(main(Path(sys.argv[1]))))))
