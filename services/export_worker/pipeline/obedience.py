"""Commands wait for their export's claim, are judged there, and always leave an entry."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.export_worker.core.orders import Circumstances, judge_command
from services.export_worker.core.outcomes import Found, LookUpFailure
from services.export_worker.exports import Claim, Export
from services.export_worker.ledger_writer import LedgerWriter
from services.export_worker.links import Link
from services.export_worker.metrics import COMMANDS
from services.export_worker.pipeline.generations import also_by_id, found_from
from shared.approvers import store as approvers
from shared.events.command import Action, Command
from shared.ledger.entries import CommandRefused, EntryBody
from shared.ledger.tables import commands


class Obedience:
    """Follows what was asked of one export, in the order in which it was asked."""

    def __init__(self, engine: AsyncEngine, writer: LedgerWriter, link: Link | None) -> None:
        self._engine = engine
        self._writer = writer
        self._link = link

    async def obey(self, claim: Claim, export: Export) -> Export:
        """Handle what is pending; the export afterwards. Raises LeaseLost, VersionChanged."""
        for nonce, command in await self._pending(export.id):
            standing = await self._standing_before(command, export)
            changed_by = await self._changers(command)
            circumstances = Circumstances(state=export.state, standing_before=standing, changed_by=changed_by)
            body = judge_command(command, circumstances)
            state = await self._writer.append(
                claim,
                _handling(nonce, body),
                now=datetime.now(UTC),
                expected_version=export.state.version,
            )
            export = Export(export.id, export.key, state)
            COMMANDS.labels(command.action.value, str(not isinstance(body, CommandRefused)).lower()).inc()
        return export

    async def _pending(self, export_id: int) -> list[tuple[str, Command]]:
        statement = (
            select(commands.c.nonce, commands.c.body)
            .where(commands.c.export_id == export_id, commands.c.handled_at.is_(None))
            .order_by(commands.c.received_at)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(statement)).all()
        return [(row.nonce, Command.model_validate(row.body)) for row in rows]

    async def _standing_before(self, command: Command, export: Export) -> tuple[Found, ...] | None:
        """Before a replay afresh: what stands so far, also without its reference. None: the ERP could not be asked."""
        if command.action is not Action.REPLAY or not command.afresh or self._link is None:
            return ()
        key = self._link.terms.reference_key(export.key.payment_application_id)
        found = await found_from(self._link.adapter, export.state.reference(key))
        known = await also_by_id(self._link.adapter, found, export.state)
        return None if isinstance(known, LookUpFailure) else known

    async def _changers(self, command: Command) -> frozenset[str]:
        if command.action is not Action.RELEASE or not command.user_id:
            return frozenset()
        async with self._engine.connect() as connection:
            return await approvers.changers(connection, command.company_id, command.user_id)


def _handling(nonce: str, body: EntryBody) -> Any:
    refusal = body.refusal if isinstance(body, CommandRefused) else None

    async def bodies(connection: AsyncConnection) -> list[EntryBody]:
        handled = update(commands).where(commands.c.nonce == nonce)
        await connection.execute(handled.values(handled_at=datetime.now(UTC), refusal=refusal))
        return [body]

    return bodies
