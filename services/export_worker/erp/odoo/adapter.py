"""Odoo behind the port.

The key is an external id, and the invoice is made by `load`, because one call of it is one transaction that makes
the invoice, its lines and the external id together: there is no moment at which one stands without the other. Since
a plain `load` was seen to change a posted invoice without a word, each create looks first, and the call carries
`mode: update` and `noupdate`, with which Odoo leaves whatever already has the external id as it is and answers its
id. So a late or repeated create can neither make a second invoice nor touch the first.
"""

import base64
from collections.abc import Callable, Coroutine, Sequence
from datetime import date, datetime
from typing import Any

from services.export_worker import timekeeping
from services.export_worker.core.capabilities import Capabilities, Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import (
    Done,
    Failure,
    Found,
    LookUpFailure,
    Outcome,
    Refusal,
    Refused,
    Reread,
    Unavailable,
    Unknown,
    look_up_failure,
)
from services.export_worker.erp.adapter import Check, Choice, File, Place
from services.export_worker.erp.odoo.answers import outcome_of_load
from services.export_worker.erp.odoo.mapping import Targets, first_day_after, loaded, next_name, written
from services.export_worker.erp.odoo.periods import Periods
from services.export_worker.erp.odoo.reading import MOVE, Reader, Standing
from services.export_worker.erp.odoo.set_up import SetUp
from services.export_worker.erp.odoo.settings import OdooSecrets, OdooSettings
from services.export_worker.erp.odoo.targets import TargetFinder
from services.export_worker.erp.odoo.transport import Json2, JsonRpc, Odoo
from services.export_worker.erp.odoo.wire import (
    ANYTHING,
    IDS,
    LISTING,
    LOADED,
    YES,
    Loaded,
    Move,
    State,
)
from services.export_worker.erp.time_limit import within
from shared.connections.mappings import MappingKind

CREATE_ONLY = {"mode": "update", "noupdate": True}


class OdooAdapter:
    """One company of one Odoo. Raises pydantic's ValidationError for settings or secrets that do not fit."""

    def __init__(self, place: Place, now: Callable[[], datetime] = timekeeping.now) -> None:
        self.settings = OdooSettings.model_validate(dict(place.settings))
        secrets = OdooSecrets.model_validate(dict(place.secrets))
        speaks = JsonRpc if self.settings.api == "jsonrpc" else Json2
        self.odoo: Odoo = speaks(place, self.settings, secrets, now)
        self.targets = TargetFinder(self.odoo, self.settings)
        self.periods = Periods(self.odoo, self.settings)
        self.reader = Reader(self.odoo, self.settings)
        self.set_up = SetUp(self.odoo, self.settings, self.periods)

    @property
    def capabilities(self) -> Capabilities:
        """See OdooSettings."""
        return self.settings.capabilities()

    async def find(self, reference: str) -> Sequence[Found] | LookUpFailure:
        """By external id, and by the source document for invoices that lost theirs."""
        standing = await self.reader.standing(reference)
        shown = await self.reader.shown(standing.moves) if isinstance(standing, Standing) else standing
        return shown if isinstance(shown, list) else look_up_failure(shown)

    async def perform(
        self, step: Step, document: Document, ref: str | None, accepted: frozenset[str] = frozenset()
    ) -> Outcome:
        """CREATE or FINISH. Raises ValueError for a step that Odoo does not have: our own bug."""
        del accepted  # Odoo warns of nothing
        if step is Step.CREATE:
            return await self.within_time(self.create(document))
        if step is Step.FINISH and ref is not None:
            return await self.within_time(self.finish(ref, document))
        raise ValueError(f"Odoo cannot {step} with ref {ref!r}.")

    async def replace(self, ref: str, document: Document) -> Outcome:
        """Write over a draft. One that is posted meanwhile shows in the state that is read after it."""
        return await self.within_time(self.overwrite(ref, document))

    async def read(self, ref: str) -> Found | LookUpFailure | None:
        """The invoice as it stands."""
        move = await self.reader.move(ref)
        if not isinstance(move, Move):
            return move if move is None else look_up_failure(move)
        shown = await self.reader.shown([move])
        return shown[0] if isinstance(shown, list) else look_up_failure(shown)

    async def attach(self, ref: str, file: File) -> Outcome:
        """Look for the name first: Odoo takes the same file twice."""
        move = await self.reader.move(ref)
        if not isinstance(move, Move):
            return Reread(f"The invoice {ref} is gone.") if move is None else move
        mine = [["res_model", "=", MOVE], ["res_id", "=", move.id], ["name", "=", file.name]]
        there = await self.odoo.ask(LISTING, "ir.attachment", "search_read", domain=mine, fields=["display_name"])
        if not isinstance(there, tuple):
            return certainly_not_done(there)
        if there:
            return Done(ref)
        content = base64.b64encode(file.content).decode()
        values = {"name": file.name, "res_model": MOVE, "res_id": move.id, "datas": content}
        values["mimetype"] = file.content_type
        made = await self.odoo.ask(IDS, "ir.attachment", "create", vals_list=values, writes=True)
        return Done(ref) if isinstance(made, int | tuple) else made

    async def check(self) -> Sequence[Check]:
        """See SetUp."""
        return await self.set_up.check()

    async def prepare(self) -> Sequence[Check]:
        """The retainage account, where the settings name one that Odoo does not have."""
        return await self.set_up.prepare()

    async def choices(self, kind: MappingKind) -> Sequence[Choice] | LookUpFailure | None:
        """Customers, jobs, accounts, retainage accounts and taxes."""
        return await self.set_up.choices(kind)

    async def first_open_day(self, day: date) -> date | LookUpFailure | None:
        """Odoo closes everything up to its lock dates."""
        closed = await self.periods.closed_until()
        return first_day_after(closed, day) if isinstance(closed, date | None) else look_up_failure(closed)

    async def close(self) -> None:
        """Let go of connections."""
        await self.odoo.close()

    async def within_time(self, work: Coroutine[Any, Any, Outcome]) -> Outcome:
        """A step is several calls; together they take no longer than one."""
        outcome = await within(self.settings.call_time_limit_seconds, work)
        if isinstance(outcome, Refused):
            self.targets.forget()
        return outcome

    async def create(self, document: Document) -> Outcome:
        """A draft, unless something stands."""
        standing = await self.reader.standing(document.reference)
        if not isinstance(standing, Standing):
            return certainly_not_done(standing)
        live = [move.id for move in standing.moves if not move.is_cancelled]
        if live:
            return Reread(f"The invoice {live[0]} carries this reference already.")
        targets = await self.targets.of(document)
        if not isinstance(targets, Targets):
            return certainly_not_done(targets)
        external_id = f"{self.settings.module}.{next_name(document.reference, standing.names)}"
        fields, data = loaded(document, targets, external_id)
        made = await self.odoo.ask(LOADED, MOVE, "load", fields=fields, data=data, context=CREATE_ONLY, writes=True)
        return outcome_of_load(made) if isinstance(made, Loaded) else made

    async def finish(self, ref: str, document: Document) -> Outcome:
        """Post. Odoo would move an invoice of a closed period to a later day, so that is looked at before."""
        move = await self.reader.move(ref)
        if not isinstance(move, Move) or move.state is not State.DRAFT:
            return posted_or_not(ref, move)
        closed = await self.periods.closed_until()
        if not isinstance(closed, date | None):
            return certainly_not_done(closed)
        if closed is not None and document.invoice_date <= closed:
            return period_closed(closed)
        posted = await self.odoo.ask(ANYTHING, MOVE, "action_post", ids=[move.id], writes=True)
        if isinstance(posted, Reread):
            return posted_or_not(ref, await self.reader.move(ref))
        return posted if isinstance(posted, Failure) else Done(ref)

    async def overwrite(self, ref: str, document: Document) -> Outcome:
        """Only where it is a draft before and after."""
        before = await self.reader.move(ref)
        if not isinstance(before, Move) or before.state is not State.DRAFT:
            return still_a_draft(ref, before)
        targets = await self.targets.of(document)
        if not isinstance(targets, Targets):
            return certainly_not_done(targets)
        vals = written(document, targets)
        done = await self.odoo.ask(YES, MOVE, "write", ids=[before.id], vals=vals, writes=True)
        if not isinstance(done, bool):
            return done
        after = await self.reader.move(ref)
        return Unknown(after.text) if isinstance(after, LookUpFailure) else still_a_draft(ref, after)


def posted_or_not(ref: str, move: Move | LookUpFailure | None) -> Outcome:
    """What posting comes to by the state that was read."""
    if isinstance(move, Move) and move.state is State.POSTED:
        return Done(ref)
    return still_a_draft(ref, move) if not isinstance(move, Move) else Reread(f"The invoice {ref} is {move.state}.")


def still_a_draft(ref: str, move: Move | LookUpFailure | None) -> Outcome:
    """Done where it is; else somebody was faster."""
    if isinstance(move, Move):
        return Done(ref) if move.state is State.DRAFT else Reread(f"The invoice {ref} is {move.state}.")
    return Reread(f"The invoice {ref} is gone.") if move is None else certainly_not_done(move)


def certainly_not_done(failure: Failure) -> Failure:
    """A look that failed before anything was written."""
    return Unavailable(failure.text) if isinstance(failure, Unknown) else failure


def period_closed(closed: date) -> Refused:
    """Before Odoo dates it anew by itself."""
    text = (
        f"Odoo's books are closed up to {closed}. Move the lock date, or change the connection's accounting-date"
        " rule, then replay."
    )
    return Refused(Refusal.PERIOD_CLOSED, text, "invoice_date")
