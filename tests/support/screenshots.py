"""python -m tests.support.screenshots: the README's pictures, from a demo that stays up (`make demo`)."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.sandbox.local.variables import read_variables
from tests.support.browsing import CHROMIUM, chromium, signed_in

VARIABLES = Path(".local/demo/stack.env")
FOLDER = Path("docs/images")
SIZE = {"width": 1280, "height": 860}


def main() -> int:
    """1 when there is no demo to look at, or no browser."""
    if CHROMIUM is None or not VARIABLES.exists():
        print("needs Chromium, and `make demo` in another terminal", file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    asyncio.run(taken(read_variables(VARIABLES)))
    return 0


async def taken(known: Mapping[str, str]) -> None:
    """The overview, and an export that is held."""
    async with chromium() as browser:
        page = await signed_in(
            browser, known["DASHBOARD_URL"], known["DASHBOARD_LOGIN"], known["DASHBOARD_PASSWORD"], viewport=SIZE
        )
        await page.screenshot(path=FOLDER / "overview.png")
        await page.goto("/exports?status=held&reason=approver_lacks_privilege")
        await page.locator("td a[href^='/exports/']").first.click()
        await page.wait_for_url("**/exports/*")
        await page.screenshot(path=FOLDER / "export.png")


if __name__ == "__main__":
    sys.exit(main())
