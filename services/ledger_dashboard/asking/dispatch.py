"""Orders for many are sent on at each connection's own pace, so that a replay of many leaves room for what arrives."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import structlog
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ledger_dashboard.asking.sender import NotSent, Sender, make_command
from shared.database import DATABASE_ERRORS, Role, connect_raw, hold_lock

REQUESTS_OF_AN_EXPORT = 10  # to its ERP, more or less: half of the connection's budget is left to what arrives
REQUESTS_OF_A_DRY_RUN = 2
USUAL_PER_MINUTE = 600
IDLE_SECONDS = 0.5
LOCK = 7_215_011  # any number that nothing else in this database locks

log = structlog.get_logger("ledger_dashboard.dispatch")


class Dispatch:
    """One dashboard at a time sends: whoever holds the advisory lock of its session."""

    def __init__(self, engine: AsyncEngine, sender: Sender, url: SecretStr) -> None:
        self._engine = engine
        self._sender = sender
        self._url = url
        self._ready_at: dict[tuple[str, bool], float] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                session = await connect_raw(
                    self._url.get_secret_value(), Role.DASHBOARD, application_name="ledger_dashboard:dispatch"
                )
                try:
                    await self._run(session)
                finally:
                    await session.close()
            except DATABASE_ERRORS as error:
                log.warning("session.lost", why=type(error).__name__)
            await asyncio.sleep(IDLE_SECONDS)

    async def _run(self, session: asyncpg.Connection) -> None:
        await hold_lock(session, LOCK, every=IDLE_SECONDS)
        while not session.is_closed():
            try:
                sent = await self._send_ready()
            except NotSent as error:
                log.warning("order.postponed", why=str(error))
                sent = 0
            if not sent:
                await asyncio.sleep(IDLE_SECONDS)

    async def _send_ready(self) -> int:
        """What may leave now; how many that were."""
        sent = 0
        for part in await self._unsent():
            lane, now = (part.connection, part.is_dry_run), time.monotonic()
            if self._ready_at.get(lane, 0.0) > now:
                continue
            requests = REQUESTS_OF_A_DRY_RUN if part.is_dry_run else REQUESTS_OF_AN_EXPORT
            self._ready_at[lane] = now + 60 * requests / (part.per_minute or USUAL_PER_MINUTE)
            await self._send(part)
            sent += 1
        return sent

    async def _send(self, part: Any) -> None:
        """Sent, then marked: a crash in between sends it again under the same nonce, and that is one command."""
        await self._sender.send(
            make_command(
                nonce=part.nonce,
                action=part.action,
                export_id=part.export_id,
                company_id=part.company_id,
                project_id=part.project_id,
                by=part.by,
                role=part.role,
                why=part.why,
                dry_run=part.is_dry_run,
                at=datetime.now(UTC),
            )
        )
        async with self._engine.begin() as connection:
            await connection.execute(_MARK, {"nonce": part.nonce})
            await connection.execute(_END, {"order_id": part.order_id})

    async def _unsent(self) -> Sequence[Any]:
        async with self._engine.connect() as connection:
            return (await connection.execute(_UNSENT)).all()


# The next part of each connection, dry runs beside the others.
_UNSENT = text(
    """
    SELECT DISTINCT ON (exports.connection, orders.is_dry_run)
        orders.id AS order_id, orders.action, orders.by, orders.role, orders.why, orders.is_dry_run,
        parts.export_id, parts.nonce, exports.connection, exports.company_id, exports.project_id,
        CAST(profiles.profile ->> 'requests_per_minute' AS integer) AS per_minute
    FROM bulk_orders orders
    JOIN bulk_order_parts parts ON parts.order_id = orders.id AND parts.sent_at IS NULL
    JOIN exports ON exports.id = parts.export_id
    LEFT JOIN connection_profiles profiles ON profiles.connection = exports.connection
    WHERE orders.sent_at IS NULL AND orders.cancelled_at IS NULL
    ORDER BY exports.connection, orders.is_dry_run, orders.id, parts.position
    """
)
_MARK = text("UPDATE bulk_order_parts SET sent_at = now() WHERE nonce = :nonce")
_END = text(
    """
    UPDATE bulk_orders SET sent_at = now() WHERE id = :order_id
    AND NOT EXISTS (SELECT FROM bulk_order_parts WHERE order_id = :order_id AND sent_at IS NULL)
    """
)
