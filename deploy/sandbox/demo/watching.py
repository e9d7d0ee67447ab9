"""The ledger as the dashboard may see it: every export's row, kept fresh by the worker's own notifications."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from shared.database import Role, connect_raw
from shared.ledger.changes import Channel
from shared.ledger.words import Reason, Status

LOOKS_EVERY_SECONDS = 1.0

_ROWS = """
    SELECT id, payment_application_id, connection, company_id, project_id, status, reasons, version, invoice_number,
        amount, currency, erp_number, state -> 'look' ->> 'updated_at' AS looked_at_version
    FROM exports WHERE version > 0
"""


@dataclass(frozen=True)
class Row:
    """One export. `looked_at_version` is Procore's updated_at of the invoice as it was last seen."""

    id: int
    payment_application_id: str
    connection: str
    company_id: str
    project_id: str
    status: Status
    reasons: tuple[Reason, ...]
    version: int
    invoice_number: str | None
    amount: Any
    currency: str | None
    erp_number: str | None
    looked_at_version: datetime | None

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.status.value, ", ".join(self.reasons))))


class LedgerWatch:
    """`rows` by payment application. `tell` hears of every change of status or reasons."""

    def __init__(self, session: asyncpg.Connection, tell: Callable[[Row], None]) -> None:
        self.rows: dict[str, Row] = {}
        self._session = session
        self._tell = tell
        self._news = asyncio.Event()
        self._changed = asyncio.Condition()
        self._asking = asyncio.Lock()

    async def watch(self) -> None:
        """Until cancelled."""
        async with self._asking:
            await self._session.add_listener(Channel.LEDGER_CHANGED, lambda *_: self._news.set())
        while True:
            # Not wait_for, which in Python 3.11 loses a cancellation that comes together with the news.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOKS_EVERY_SECONDS):
                    await self._news.wait()
            self._news.clear()
            await self._read()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Comes back as soon as it is."""
        async with self._changed:
            await self._changed.wait_for(is_so)

    async def fetch(self, query: str, *values: object) -> list[Any]:
        """Any question to the ledger."""
        async with self._asking:
            rows: list[Any] = await self._session.fetch(query, *values)
        return rows

    async def _read(self) -> None:
        for record in await self.fetch(_ROWS):
            row = _row(record)
            known = self.rows.get(row.payment_application_id)
            if known is not None and known.version == row.version:
                continue
            self.rows[row.payment_application_id] = row
            if known is None or (known.status, known.reasons) != (row.status, row.reasons):
                self._tell(row)
        async with self._changed:
            self._changed.notify_all()


async def open_session(url: str) -> asyncpg.Connection:
    """With the dashboard's rights: reading."""
    return await connect_raw(url, Role.DASHBOARD, application_name="demo")


def entry_body(record: Any) -> dict[str, Any]:
    """The body of an entry, decoded."""
    body: dict[str, Any] = json.loads(record["body"])
    return body


def _row(record: Any) -> Row:
    values = dict(record)
    seen = values.pop("looked_at_version")
    return Row(
        **values
        | {
            "status": Status(values["status"]),
            "reasons": tuple(Reason(reason) for reason in values["reasons"]),
            "looked_at_version": datetime.fromisoformat(seen) if seen else None,
        }
    )
