"""The ledger as a test sees it: exports and their entries, waited for by the ledger's own notifications."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import Role, connect_raw, create_engine
from shared.ledger.changes import Channel
from shared.ledger.entries import EntryBody, body_from_json
from shared.ledger.state import State
from shared.ledger.tables import entries, events, exports, work
from shared.ledger.words import EntryKind, Reason, Status

LOOK_AGAIN_SECONDS = 0.1
PATIENCE = 30.0

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Export:
    """One export now. `state` is the fold; the rest is as the row and its working data say."""

    id: int
    status: Status
    reasons: tuple[Reason, ...]
    erp_number: str | None
    state: State
    due_at: datetime | None
    is_claimed: bool
    fencing_token: int

    @property
    def details(self) -> str:
        """What the reasons say in particular."""
        return "; ".join(finding.detail for finding in self.state.findings)

    @property
    def is_at_rest(self) -> bool:
        """Nobody walks it, and nobody is about to."""
        is_due = self.due_at is not None and self.due_at <= datetime.now(UTC)
        return not self.is_claimed and not is_due and self.status is not Status.NONE


class LedgerView:
    """Reads one company's exports with every right, and hears when the ledger changes."""

    def __init__(self, engine: AsyncEngine, company: int, changed: asyncio.Event) -> None:
        self.engine = engine
        self._company = str(company)
        self._changed = changed

    async def export(self, invoice: int) -> Export | None:
        """The invoice's export; None while there is none."""
        statement = (
            select(exports, work.c.due_at, work.c.lease_until, work.c.fencing_token)
            .join(work, work.c.export_id == exports.c.id)
            .where(self._is(invoice))
        )
        async with self.engine.connect() as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            return None
        return Export(
            id=row.id,
            status=Status(row.status),
            reasons=tuple(Reason(reason) for reason in row.reasons),
            erp_number=row.erp_number,
            state=State.model_validate(row.state),
            due_at=row.due_at,
            is_claimed=row.lease_until is not None,
            fencing_token=row.fencing_token,
        )

    async def entries(self, invoice: int) -> list[EntryBody]:
        """Everything that the ledger says of the invoice, oldest first."""
        statement = (
            select(entries.c.body)
            .join(exports, exports.c.id == entries.c.export_id)
            .where(self._is(invoice))
            .order_by(entries.c.seq)
        )
        async with self.engine.connect() as connection:
            return [body_from_json(body) for body in (await connection.execute(statement)).scalars()]

    async def kinds(self, invoice: int) -> list[EntryKind]:
        """The kinds of its entries, oldest first."""
        return [EntryKind(body.kind) for body in await self.entries(invoice)]

    async def events(self, **wanted: Any) -> Sequence[Any]:
        """Rows of the Events page whose columns are as wanted, oldest first."""
        statement = select(events).order_by(events.c.id)
        for column, value in wanted.items():
            statement = statement.where(events.c[column] == value)
        async with self.engine.connect() as connection:
            return (await connection.execute(statement)).all()

    async def execute(self, statement: str, **parameters: Any) -> Any:
        """A hand in the database: what no part of the product would do."""
        async with self.engine.begin() as connection:
            return await connection.execute(text(statement), parameters)

    async def until(self, look: Callable[[], Awaitable[Seen | None]], what: str, within: float = PATIENCE) -> Seen:
        """The first answer that is not empty. Looks again when the ledger changes, and often: `work` is silent."""
        ends_at = time.monotonic() + within
        while True:
            self._changed.clear()
            if seen := await look():
                return seen
            if time.monotonic() > ends_at:
                raise AssertionError(f"within {within:g} s there was no {what}")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                    await self._changed.wait()

    def _is(self, invoice: int) -> ColumnElement[bool]:
        """The records of an earlier house may still lie in Kafka: its ids may be the same."""
        return (exports.c.company_id == self._company) & (exports.c.payment_application_id == str(invoice))


@asynccontextmanager
async def viewing(database_url: str, company: int) -> AsyncIterator[LedgerView]:
    """A view of this database while the block lasts."""
    changed = asyncio.Event()
    engine = create_engine(database_url, Role.OWNER, application_name="test", pool_size=4)
    session = await connect_raw(database_url, Role.OWNER)
    try:
        await session.add_listener(Channel.LEDGER_CHANGED, lambda *_: changed.set())
        yield LedgerView(engine, company, changed)
    finally:
        await session.close()
        await engine.dispose()
