"""Typed client of the sandbox's control, for tests, the demo and the chaos runs."""

from typing import Any

from deploy.sandbox.erp.rules import BookRules
from deploy.sandbox.erp.wire import Receivable
from deploy.sandbox.faulty.control_client import FaultControl


class Known(Receivable):
    """A receivable on the oracle's list, with its earlier versions, oldest first."""

    history: tuple[Receivable, ...] = ()


class ErpControl(FaultControl):
    """Orders and questions to a running ERP sandbox. Raises httpx.HTTPStatusError when it says no."""

    async def set_up(self, book: str, **changes: Any) -> BookRules:
        """Open a book or change its rules: see BookRules for their names."""
        rules = BookRules.model_validate(BookRules().model_dump() | changes)
        body = rules.model_dump(mode="json", include=set(changes))
        return BookRules.model_validate(await self.call("PUT", f"/books/{book}", body))

    async def documents(self, book: str) -> list[Known]:
        """Every receivable ever."""
        said = await self.call("GET", f"/books/{book}/documents")
        return [Known.model_validate(one) for one in said["documents"]]

    async def cancel(self, book: str, document_id: str) -> None:
        """A bookkeeper cancels."""
        await self.call("POST", f"/books/{book}/documents/{document_id}/cancellation")

    async def post(self, book: str, document_id: str) -> None:
        """A bookkeeper posts."""
        await self.call("POST", f"/books/{book}/documents/{document_id}/posting")

    async def edit(self, book: str, document_id: str, **changes: Any) -> None:
        """A bookkeeper changes fields of the content (JSON values)."""
        await self.call("PATCH", f"/books/{book}/documents/{document_id}", changes)

    async def delete(self, book: str, document_id: str) -> None:
        """A bookkeeper throws a draft away."""
        await self.call("DELETE", f"/books/{book}/documents/{document_id}")

    async def reset(self) -> None:
        """Forget everything."""
        await self.call("POST", "/reset")
