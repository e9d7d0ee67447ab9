"""Tryton behind the port: unchanged, or with our module. Proven on real servers, see `about`."""

from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from services.export_worker import timekeeping
from services.export_worker.core.capabilities import Capabilities, Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import (
    Done,
    Failure,
    Found,
    LookUpFailure,
    Outcome,
    Reread,
    Unknown,
    look_up_failure,
)
from services.export_worker.erp.adapter import Check, Choice, File, Place
from services.export_worker.erp.time_limit import within
from services.export_worker.erp.tryton.answers import Misunderstood
from services.export_worker.erp.tryton.checking import Checks
from services.export_worker.erp.tryton.company import Books
from services.export_worker.erp.tryton.lists import choices, first_open_day
from services.export_worker.erp.tryton.mapping import invoice_values, lines_written, taxes_written
from services.export_worker.erp.tryton.reading import Reader
from services.export_worker.erp.tryton.retainage import Retainage
from services.export_worker.erp.tryton.settings import TrytonSecrets, TrytonSettings
from services.export_worker.erp.tryton.targets import targets_of
from services.export_worker.erp.tryton.transport import Stopped, Tryton
from services.export_worker.erp.tryton.wire import IDS, NOTHING, STANDS_POSTED, Named, State, file
from shared.connections.mappings import MappingKind

Result = TypeVar("Result")


class TrytonAdapter:
    """One company of one Tryton. Raises pydantic's ValidationError for settings or secrets that do not fit."""

    def __init__(self, place: Place, now: Callable[[], datetime] = timekeeping.now) -> None:
        self.settings = TrytonSettings.model_validate(dict(place.settings))
        secrets = TrytonSecrets.model_validate(dict(place.secrets))
        self.tryton = Tryton(place, self.settings, secrets, now)
        self.books = Books(self.tryton, self.settings)
        self.reader = Reader(self.books, self.settings)
        self.retainage = Retainage(self.tryton, self.books, self.reader, self.settings)
        self.checks = Checks(self.tryton, self.books, self.settings, now)

    @property
    def capabilities(self) -> Capabilities:
        """See TrytonSettings."""
        return self.settings.capabilities()

    async def find(self, reference: str) -> Sequence[Found] | LookUpFailure:
        """All customer invoices that carry exactly `reference`, cancelled and credited ones too."""
        return await looked_up(self.reader.under(reference))

    async def perform(
        self, step: Step, document: Document, ref: str | None, accepted: frozenset[str] = frozenset()
    ) -> Outcome:
        """One step. Raises ValueError for one that this variant does not have: our own bug."""
        if step not in self.capabilities.steps or (ref is None) is not (step is Step.CREATE):
            raise ValueError(f"Tryton cannot {step} with ref {ref!r}.")
        work = self.create(document, accepted) if ref is None else self.go_on(step, document, ref, accepted)
        return await self.in_time(self.performed(step, document, work))

    async def replace(self, ref: str, document: Document) -> Outcome:
        """Overwrite a draft, lines and taxes included; one that is posted meanwhile is a Reread."""
        return await self.in_time(outcome(self.overwrite(ref, document)))

    async def read(self, ref: str) -> Found | LookUpFailure | None:
        """The invoice as it stands."""
        return await looked_up(self.reader.at(ref))

    async def attach(self, ref: str, file: File) -> Outcome:
        """Look for the name first: Tryton takes the same file twice."""
        return await self.in_time(outcome(self.add_file(ref, file)))

    async def check(self) -> Sequence[Check]:
        """See Checks."""
        return await self.checks.all()

    async def prepare(self) -> Sequence[Check]:
        """See Checks."""
        return await self.checks.prepare()

    async def choices(self, kind: MappingKind) -> Sequence[Choice] | LookUpFailure | None:
        """Customers, revenue accounts, retainage accounts."""
        return await looked_up(choices(self.books, kind, has_module=self.settings.module))

    async def first_open_day(self, day: date) -> date | LookUpFailure | None:
        """The first with an open period that is not before the last number of its year."""
        return await looked_up(first_open_day(self.books, day))

    async def close(self) -> None:
        """Let go of connections."""
        await self.tryton.close()

    async def in_time(self, work: Coroutine[Any, Any, Outcome]) -> Outcome:
        """What is several calls takes no longer than one."""
        return await within(self.settings.call_time_limit_seconds, work)

    async def performed(self, step: Step, document: Document, work: Awaitable[str]) -> Outcome:
        """What the step came to; where Tryton misses something, what stands tells that nothing was done."""
        told = await outcome(work)
        if not isinstance(told, Misunderstood):
            return told
        standing = await self.find(document.reference)
        if isinstance(standing, LookUpFailure):
            return Unknown(told.text)
        stands = any(step in one.done for one in standing if not one.cancelled)
        return Reread(f"It stands all the same. {told.text}") if stands else told.refused

    async def create(self, document: Document, accepted: Collection[str]) -> str:
        """A draft."""
        values = await self.written(document)
        company = (await self.books.company()).id
        values |= {"type": "out", "company": company}
        context = await self.books.context()
        made = await self.tryton.do(IDS, "model.account.invoice.create", [values], context, accepted=accepted)
        return str(made[0])

    async def go_on(self, step: Step, document: Document, ref: str, accepted: Collection[str]) -> str:
        """What follows once the draft is there."""
        match step:
            case Step.FINISH:
                await self.finish(ref, accepted)
            case Step.RECLASSIFY:
                await self.retainage.reclassify(ref, document, accepted)
            case _:
                await self.retainage.settle(ref)
        return ref

    async def finish(self, ref: str, accepted: Collection[str]) -> None:
        """Post. Posted before is as good."""
        context = await self.books.context()
        try:
            await self.tryton.do(NOTHING, "model.account.invoice.post", [number(ref)], context, accepted=accepted)
        except Stopped as stopped:
            if not isinstance(stopped.failure, Reread) or not await self.is_posted(ref):
                raise

    async def is_posted(self, ref: str) -> bool:
        """As it stands now."""
        invoice = await self.reader.invoice(ref)
        return invoice is not None and invoice.state in STANDS_POSTED

    async def overwrite(self, ref: str, document: Document) -> str:
        """Old lines and taxes go, new ones come, in one transaction of Tryton's."""
        invoice = await self.reader.invoice(ref)
        if invoice is None or invoice.state is not State.DRAFT:
            raise Stopped(Reread(f"Invoice {ref} is not a draft in Tryton any more."))
        values = await self.written(document)
        for name, old in (("lines", invoice.lines), ("taxes", invoice.taxes)):
            values[name] = [["delete", list(old)], *values[name]] if old else values[name]
        context = await self.books.context()
        await self.tryton.do(NOTHING, "model.account.invoice.write", [invoice.id], values, context)
        return ref

    async def written(self, document: Document) -> dict[str, Any]:
        """The document in Tryton's words."""
        module = self.settings.module
        targets = await targets_of(self.books, self.settings, document)
        rows = {"lines": lines_written(document, targets, module=module), "taxes": taxes_written(document, targets)}
        return invoice_values(document, targets, module=module) | {
            name: [["create", values]] if values else [] for name, values in rows.items()
        }

    async def add_file(self, ref: str, attached: File) -> str:
        """Once."""
        invoice = await self.reader.invoice(ref)
        if invoice is None:
            raise Stopped(Reread(f"Invoice {ref} is gone."))
        same = [["resource", "=", invoice.origin], ["name", "=", attached.name]]
        if not await self.books.rows(Named, "ir.attachment", same, "name"):
            values = {"name": attached.name, "type": "data", "resource": invoice.origin, "data": file(attached.content)}
            context = await self.books.context()
            await self.tryton.do(IDS, "model.ir.attachment.create", [values], context)
        return ref


async def outcome(work: Awaitable[str]) -> Outcome:
    """The id of what is done, or why not."""
    try:
        return Done(await work)
    except Stopped as stopped:
        return stopped.failure


async def looked_up(work: Awaitable[Result]) -> Result | LookUpFailure:
    """What was seen, or why nothing was."""
    try:
        return await work
    except Stopped as stopped:
        return look_up_failure(stopped.failure)


def number(ref: str) -> int:
    """Tryton's own id. Raises Stopped for what can be none."""
    if not (ref.isascii() and ref.isdecimal()):
        raise Stopped(not_ours(ref))
    return int(ref)


def not_ours(ref: str) -> Failure:
    """Nothing stands under it."""
    return Reread(f"{ref} is no invoice of Tryton's.")
