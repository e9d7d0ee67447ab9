"""Typed client of the stand-in's control, for tests and the demo."""

from typing import Any
from urllib.parse import quote

from deploy.sandbox.erpnext.rules import SiteRules
from deploy.sandbox.faulty.control_client import FaultControl


class ErpNextControl(FaultControl):
    """Orders and questions to a running stand-in. Raises httpx.HTTPStatusError when it says no."""

    async def set_up(self, book: str, **changes: Any) -> SiteRules:
        """Make a site or change its rules: see SiteRules for their names."""
        rules = SiteRules.model_validate(SiteRules().model_dump() | changes)
        body = rules.model_dump(mode="json", include=set(changes))
        return SiteRules.model_validate(await self.call("PUT", f"/books/{book}", body))

    async def put(self, book: str, doctype: str, name: str, **values: Any) -> None:
        """Somebody makes or changes any document."""
        await self.call("PUT", f"/books/{book}/records/{doctype}/{quote(name, safe='')}", values)

    async def drop(self, book: str, doctype: str, name: str) -> None:
        """Somebody deletes a document."""
        await self.call("DELETE", f"/books/{book}/records/{doctype}/{quote(name, safe='')}")

    async def documents(self, book: str) -> list[dict[str, Any]]:
        """Every sales invoice as ERPNext stores it, with the names of its `attachments`."""
        said: list[dict[str, Any]] = (await self.call("GET", f"/books/{book}/documents"))["documents"]
        return said

    async def submit(self, book: str, name: str) -> None:
        """A bookkeeper submits."""
        await self.call("POST", f"/books/{book}/documents/{name}/submission")

    async def cancel(self, book: str, name: str) -> None:
        """A bookkeeper cancels what is submitted."""
        await self.call("POST", f"/books/{book}/documents/{name}/cancellation")

    async def credit(self, book: str, name: str, amount: str) -> None:
        """A bookkeeper writes a credit note."""
        await self.call("POST", f"/books/{book}/documents/{name}/credit?amount={amount}")

    async def charge(self, book: str, name: str, amount: str) -> None:
        """Somebody adds a charge by hand."""
        await self.call("POST", f"/books/{book}/documents/{name}/charge?amount={amount}")

    async def reset(self) -> None:
        """Forget everything."""
        await self.call("POST", "/reset")
