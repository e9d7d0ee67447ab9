"""After the export: attach the summary in the ERP, write the ERP's number back to Procore. Each can fail alone."""

import random
from datetime import datetime, timedelta
from typing import assert_never

from services.export_worker import timekeeping
from services.export_worker.core.document import document_from_json
from services.export_worker.core.follow_ups import due, failed, given_up, next_due_at, origin_of, put_off_until
from services.export_worker.core.invoice import Snapshot
from services.export_worker.core.outcomes import AuthExpired, Done, Refused, Unavailable, Unknown
from services.export_worker.exports import Claim, Export
from services.export_worker.links import Link
from services.export_worker.pipeline.house import House
from services.export_worker.pipeline.summary import summary_of
from shared.connections.connection import Attach, Mode
from shared.ledger.entries import EntryBody, FollowUpDone
from shared.ledger.state import State
from shared.ledger.words import FollowUpKind
from shared.procore.errors import ProcoreError, ProcoreRefused, ProcoreUnauthorized, ProcoreUnavailable

LOG_IN_WAIT = timedelta(minutes=1)


class FollowUps:
    """What one connection wants to happen after an export. Nothing of it ever sends to the ERP again."""

    def __init__(self, house: House, link: Link) -> None:
        self._house = house
        self._link = link
        self.wanted = wanted_by(link)

    async def run(
        self, claim: Claim, export: Export, state: State, snapshot: Snapshot
    ) -> tuple[State, datetime | None]:
        """Do what is due; the state afterwards, and until when the ERP or Procore puts off what it did not take.

        Who does not answer uses up no try, and leaves no entry. Raises LeaseLost.
        """
        put_off: list[datetime] = []
        for kind in due(state, self.wanted, timekeeping.now()):
            told = await self._tried(kind, export, state, snapshot)
            if isinstance(told, datetime):
                put_off.append(put_off_until(state, told, timekeeping.now()))
                continue
            state = await self._house.writer.append(claim, [told], now=timekeeping.now())
        return state, max(put_off, default=None)

    def next_due_at(self, state: State, not_before: datetime | None) -> datetime | None:
        """When to come back for what is left; None when nothing is."""
        return next_due_at(state, self.wanted, not_before)

    async def _tried(
        self, kind: FollowUpKind, export: Export, state: State, snapshot: Snapshot
    ) -> EntryBody | datetime:
        match kind:
            case FollowUpKind.ATTACHMENT:
                return await self._attach(state, snapshot)
            case FollowUpKind.WRITE_BACK:
                return await self._write_back(export, state, snapshot)
            case _:
                assert_never(kind)

    async def _attach(self, state: State, snapshot: Snapshot) -> EntryBody | datetime:
        kind = FollowUpKind.ATTACHMENT
        if state.standing is None or state.attempt is None:
            raise TypeError("only what stands has attachments")
        file = summary_of(snapshot, document_from_json(state.attempt.document))
        outcome = await self._link.adapter.attach(state.standing.ref, file)
        name = self._link.connection.name
        if isinstance(outcome, Unavailable | AuthExpired):
            return await self._house.blame(name, outcome)
        if not isinstance(outcome, Unknown):
            await self._house.book.succeeded(name, timekeeping.now())
        if isinstance(outcome, Done):
            return FollowUpDone(what=kind, detail=file.name)
        text = getattr(outcome, "text", type(outcome).__name__)
        if isinstance(outcome, Refused):
            return given_up(kind, text)
        return failed(state, kind, text, now=timekeeping.now(), jitter=random.random())

    async def _write_back(self, export: Export, state: State, snapshot: Snapshot) -> EntryBody | datetime:
        """It locks the invoice in Procore (procore.md, fact 9): what was written before cannot be written again."""
        kind = FollowUpKind.WRITE_BACK
        if state.standing is None or snapshot.contract_id is None:
            raise TypeError("only what stands under a prime contract is written back")
        origin = origin_of(state.standing, self._link.connection.name)
        if snapshot.origin_id == origin["origin_id"]:
            return FollowUpDone(what=kind, detail=origin["origin_id"])
        try:
            await self._house.hydration.write_back(export.key, snapshot.contract_id, origin)
        except ProcoreUnavailable as error:
            return error.retry_at
        except ProcoreUnauthorized:
            return timekeeping.now() + LOG_IN_WAIT
        except ProcoreRefused as error:
            return given_up(kind, str(error))
        except ProcoreError as error:
            return failed(state, kind, str(error), now=timekeeping.now(), jitter=random.random())
        return FollowUpDone(what=kind, detail=origin["origin_id"])


def wanted_by(link: Link) -> frozenset[FollowUpKind]:
    """As the connection is set; nothing while it does not send."""
    connection = link.connection
    wanted = {
        FollowUpKind.ATTACHMENT: connection.attach is Attach.SUMMARY and link.capabilities.attachments,
        FollowUpKind.WRITE_BACK: connection.write_back,
    }
    return frozenset(kind for kind, is_wanted in wanted.items() if is_wanted and connection.mode is Mode.LIVE)
