"""The dashboard in a real browser: live, by keyboard, on a narrow screen, in the dark, without JavaScript."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from shared.ledger.words import Reason
from tests.support.browsing import chromium, needs_chromium, signed_in, violations
from tests.support.dashboard import Dashboard, open_dashboard
from tests.support.house import House
from tests.support.people import PASSWORD

pytestmark = [needs_chromium, pytest.mark.timeout(240)]
PAGES = ("/", "/exports", "/exports/{export}", "/approvers", "/connections", "/connections/harbor", "/events-log")
MORE_PAGES = ("/tie-out", "/tie-out/harbor/2026-10", "/health", "/words", "/audit")


@pytest.fixture
async def dashboard(house: House) -> AsyncIterator[Dashboard]:
    async with open_dashboard(house) as dashboard:
        yield dashboard


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def held_export(house: House) -> tuple[int, int]:
    invoice = await house.invoice(user_id=house.ben)
    await house.approve(invoice, by=house.ben)
    export = await house.export_of(invoice, "held", reason=Reason.APPROVER_LACKS_PRIVILEGE)
    await house.at_rest(invoice)
    return invoice, export.id


async def test_no_page_has_a_serious_barrier(house: House, dashboard: Dashboard, browser: Browser) -> None:
    _, export = await held_export(house)
    for scheme in ("light", "dark"):
        page = await signed_in(browser, dashboard.url, "root", PASSWORD, color_scheme=scheme)
        for path in (*PAGES, *MORE_PAGES):
            await page.goto(path.format(export=export))
            assert await violations(page) == [], (path, scheme)
        await page.context.close()
    page = await (await browser.new_context(base_url=dashboard.url)).new_page()
    await page.goto("/sign-in")
    assert await violations(page) == []


async def test_no_page_scrolls_sideways_when_narrow(house: House, dashboard: Dashboard, browser: Browser) -> None:
    _, export = await held_export(house)
    page = await signed_in(browser, dashboard.url, "root", PASSWORD, viewport={"width": 360, "height": 740})
    for path in (*PAGES, *MORE_PAGES):
        await page.goto(path.format(export=export))
        wider = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wider <= 0, (path, wider)


async def test_a_change_appears_by_itself(house: House, dashboard: Dashboard, browser: Browser) -> None:
    page = await signed_in(browser, dashboard.url, "vera", PASSWORD)
    await page.goto("/exports")
    await expect(page.locator("#liveness")).to_have_text("Live.")
    invoice = await house.approved(invoice_number="LIVE-1")
    await house.export_of(invoice, "exported")
    await expect(page.get_by_role("link", name="LIVE-1")).to_be_visible(timeout=2_000)
    await expect(page.locator("table .status.exported")).to_be_visible(timeout=2_000)


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_hold_is_found_understood_and_replayed(
    javascript: bool, house: House, dashboard: Dashboard, browser: Browser
) -> None:
    invoice, export = await held_export(house)
    page = await signed_in(browser, dashboard.url, "olga", PASSWORD, java_script_enabled=javascript)
    await page.get_by_role("link", name="Approver lacks privilege").click()
    await page.locator(f"a[href='/exports/{export}']").click()
    await expect(page.get_by_text("grant it and import, or release")).to_be_visible()
    await house.record(house.ben)
    await page.get_by_label("Reason, for the ledger").first.fill("granted today")
    await page.get_by_role("button", name="Replay: show what it would do").click()
    await expect(page.get_by_text("It would be sent")).to_be_visible(timeout=10_000)
    assert await house.receivables() == []
    await page.get_by_role("button", name="Replay it").click()
    await house.export_of(invoice, "exported")
    await page.goto(f"/exports/{export}")
    await expect(page.get_by_text("Synced").first).to_be_visible()
    assert len(await house.receivables()) == 1


async def test_the_keyboard_alone_is_enough(house: House, dashboard: Dashboard, browser: Browser) -> None:
    invoice, export = await held_export(house)
    await house.record(house.ben)
    page = await signed_in(browser, dashboard.url, "olga", PASSWORD)
    await page.goto(f"/exports/{export}")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await _tab_to(page, "input[name=why]")
    await page.keyboard.type("granted today")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Replay it")).to_be_visible(timeout=10_000)
    await _tab_to(page, ".notice button")
    await page.keyboard.press("Enter")
    await house.export_of(invoice, "exported")


async def test_a_session_that_ends_in_the_middle_says_so(house: House, dashboard: Dashboard, browser: Browser) -> None:
    invoice, export = await held_export(house)
    page = await signed_in(browser, dashboard.url, "olga", PASSWORD)
    await page.goto(f"/exports/{export}")
    await page.get_by_label("Reason, for the ledger").first.fill("granted today")
    before = await house.view.kinds(invoice)
    await house.view.execute("DELETE FROM sessions")
    await page.get_by_role("button", name="Replay: show what it would do").click()
    await expect(page).to_have_url(re.compile(r"/sign-in\?"))
    await expect(page.get_by_text(re.compile("nothing was done", re.IGNORECASE))).to_be_visible()
    assert await house.view.kinds(invoice) == before


async def _tab_to(page: Page, selector: str) -> None:
    for _ in range(60):
        if await page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard never reached {selector}")
