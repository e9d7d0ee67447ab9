"""What changes in the ledger is on every screen within a second, however many watch; who leaves leaves nothing."""

import asyncio
import json
import signal
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page

from services.ledger_dashboard import stream as stream_module
from shared.events.command import Action
from shared.ledger.words import Reason
from tests.support.browsing import chromium, needs_chromium, signed_in
from tests.support.crash_stage import send
from tests.support.dashboard import Dashboard, Visitor, dashboard_process, open_dashboard
from tests.support.house import House
from tests.support.people import PASSWORD

WATCHERS = 100
CHANGES = 5
OBSERVE = """() => {
    window.shown = {};
    const look = () => {
        for (const each of document.querySelectorAll("td")) {
            if (each.textContent.startsWith("AR-LIVE-")) { window.shown[each.textContent] ??= Date.now(); }
        }
    };
    new MutationObserver(look).observe(document.querySelector("main"), { childList: true, subtree: true });
}"""
SESSIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'ledger_dashboard%'
"""


@dataclass
class Watcher:
    """One event stream: when it began, and when something was told on it, in seconds since 1970."""

    status: int | None = None
    told: list[float] = field(default_factory=list)

    async def watch(self, web: httpx.AsyncClient) -> None:
        """Until the server or the test ends it."""
        async with web.stream("GET", "/events", timeout=None) as stream:
            self.status = stream.status_code
            async for line in stream.aiter_lines():
                if line == "event: changed":
                    self.told.append(time.time())

    def told_after(self, moment: float) -> float | None:
        """How long after, for the first time."""
        return next((at - moment for at in self.told if at >= moment), None)


@asynccontextmanager
async def watching(dashboard: Dashboard, number: int) -> AsyncIterator[list[Watcher]]:
    """So many, all of them connected."""
    vera = await dashboard.visitor("vera")
    limits = httpx.Limits(max_connections=None)
    watchers = [Watcher() for _ in range(number)]
    async with httpx.AsyncClient(
        base_url=dashboard.url, cookies=vera.web.cookies, limits=limits, trust_env=False
    ) as web:
        tasks = {asyncio.create_task(each.watch(web)) for each in watchers}
        try:
            await until(lambda: all(each.status for each in watchers))
            yield watchers
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def until(holds: Callable[[], object], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)


async def quiet(watchers: list[Watcher]) -> None:
    """Nothing was told for a second: what began before is over."""
    await until(lambda: all(not each.told or time.time() - each.told[-1] > 1 for each in watchers))


async def held_exports(house: House) -> list[int]:
    invoices = []
    for _ in range(CHANGES):
        invoice = await house.invoice(contract=await house.another_contract(), user_id=house.ben)
        await house.approve(invoice, by=house.ben)
        invoices.append(invoice)
    for invoice in invoices:
        await house.export_of(invoice, "held", reason=Reason.APPROVER_LACKS_PRIVILEGE)
        await house.at_rest(invoice)
    return invoices


async def resolved(house: House, invoice: int, number: str) -> float:
    """One change by the worker; when its entry was written, which is just before it was committed."""
    await house.command(invoice, Action.RESOLVE, erp_number=number)
    export = await house.export_of(invoice, "exported")
    asked = "SELECT extract(epoch FROM at) FROM entries WHERE export_id = :export AND kind = 'resolved_by_hand'"
    return float((await house.view.execute(asked, export=export.id)).scalar_one())


async def shown_after(page: Page, number: str, moment: float) -> float:
    """How long after the page showed it."""
    shown = await page.wait_for_function("number => window.shown[number]", arg=number, timeout=5_000)
    return float(await shown.json_value()) / 1_000 - moment


@needs_chromium
@pytest.mark.timeout(240)
async def test_a_change_is_on_every_screen_within_a_second(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    invoices = await held_exports(house)
    rows = []
    async with (
        dashboard_process(house, tmp_path) as (dashboard, _),
        chromium() as browser,
        watching(dashboard, WATCHERS) as watchers,
    ):
        page = await signed_in(browser, dashboard.url, "vera", PASSWORD)
        await page.goto("/exports")
        await page.locator("#liveness", has_text="Live.").wait_for()
        await page.evaluate(OBSERVE)
        for at, invoice in enumerate(invoices):
            await quiet(watchers)
            number = f"AR-LIVE-{at}"
            moment = await resolved(house, invoice, number)
            screen = await shown_after(page, number, moment)
            await until(lambda moment=moment: all(each.told_after(moment) is not None for each in watchers))
            took = sorted(each.told_after(moment) or 0.0 for each in watchers)
            rows.append((statistics.median(took), took[-1], screen))
        assert (await house.view.execute(SESSIONS)).scalar_one() <= 13
    told, slowest, screens = (statistics.median(column) for column in zip(*rows, strict=True))
    with capsys.disabled():
        print(f"\nfrom the entry to {WATCHERS} streams and a browser, in ms: median stream, slowest stream, browser")
        for row in (*rows, (told, slowest, screens)):
            print("  " + "".join(f"{seconds * 1_000:8.0f}" for seconds in row))
    assert slowest < 1
    assert screens < 1


async def test_who_leaves_makes_room_for_others(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "MOST_WATCHERS", 3)
    async with open_dashboard(house) as dashboard:
        vera = await dashboard.visitor("vera")
        before = len(asyncio.all_tasks())
        async with watching(dashboard, 3) as watchers:
            assert [each.status for each in watchers] == [200, 200, 200]
            refused = await vera.web.get("/events")
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
        for _ in range(4):
            await welcomed(vera)
        await until(lambda: len(asyncio.all_tasks()) <= before, seconds=5)


async def welcomed(visitor: Visitor) -> None:
    """Comes in within two seconds, and leaves again."""
    async with asyncio.timeout(2):
        while True:
            async with visitor.web.stream("GET", "/events") as stream:
                if stream.status_code == 200:
                    return


@pytest.mark.timeout(240)
async def test_open_streams_do_not_keep_the_dashboard_from_ending(house: House, tmp_path: Path) -> None:
    async with dashboard_process(house, tmp_path) as (dashboard, process), watching(dashboard, WATCHERS):
        begun = time.monotonic()
        send(process, signal.SIGTERM)
        await asyncio.to_thread(process.wait, 20)
        took = time.monotonic() - begun
    lines = [json.loads(line) for line in process.log.read_text(encoding="utf-8").splitlines() if line[:1] == "{"]
    assert [line["event"] for line in lines if line["level"] in {"error", "critical"}] == []
    assert took < 4, took
