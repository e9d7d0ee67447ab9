"""Typed client of the sandbox's control, for tests and the demo."""

from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

from deploy.sandbox.faulty.control_client import FaultControl
from deploy.sandbox.quickbooks_online.rules import CompanyRules


class KnownLine(BaseModel):
    """One line of an invoice."""

    model_config = ConfigDict(frozen=True)

    text: str
    amount: Decimal
    item: str


class KnownInvoice(BaseModel):
    """An invoice on the oracle's list. `state` is posted, voided or deleted."""

    model_config = ConfigDict(frozen=True)

    id: str
    state: str
    number: str
    note: str
    customer: str
    total: Decimal
    tax: Decimal
    lines: tuple[KnownLine, ...]
    attachments: tuple[str, ...]


class QuickBooksControl(FaultControl):
    """Orders and questions to a running sandbox. Raises httpx.HTTPStatusError when it says no."""

    async def set_up(self, book: str, **changes: Any) -> CompanyRules:
        """Open a company or change its rules: see CompanyRules for their names."""
        rules = CompanyRules.model_validate(CompanyRules().model_dump() | changes)
        body = rules.model_dump(mode="json", include=set(changes))
        return CompanyRules.model_validate(await self.call("PUT", f"/books/{book}", body))

    async def documents(self, book: str) -> list[KnownInvoice]:
        """Every invoice ever."""
        said = await self.call("GET", f"/books/{book}/documents")
        return [KnownInvoice.model_validate(one) for one in said["documents"]]

    async def cancel(self, book: str, document_id: str) -> None:
        """A bookkeeper voids."""
        await self.call("POST", f"/books/{book}/documents/{document_id}/cancellation")

    async def duplicate(self, book: str, document_id: str) -> None:
        """A bookkeeper makes another one like it."""
        await self.call("POST", f"/books/{book}/documents/{document_id}/copy")

    async def edit(self, book: str, document_id: str, **changes: str) -> None:
        """A bookkeeper changes DocNumber, PrivateNote or, as `tax`, the tax's amount."""
        await self.call("PATCH", f"/books/{book}/documents/{document_id}", changes)

    async def delete(self, book: str, document_id: str) -> None:
        """A bookkeeper deletes."""
        await self.call("DELETE", f"/books/{book}/documents/{document_id}")

    async def forget_requests(self, book: str) -> None:
        """QuickBooks forgets the request ids that it has seen."""
        await self.call("DELETE", f"/books/{book}/request-ids")

    async def reset(self) -> None:
        """Forget everything."""
        await self.call("POST", "/reset")
