"""Dry runs that were asked for through Kafka: each is tried and answered, and nothing else is written.

One lane for each connection, so that a slow ERP keeps only its own waiting. A trial is taken for a while only, and no
transaction spans it: if its worker vanishes, another takes it, and to try a thing twice harms nobody.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import func, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker.core.telling import Unknown, foretold
from services.export_worker.links import Link
from services.export_worker.pipeline.circumstances import read_circumstances
from services.export_worker.pipeline.house import House
from services.export_worker.pipeline.trial import tried
from shared.connections.catalog import Catalog
from shared.database import DATABASE_ERRORS
from shared.events.command import Command, command_from_json
from shared.ledger.foretold import Foretold
from shared.ledger.tables import commands
from shared.ledger.versions import WrittenByNewer
from shared.procore.errors import ProcoreError

AT_ONCE = 2
POLL_SECONDS = 5.0
TRIAL_SECONDS = 30.0
LEASE = timedelta(seconds=60)

log = structlog.get_logger("export_worker.trials")


@dataclass(frozen=True)
class Pending:
    """One dry run that this worker has taken."""

    nonce: str
    command: Command


class Trials:
    """Answers dry runs. `house` only looks; the answers are written by `engine`."""

    def __init__(self, engine: AsyncEngine, house: House, catalog: Catalog, links: Mapping[str, Link]) -> None:
        self._engine = engine
        self._house = house
        self._catalog = catalog
        self._links = links
        self._wakes = {name: asyncio.Event() for name in ("", *links)}

    def wake(self) -> None:
        """Something may have been asked."""
        for wake in self._wakes.values():
            wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, wake in self._wakes.items():
                group.create_task(self._run_lane(name, wake))

    async def _run_lane(self, name: str, wake: asyncio.Event) -> None:
        """One connection's; the lane without a name has what belongs to none of them."""
        while True:
            wake.clear()
            answered = 0
            try:
                answered = await self.answer_some(name)
            except DATABASE_ERRORS as error:
                log.warning("trials.postponed", connection=name, why=type(error).__name__)
            except WrittenByNewer as newer:
                log.warning("trials.postponed", connection=name, why=str(newer))
            if answered < AT_ONCE:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await wake.wait()

    async def answer_some(self, name: str) -> int:
        """Takes a few and answers them side by side; how many."""
        taken = await self._take(name)
        await asyncio.gather(*(self._answer(pending) for pending in taken))
        return len(taken)

    async def _take(self, name: str) -> Sequence[Pending]:
        of_all = {"named": name, "names": list(self._links), "most": AT_ONCE, "lease": LEASE}
        async with self._engine.begin() as connection:
            rows = (await connection.execute(_TAKE, of_all)).all()
        return [Pending(row.nonce, command_from_json(row.body)) for row in rows]

    async def _answer(self, pending: Pending) -> None:
        trying = asyncio.wait_for(self._foretold(pending.command), TRIAL_SECONDS)
        (found,) = await asyncio.gather(trying, return_exceptions=True)
        answer = found if isinstance(found, Foretold) else foretold(Unknown(_why(found)))
        done = update(commands).where(commands.c.nonce == pending.nonce, commands.c.handled_at.is_(None))
        async with self._engine.begin() as connection:
            await connection.execute(done.values(answer=answer.model_dump(mode="json"), handled_at=func.now()))
        command = pending.command
        log.info(
            "trial.answered",
            export=command.export_id,
            action=command.action.value,
            decision=answer.decision.value,
            row=answer.row,
            reasons=[reason.value for reason in answer.reasons],
            exc_info=found if _is_ours(found) else None,
        )

    async def _foretold(self, command: Command) -> Foretold:
        export = await self._house.writer.load(command.export_id)
        serving = self._catalog.named(export.key.connection) or self._catalog.serving(
            export.key.company_id, export.key.project_id
        )
        link = self._links.get(serving.name) if serving else None
        circumstances = await read_circumstances(self._house.sessions, link, command, export)
        return foretold(await tried(self._house, link, export, command, circumstances))


def _why(error: Any) -> str:
    match error:
        case ProcoreError() | WrittenByNewer():
            return f"Nobody can tell now: {error}"
        case TimeoutError():
            return f"Nobody can tell now: it took longer than {TRIAL_SECONDS:g} s."
        case _:
            return f"Nobody can tell now: {type(error).__name__} in the worker, whose log has more."


def _is_ours(found: Any) -> bool:
    """Neither an answer nor somebody else's outage."""
    return isinstance(found, BaseException) and not isinstance(found, ProcoreError | TimeoutError | WrittenByNewer)


_TAKE = text(
    """
    WITH free AS (
        SELECT commands.nonce FROM commands JOIN exports ON exports.id = commands.export_id
        WHERE commands.handled_at IS NULL AND commands.body ->> 'dry_run' = 'true'
            AND (commands.lease_until IS NULL OR commands.lease_until < now())
            AND (exports.connection = :named OR :named = '' AND exports.connection <> ALL (CAST(:names AS text[])))
        ORDER BY commands.received_at LIMIT :most FOR UPDATE OF commands SKIP LOCKED
    )
    UPDATE commands SET lease_until = now() + CAST(:lease AS interval)
    FROM free WHERE commands.nonce = free.nonce
    RETURNING commands.nonce, commands.body
    """
)
