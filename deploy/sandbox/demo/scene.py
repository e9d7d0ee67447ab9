"""One tale being played: its contract and invoices in Procore, its exports in the ledger, its documents in the ERP."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from deploy.sandbox.demo.cast import BOOKS, PERSON, PROJECT, Project
from deploy.sandbox.demo.tale import MAIN_LINE, SITE_LINE, Bill, Tale
from deploy.sandbox.demo.watching import Row
from deploy.sandbox.erp.control_client import ErpControl, Known
from deploy.sandbox.erp.wire import State
from deploy.sandbox.procore.control_client import SandboxControl
from shared.events.command import Action, OperatorRole
from shared.ledger.words import Reason, Status

if TYPE_CHECKING:
    from deploy.sandbox.demo.stage import Stage

SCHEDULE = (
    {"description": MAIN_LINE, "scheduled_value": "900000.00", "cost_code": "01-100"},
    {"description": SITE_LINE, "scheduled_value": "150000.00", "cost_code": "02-200"},
)


class TaleFailed(Exception):
    """Something did not come about in time."""


class Scene:
    """`numbers` are the invoices' own; `amounts` are line 8 plus tax, as they stood when last noted."""

    def __init__(self, stage: "Stage", tale: Tale, place: int) -> None:
        self.stage = stage
        self.tale = tale
        self.project: Project = PROJECT[tale.project]
        self.control: SandboxControl = stage.control
        self.erp: ErpControl = stage.erp
        self.amounts: dict[int, Decimal] = {}
        self._place = place
        self._ids: list[int] = []
        self._numbers: list[str | None] = []

    async def play(self) -> None:
        """Raises TaleFailed."""
        await self._prepare()
        for act in self.tale.acts:
            await act.play(self)

    @property
    def book(self) -> str:
        """The book of the connection that serves the project."""
        return BOOKS[self.project.serving]

    @property
    def ids(self) -> list[int]:
        """The invoices in Procore, in the tale's order."""
        return self._ids

    def id(self, invoice: int) -> int:
        """The invoice in Procore."""
        return self._ids[invoice - 1]

    def number(self, invoice: int) -> str:
        """The invoice's own number; empty where it has none."""
        return self._numbers[invoice - 1] or ""

    def user(self, who: str | None) -> int | None:
        """That person's id in this company."""
        return None if who is None else PERSON[who].user_id(self.project.company.id)

    def reference(self, invoice: int) -> str:
        """The reference in the ERP, of the first generation."""
        return f"{self.project.serving}:{self.project.company.id}:{self.id(invoice)}:1"

    def row(self, invoice: int) -> Row | None:
        """The export as it stands."""
        return self.stage.ledger.rows.get(str(self.id(invoice)))

    async def until(self, invoice: int, status: Status, reasons: tuple[Reason, ...]) -> None:
        """Wait for the ledger."""

        def is_there() -> bool:
            row = self.row(invoice)
            return row is not None and row.status is status and reasons in ((), row.reasons)

        wanted = ": ".join(filter(None, (status.value, ", ".join(reasons))))
        await self.patiently(self.stage.ledger.until(is_there), f"invoice {invoice} to be {wanted}", invoice)

    async def until_seen(self, invoice: int) -> None:
        """The ledger has looked at the invoice as it is in Procore now."""
        shown = await self.control.invoice(self.id(invoice))
        changed_at = datetime.fromisoformat(shown["updated_at"])

        def is_seen() -> bool:
            row = self.row(invoice)
            if row is None:
                return False
            blind = not row.looked_at_version and bool(row.reasons)  # nobody may look, and it says why
            return blind or (row.looked_at_version is not None and row.looked_at_version >= changed_at)

        await self.patiently(self.stage.ledger.until(is_seen), f"a look at invoice {invoice}", invoice)

    async def note_amount(self, invoice: int) -> None:
        """Remember what Procore bills now."""
        g702 = (await self.control.invoice(self.id(invoice)))["g702"]
        due = Decimal(g702["current_payment_due"]) + Decimal(g702["tax_applicable_to_this_payment"])
        self.amounts[invoice] = due

    async def command(
        self, invoice: int, action: Action, *, why: str, role: OperatorRole = OperatorRole.OPERATOR, **more: Any
    ) -> None:
        """Ask the worker for something, signed, as the dashboard does."""
        row = self.row(invoice)
        if row is None:
            raise self.failure(f"nothing is known of invoice {invoice}")
        await self.stage.orders.send(row, self.project, action, why=why, role=role, **more)

    async def documents(self, invoice: int) -> list[Known]:
        """What the ERP has of this invoice, of every generation, deleted drafts left out."""
        stem = self.reference(invoice).rpartition(":")[0]
        return [
            document
            for document in await self.erp.documents(self.book)
            if document.content.external_reference.rpartition(":")[0] == stem and document.state is not State.DELETED
        ]

    async def only_document(self, invoice: int) -> Known:
        """Raises TaleFailed unless there is just one."""
        documents = await self.documents(invoice)
        if len(documents) != 1:
            raise self.failure(f"the ERP has {len(documents)} documents of invoice {invoice}")
        return documents[0]

    async def patiently(self, coming: Awaitable[object], what: str, invoice: int = 1) -> None:
        """Raises TaleFailed when it does not come within the stage's patience."""
        try:
            async with asyncio.timeout(self.stage.patience):
                await coming
        except TimeoutError:
            row = self.row(invoice) if self._ids else None
            raise self.failure(f"waited for {what}; it stands at {row or 'nothing'}") from None

    def failure(self, what: str) -> TaleFailed:
        """With the tale's title."""
        return TaleFailed(f"{self.tale.title}: {what}")

    async def _prepare(self) -> None:
        contract = {
            "number": f"{self.project.key[:3].upper()}-{self._place:02d}",
            "title": self.project.name,
            "client_name": self.project.owner.name,
            "lines": SCHEDULE,
        } | dict(self.tale.contract or {})
        contract_id = await self.control.create_contract(project_id=self.project.id, **contract)
        for bill in self.tale.invoices:
            await self._draft(contract_id, bill)
        for place in range(1, len(self._ids) + 1):
            await self.until_seen(place)

    async def _draft(self, contract_id: int, bill: Bill) -> None:
        fields = {"lines": [{"description": MAIN_LINE, "work_this_period": bill.work}]} | dict(bill.fields)
        made = await self.control.create_invoice(contract_id=contract_id, user_id=self.user("pat"), **fields)
        self._ids.append(made)
        self._numbers.append((await self.control.invoice(made))["invoice_number"])
        self.stage.introduce(self, len(self._ids))
