"""`make bench ARGS=pages`: how long the dashboard's server takes for each page, over a small and a big ledger.

Both ledgers are open at once, each behind a dashboard process of its own, and the visits take turns: what the machine
does beside hits both alike. Times are those of a whole answer over HTTP, one visitor at a time.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import asyncpg
import httpx
from rich.console import Console
from rich.table import Table

from deploy.sandbox.local.parts import Part, postgres_part
from deploy.sandbox.local.processes import BackgroundProcess, free_port
from shared.database import Role, create_engine
from tests.bench.findings import Aim, Findings, Machine, Row, terminal
from tests.bench.ledger_filling import Filled, filled_database
from tests.support.pages import AMY, NOWHERE
from tests.support.people import PASSWORD, an_account

SMALL, BIG = 10_000, 1_000_000
TRIED = (3_000, 10_000)
VISITS = 200
WARMING = 10
AIM_MILLISECONDS = 100
AIM_GROWTH = 2.0


@dataclass(frozen=True)
class Page:
    """`paths` are visited in turn: the same page of other exports, owners, connections."""

    name: str
    paths: Sequence[str]


@dataclass(frozen=True)
class Site:
    """A dashboard over one ledger, and what there is to visit."""

    filled: Filled
    client: httpx.AsyncClient
    pages: Sequence[Page]


async def main(*, is_small: bool = False) -> int:
    """Prints the table; 1 when an aim is missed."""
    console, machine, sizes = terminal(), Machine.here(), TRIED if is_small else (SMALL, BIG)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench")))
        server = postgres_part(folder / "postgres", {}, durable=False)
        stack.callback(server.remove)
        small, big = [
            await stack.enter_async_context(site(server, folder / str(size), size, console)) for size in sizes
        ]
        times = await timed(small, big)
    console.print(f"written: {findings(small, big, times, machine).write()}")
    return shown(console, small, big, times)


@asynccontextmanager
async def site(server: Part, folder: Path, exports: int, console: Console) -> AsyncIterator[Site]:
    """Filled, and with an admin signed in."""
    url, filled = await filled_database(server, exports, console)
    owner = create_engine(url, Role.OWNER, application_name="bench")
    try:
        await an_account(owner, "amy", AMY)
    finally:
        await owner.dispose()
    async with (
        dashboard(url, folder) as address,
        httpx.AsyncClient(base_url=address, timeout=60, follow_redirects=True) as client,
    ):
        form = {"login": "amy", "password": PASSWORD, "next": "/"}
        (await client.post("/sign-in", data=form, headers={"origin": address})).raise_for_status()
        yield Site(filled, client, await pages_of(url))


@asynccontextmanager
async def dashboard(database_url: str, folder: Path) -> AsyncIterator[str]:
    """A process of its own; its address."""
    port = free_port()
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(Path.cwd()),
        "DATABASE_URL": database_url,
        "KAFKA_BOOTSTRAP_SERVERS": NOWHERE,
        "COMMAND_SIGNING_KEY": "a-signing-key-of-ours",
        "SESSION_KEY": "a-session-key-of-ours",
        "PORT": str(port),
    }
    process = BackgroundProcess(
        [sys.executable, "-m", "services.ledger_dashboard"], log=folder / "dashboard.log", environment=environment
    )
    process.start()
    try:
        await asyncio.to_thread(process.wait_until, lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stop()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


async def pages_of(url: str) -> Sequence[Page]:
    """Every page, with the addresses that its visits take in turn."""
    connection = await asyncpg.connect(url)
    try:
        ids = [row[0] for row in await connection.fetch(_SOME.format("exports"), 20)]
        written = [row[0] for row in await connection.fetch("SELECT id FROM exports WHERE id < 1000 ORDER BY id")]
        invoices = [
            row[0] for row in await connection.fetch("SELECT invoice_number FROM exports WHERE id = ANY($1)", ids)
        ]
        events = [row[0] for row in await connection.fetch(_SOME.format("events"), 20)]
    finally:
        await connection.close()
    return (
        Page("overview, by hour", ["/"]),
        Page("overview, by day", ["/?span=days"]),
        Page("exports, newest first", ["/exports"]),
        *(
            Page(f"exports by {key.replace('_', ' ')}", [f"/exports?sort={key}", f"/exports?sort={key}&order=up"])
            for key in ("since", "amount", "billing_date", "invoice_number", "customer_name")
        ),
        Page("exports that are held", ["/exports?status=held"]),
        Page("exports held for one reason, oldest first", ["/exports?status=held&reason=missing_mapping&order=up"]),
        Page("exports of one company", [f"/exports?company_id={number}" for number in (4900, 4901, 4902)]),
        Page("exports of one project", [f"/exports?project_id={number}" for number in range(10, 30)]),
        Page("exports of one connection", [f"/exports?connection=erp-{number:02}" for number in range(20)]),
        Page("exports of one approver", [f"/exports?approver={number}" for number in range(160010, 160030)]),
        Page("exports above an amount", ["/exports?amount_from=999000"]),
        Page("exports since a day", ["/exports?since_from=2026-01-01&since_to=2026-12-31"]),
        Page("search: an invoice number", [f"/exports?search={number}" for number in invoices]),
        Page("search: a part of an owner's name", [f"/exports?search=ner+{number}" for number in range(100, 120)]),
        Page("search: two letters", ["/exports?search=IN", "/exports?search=Ow"]),
        Page("search: nothing found", ["/exports?search=zzz", "/exports?search=no+such+thing"]),
        Page("one export", [f"/exports/{number}" for number in (*written, *ids)]),
        Page("approvers", ["/approvers", "/approvers?search=Person+77"]),
        Page("one approver", [f"/approvers/4900/{160000 + 3 * number}" for number in range(20)]),
        Page("connections", ["/connections"]),
        Page("one connection", [f"/connections/erp-{number:02}" for number in range(20)]),
        Page("mappings", [f"/connections/erp-{number:02}/mappings" for number in range(20)]),
        Page("events", ["/events-log", "/events-log?fate=dead_lettered", "/events-log?fate=ignored"]),
        Page("one event", [f"/events-log/{number}" for number in events]),
        Page("tie-out", ["/tie-out"]),
        Page("health", ["/health"]),
        Page("words", ["/words"]),
        Page("audit", ["/audit", *(f"/audit?who=account:{number}" for number in range(10))]),
        Page("audit of one export", [f"/audit?what=export+{number}" for number in ids]),
    )


# Spread evenly, without sorting everything.
_SOME = "SELECT id FROM {} TABLESAMPLE BERNOULLI (1) WHERE id > 1000 ORDER BY random() LIMIT $1"


async def timed(small: Site, big: Site) -> Mapping[str, tuple[list[float], list[float]]]:
    """Page to milliseconds of each visit, at the small and at the big one."""
    times: dict[str, tuple[list[float], list[float]]] = {}
    for page, same in zip(small.pages, big.pages, strict=True):
        took: tuple[list[float], list[float]] = ([], [])
        turns = zip(islice(cycle(page.paths), VISITS), islice(cycle(same.paths), VISITS), strict=True)
        for visit, (here, there) in enumerate(turns):
            for where, path, kept in ((small, here, took[0]), (big, there, took[1])):
                begun = time.perf_counter()
                answer = await where.client.get(path)
                spent = (time.perf_counter() - begun) * 1000
                if answer.status_code != 200:
                    raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:300]}")
                if visit >= WARMING:
                    kept.append(spent)
        times[page.name] = took
    return times


def findings(
    small: Site, big: Site, times: Mapping[str, tuple[list[float], list[float]]], machine: Machine
) -> Findings:
    """As the other benchmarks write theirs."""
    rows = []
    for name, (few, many) in times.items():
        beside = f"of {small.filled.exports:,} exports"
        growth = Aim(AIM_GROWTH, is_ceiling=True)
        rows += [
            Row(f"{name}, median", "ms", [statistics.median(many)], beside, [statistics.median(few)], growth),
            Row(f"{name}, p95", "ms", [p95(many)], aim=Aim(AIM_MILLISECONDS, is_ceiling=True)),
        ]
    return Findings("pages", f"Pages over {big.filled.exports:,} exports", machine, rows)


def shown(console: Console, small: Site, big: Site, times: Mapping[str, tuple[list[float], list[float]]]) -> int:
    """The table, and what it says of the aims."""
    table = Table(title=f"Milliseconds to answer, {VISITS - WARMING} visits each")
    table.add_column("page")
    for each in (small, big):
        for what in ("median", "p95"):
            table.add_column(f"{what}\n{each.filled.exports:,}", justify="right")
    table.add_column("growth\nof the median", justify="right")
    missed = []
    for name, (few, many) in times.items():
        growth = statistics.median(many) / statistics.median(few)
        figures = [statistics.median(few), p95(few), statistics.median(many), p95(many)]
        is_good = figures[3] < AIM_MILLISECONDS and growth < AIM_GROWTH
        missed += [] if is_good else [name]
        table.add_row(
            name, *(f"{figure:.1f}" for figure in figures), f"{growth:.2f}", style=None if is_good else "bold"
        )
    console.print(table)
    aims = f"p95 under {AIM_MILLISECONDS} ms, growth under {AIM_GROWTH:g}"
    console.print(f"{aims}: missed by {', '.join(missed)}" if missed else f"{aims}: all pages")
    return 1 if missed else 0


def p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]
