"""Commands wait for their export's claim, are judged there, and always leave an entry."""

from typing import Any

from sqlalchemy import bindparam, func, select, update

from services.export_worker import timekeeping
from services.export_worker.core.orders import judge_command
from services.export_worker.exports import Claim, Export
from services.export_worker.ledger_writer import LedgerWriter
from services.export_worker.links import Link
from services.export_worker.metrics import COMMANDS
from services.export_worker.pipeline.circumstances import read_circumstances
from shared.events.command import Command, command_from_json
from shared.ledger.entries import CommandRefused, EntryBody
from shared.ledger.tables import commands
from shared.statements import Session, Sessions, Statement, at_once

# Of commands from before dry runs came through Kafka the field is missing.
IS_DRY_RUN = func.coalesce(commands.c.body["dry_run"].astext, "false") == "true"
_PENDING = Statement(
    select(commands.c.nonce, commands.c.body)
    .where(commands.c.export_id == bindparam("b_export_id"), commands.c.handled_at.is_(None), ~IS_DRY_RUN)
    .order_by(commands.c.received_at)
)
_HANDLED = Statement(update(commands).where(commands.c.nonce == bindparam("b_nonce")))


class Obedience:
    """Follows what was asked of one export, in the order in which it was asked."""

    def __init__(self, sessions: Sessions, writer: LedgerWriter, link: Link | None) -> None:
        self._sessions = sessions
        self._writer = writer
        self._link = link

    async def obey(self, claim: Claim, export: Export) -> Export:
        """Handle what is pending; the export afterwards. Raises LeaseLost, VersionChanged."""
        for nonce, command in await self._pending(export.id):
            body = judge_command(command, await read_circumstances(self._sessions, self._link, command, export))
            state = await self._writer.append(
                claim,
                _handling(nonce, body),
                now=timekeeping.now(),
                expected_version=export.state.version,
            )
            export = Export(export.id, export.key, state)
            COMMANDS.labels(command.action.value, str(not isinstance(body, CommandRefused)).lower()).inc()
        return export

    async def _pending(self, export_id: int) -> list[tuple[str, Command]]:
        async with at_once(self._sessions) as session:
            rows = await _PENDING.rows(session, b_export_id=export_id)
        return [(row.nonce, command_from_json(row.body)) for row in rows]


def _handling(nonce: str, body: EntryBody) -> Any:
    refusal = body.refusal if isinstance(body, CommandRefused) else None

    async def bodies(session: Session) -> list[EntryBody]:
        await _HANDLED.run(session, b_nonce=nonce, handled_at=timekeeping.now(), refusal=refusal)
        return [body]

    return bodies
