"""A real Chromium, driven by Playwright: Debian's own, since Playwright's download is not at hand everywhere."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)
SERIOUS = frozenset({"serious", "critical"})
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (CHROMIUM names it)")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Closed at the end."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


async def signed_in(browser: Browser, url: str, login: str, password: str, **options: Any) -> Page:
    """A page of a new window, at the overview."""
    context = await browser.new_context(base_url=url, **options)
    page = await context.new_page()
    await page.goto("/sign-in")
    await page.get_by_label("Login").fill(login)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.wait_for_url("**/")
    return page


async def violations(page: Page) -> list[str]:
    """What axe finds that is serious, with where."""
    found = (await Axe().run(page)).response["violations"]
    return [
        f"{each['id']}: {[node['html'][:200] for node in each['nodes'][:3]]}"
        for each in found
        if each["impact"] in SERIOUS
    ]
