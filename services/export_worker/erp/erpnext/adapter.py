"""ERPNext behind the port.

The key is a field of our own with a unique index, so the database decides between creates at the same time. A draft
is made first and submitted in a second call, although ERPNext could do both at once: the totals that it comes to are
compared in between, and what is submitted can only be cancelled, never mended.
"""

import base64
import re
from collections.abc import Callable, Coroutine, Sequence
from datetime import date, datetime
from pathlib import PurePath
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
from services.export_worker.erp.erpnext import lists
from services.export_worker.erp.erpnext.answers import NO_FIELD, Crashed, Taken
from services.export_worker.erp.erpnext.mapping import (
    DRAFT,
    SUBMITTED,
    created,
    named_in,
    next_mark,
    replaced,
    unmapped,
)
from services.export_worker.erp.erpnext.periods import Periods
from services.export_worker.erp.erpnext.reading import SALES_INVOICE, Marked, Reader
from services.export_worker.erp.erpnext.set_up import SetUp
from services.export_worker.erp.erpnext.settings import ErpNextSecrets, ErpNextSettings
from services.export_worker.erp.erpnext.site import Site
from services.export_worker.erp.erpnext.wire import Attached, Invoice, Named
from services.export_worker.erp.time_limit import within
from shared.connections.mappings import MappingKind

FILE = "File"


class ErpNextAdapter:
    """One company of one ERPNext site. Raises pydantic's ValidationError for settings or secrets that do not fit."""

    def __init__(self, place: Place, now: Callable[[], datetime] = timekeeping.now) -> None:
        self.settings = ErpNextSettings.model_validate(dict(place.settings))
        secrets = ErpNextSecrets.model_validate(dict(place.secrets))
        self.site = Site(place, self.settings, secrets, now)
        self.reader = Reader(self.site, self.settings)
        self.periods = Periods(self.site, self.settings)
        self.set_up = SetUp(self.site, self.settings, self.periods, now)

    @property
    def capabilities(self) -> Capabilities:
        """See ErpNextSettings."""
        return self.settings.capabilities()

    async def find(self, reference: str) -> Sequence[Found] | LookUpFailure:
        """By our field."""
        marked = await self.reader.marked(reference)
        standing = await self.reader.standing(marked) if isinstance(marked, list) else marked
        return standing if isinstance(standing, list) else look_up_failure(standing)

    async def perform(
        self, step: Step, document: Document, ref: str | None, accepted: frozenset[str] = frozenset()
    ) -> Outcome:
        """CREATE or FINISH. Raises ValueError for a step that ERPNext does not have: our own bug."""
        del accepted  # ERPNext asks nothing
        if step is Step.CREATE:
            return refused_by_us(document, self.settings) or await self.within_time(self.create(document))
        if step is Step.FINISH and ref is not None:
            return await self.within_time(self.finish(ref, document))
        raise ValueError(f"ERPNext cannot {step} with ref {ref!r}.")

    async def replace(self, ref: str, document: Document) -> Outcome:
        """Write over the draft that stands now; one that is changed or submitted meanwhile is a Reread."""
        return refused_by_us(document, self.settings) or await self.within_time(self.overwrite(ref, document))

    async def read(self, ref: str) -> Found | LookUpFailure | None:
        """The invoice as it stands."""
        shown = await self.reader.shown(ref)
        return look_up_failure(shown) if isinstance(shown, Failure) else shown

    async def attach(self, ref: str, file: File) -> Outcome:
        """Look for the name first: ERPNext takes the same file twice."""
        invoice = await self.reader.invoice(ref)
        if not isinstance(invoice, Invoice):
            return Reread(f"The invoice {ref} is gone.") if invoice is None else certainly_not_done(invoice)
        mine = [("attached_to_doctype", "=", SALES_INVOICE), ("attached_to_name", "=", ref)]
        there = await self.site.listed(FILE, Attached, mine, ["file_name"])
        if not isinstance(there, list):
            return certainly_not_done(there)
        if any(is_named(file.name, one.file_name) for one in there):
            return Done(ref)
        made = await self.site.insert(FILE, file_written(ref, file), Named)
        return Done(ref) if isinstance(made, Named) else made

    async def check(self) -> Sequence[Check]:
        """See SetUp."""
        return await self.set_up.check()

    async def prepare(self) -> Sequence[Check]:
        """Our field, and the retainage account where the settings say below which group."""
        return await self.set_up.prepare()

    async def choices(self, kind: MappingKind) -> Sequence[Choice] | LookUpFailure | None:
        """See lists."""
        return await lists.choices(self.site, self.settings.company, kind)

    async def first_open_day(self, day: date) -> date | LookUpFailure | None:
        """See Periods."""
        return await self.periods.first_open_day(day)

    async def close(self) -> None:
        """Let go of connections."""
        await self.site.close()

    async def within_time(self, work: Coroutine[Any, Any, Outcome]) -> Outcome:
        """A step is several calls; together they take no longer than one."""
        return await within(self.settings.call_time_limit_seconds, work)

    async def create(self, document: Document) -> Outcome:
        """A draft, unless something stands. The look before it also proves that our field is there at all."""
        standing = await self.standing(document)
        if not isinstance(standing, list):
            return standing
        field = self.settings.reference_field
        mark = next_mark(document.reference, [one.mark(field) for one in standing])
        body = created(document, self.settings, mark)
        made = await self.site.insert(SALES_INVOICE, body, Marked, period_of(document))
        if isinstance(made, Crashed):
            return await self.explained(document, made, since=standing)
        if isinstance(made, Taken):
            return await self.taken(document, made, since=standing)
        if not isinstance(made, Marked):
            return made
        return Done(made.name) if made.mark(field) == mark else unmarked(made.name)

    async def standing(self, document: Document) -> list[Marked] | Failure:
        """The cancelled ones under the reference; a Reread when one is not cancelled."""
        marked = await self.reader.marked(document.reference)
        if not isinstance(marked, list):
            return certainly_not_done(marked)
        told = await self.reader.standing(marked)
        if not isinstance(told, list):
            return certainly_not_done(told)
        live = [one.ref for one in told if not one.cancelled]
        return Reread(f"The invoice {live[0]} carries this reference already.") if live else marked

    async def taken(self, document: Document, told: Taken, since: list[Marked]) -> Outcome:
        """As a rule another worker was faster. Where nothing new stands, it is some other field that is not unique."""
        marked = await self.reader.marked(document.reference)
        if not isinstance(marked, list) or len(marked) != len(since):
            return Reread(told.text)
        return Refused(
            Refusal.DUPLICATE_NUMBER, f"Another invoice in ERPNext has a value that must be unique. {told.text}"
        )

    async def explained(self, document: Document, crash: Crashed, since: list[Marked]) -> Outcome:
        """ERPNext crashes where it misses something: see that nothing was made, then look for what is not there."""
        marked = await self.reader.marked(document.reference)
        if not isinstance(marked, list):
            return Unknown(crash.text)
        if len(marked) != len(since):
            return Reread("ERPNext failed inside, and yet an invoice stands.")
        for doctype, name in named_in(document, self.settings):
            if await self.site.read(doctype, name, Named) is None:
                text = (
                    f"{doctype} {name!r} does not exist in ERPNext. Correct the mapping or the settings, then replay."
                )
                return Refused(Refusal.MISSING_MAPPING, text)
        return Refused(crash.refusal, crash.text)

    async def finish(self, ref: str, document: Document) -> Outcome:
        """Submit the very version that is read here. Submitted before is as good."""
        invoice = await self.reader.invoice(ref)
        if not isinstance(invoice, Invoice) or invoice.docstatus != DRAFT:
            return submitted_or_not(ref, invoice)
        body = {"docstatus": SUBMITTED, "modified": invoice.modified}
        done = await self.site.change(SALES_INVOICE, ref, body, Named, period_of(document))
        if isinstance(done, Reread):
            return submitted_or_not(ref, await self.reader.invoice(ref))
        if isinstance(done, Crashed):
            return crashed_or_not(ref, done, invoice, await self.reader.invoice(ref))
        return Done(ref) if isinstance(done, Named) else done

    async def overwrite(self, ref: str, document: Document) -> Outcome:
        """With the draft's own time of change, so that nobody's work is lost."""
        invoice = await self.reader.invoice(ref)
        if not isinstance(invoice, Invoice) or invoice.docstatus != DRAFT:
            return no_draft(ref, invoice)
        body = replaced(document, self.settings, invoice.modified)
        done = await self.site.change(SALES_INVOICE, ref, body, Named, period_of(document))
        return Done(ref) if isinstance(done, Named) else done


def refused_by_us(document: Document, settings: ErpNextSettings) -> Refused | None:
    """What ERPNext would take in a way that nobody means."""
    missing = unmapped(document, settings)
    if missing is not None:
        return Refused(Refusal.MISSING_MAPPING, f"For ERPNext {missing}. Map it, then replay.")
    owed = document.totals.receivable
    if owed < 0 or (not owed and not settings.zero_totals):
        text = f"ERPNext gets no invoice over {owed}. Make a credit note there, or settle it by hand."
        return Refused(Refusal.UNSUPPORTED, text)
    return None


def unmarked(name: str) -> Refused:
    """ERPNext drops a field that it does not know without a word; we delete nothing."""
    text = f"The draft {name} was made without our reference and would not be found again: delete it in ERPNext."
    return Refused(Refusal.NOT_ALLOWED, f"{text} {NO_FIELD}")


def submitted_or_not(ref: str, invoice: Invoice | Failure | None) -> Outcome:
    """What submitting comes to by what was read."""
    if isinstance(invoice, Invoice) and invoice.docstatus == SUBMITTED:
        return Done(ref)
    return no_draft(ref, invoice)


def crashed_or_not(ref: str, crash: Crashed, before: Invoice, now: Invoice | Failure | None) -> Outcome:
    """A crash as a rule left the draft as it was; whether it did is seen."""
    if isinstance(now, Failure):
        return Unknown(crash.text)
    if now is not None and now.modified == before.modified:
        return Refused(crash.refusal, crash.text)
    return submitted_or_not(ref, now)


def no_draft(ref: str, invoice: Invoice | Failure | None) -> Outcome:
    """Somebody was faster, or nobody could tell."""
    if isinstance(invoice, Failure):
        return certainly_not_done(invoice)
    return Reread(f"The invoice {ref} is {'gone' if invoice is None else 'not the draft that it was'}.")


def certainly_not_done(failure: Failure) -> Failure:
    """A look that failed before anything was written."""
    return Unavailable(failure.text) if isinstance(failure, Unknown) else failure


def period_of(document: Document) -> str:
    """As a bookkeeper calls it."""
    return f"Period {document.invoice_date:%Y-%m}"


def file_written(ref: str, file: File) -> dict[str, Any]:
    """A private file in base64."""
    content = base64.b64encode(file.content).decode()
    belongs = {"attached_to_doctype": SALES_INVOICE, "attached_to_name": ref}
    return {"file_name": file.name, **belongs, "is_private": 1, "content": content, "decode": 1}


def is_named(name: str, there: str) -> bool:
    """Whether this is our file: where a name is taken on the site, Frappe puts six letters of a hash behind it."""
    path = PurePath(name)
    return bool(re.fullmatch(f"{re.escape(path.stem)}([0-9a-f]{{6}})?{re.escape(path.suffix)}", there))
