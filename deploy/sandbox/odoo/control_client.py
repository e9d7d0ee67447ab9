"""Typed client of the stand-in's control, for tests and the demo."""

from typing import Any

from deploy.sandbox.faulty.control_client import FaultControl
from deploy.sandbox.odoo.rules import DatabaseRules


class OdooControl(FaultControl):
    """Orders and questions to a running stand-in. Raises httpx.HTTPStatusError when it says no."""

    async def set_up(self, book: str, **changes: Any) -> DatabaseRules:
        """Make a database or change its rules: see DatabaseRules for their names."""
        rules = DatabaseRules.model_validate(DatabaseRules().model_dump() | changes)
        body = rules.model_dump(mode="json", include=set(changes))
        return DatabaseRules.model_validate(await self.call("PUT", f"/books/{book}", body))

    async def documents(self, book: str) -> list[dict[str, Any]]:
        """Every invoice as Odoo shows it, with `lines` and the names of its `attachments`."""
        said: list[dict[str, Any]] = (await self.call("GET", f"/books/{book}/documents"))["documents"]
        return said

    async def cancel(self, book: str, number: int) -> None:
        """A bookkeeper cancels."""
        await self.call("POST", f"/books/{book}/documents/{number}/cancellation")

    async def credit(self, book: str, number: int) -> None:
        """A bookkeeper takes it back by a credit note."""
        await self.call("POST", f"/books/{book}/documents/{number}/credit")

    async def duplicate(self, book: str, number: int) -> None:
        """A bookkeeper makes another draft like it."""
        await self.call("POST", f"/books/{book}/documents/{number}/copy")

    async def post(self, book: str, number: int) -> None:
        """A bookkeeper posts."""
        await self.call("POST", f"/books/{book}/documents/{number}/posting")

    async def edit(self, book: str, number: int, **changes: Any) -> None:
        """A bookkeeper changes fields."""
        await self.call("PATCH", f"/books/{book}/documents/{number}", changes)

    async def delete(self, book: str, number: int) -> None:
        """A bookkeeper throws a draft away."""
        await self.call("DELETE", f"/books/{book}/documents/{number}")

    async def forget_external_id(self, book: str, number: int) -> None:
        """Somebody cleans up external ids."""
        await self.call("DELETE", f"/books/{book}/documents/{number}/external-id")

    async def reset(self) -> None:
        """Forget everything."""
        await self.call("POST", "/reset")
