"""QuickBooks Online behind the port: one write, which creates and posts at once."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, datetime
from urllib.parse import quote

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
)
from services.export_worker.erp import exact
from services.export_worker.erp.adapter import Check, Choice, File, Place
from services.export_worker.erp.http import Answer
from services.export_worker.erp.quickbooks_online import lists, setting_up
from services.export_worker.erp.quickbooks_online.answers import errors_in, failure_of, refused
from services.export_worker.erp.quickbooks_online.company import Company, versioned
from services.export_worker.erp.quickbooks_online.mapping import (
    WHERE_NUMBERS,
    carries,
    day_open,
    found,
    is_voided,
    mark_of,
    unmapped,
    written,
)
from services.export_worker.erp.quickbooks_online.query import quoted
from services.export_worker.erp.quickbooks_online.settings import QuickBooksSecrets, QuickBooksSettings
from services.export_worker.erp.quickbooks_online.upload import upload_of
from services.export_worker.erp.quickbooks_online.wire import Attachable, Invoice, Preferences
from services.export_worker.erp.time_limit import within
from shared.connections.mappings import MappingKind

NO_KEEPER = "quickbooks_online: TOKEN_ENCRYPTION_KEY is missing: QuickBooks' log-in is stored, and only encrypted"

NUMBERS_OFF = (
    "QuickBooks gives numbers itself while its custom transaction numbers are off, and ours, by which the invoice is "
    f"found again, would be lost. Switch them on there ({WHERE_NUMBERS}), then replay."
)
GONE_SINCE = "Invoice {} was made for this and has been voided or deleted in QuickBooks since: replay afresh."


class QuickBooksAdapter:
    """One QuickBooks company. Raises pydantic's ValidationError for settings or secrets that do not fit, and
    ValueError where nobody keeps its tokens.
    """

    def __init__(self, place: Place, now: Callable[[], datetime] = timekeeping.now) -> None:
        self.settings = QuickBooksSettings.model_validate(dict(place.settings))
        secrets = QuickBooksSecrets.model_validate(dict(place.secrets))
        if place.tokens is None:
            raise ValueError(NO_KEEPER)
        self.company = Company(place, self.settings, secrets, place.tokens, now)

    @property
    def capabilities(self) -> Capabilities:
        """See QuickBooksSettings."""
        return self.settings.capabilities()

    async def find(self, reference: str) -> Sequence[Found] | LookUpFailure:
        """By the mark at the end of the number; the note settles it."""
        rows = await self.company.query(Invoice, f"DocNumber like {quoted(f'%-{mark_of(reference)}')}")
        if not isinstance(rows, list):
            return rows
        return [found(one, self.settings.app_url) for one in rows if carries(one, reference)]

    async def perform(
        self,
        step: Step,
        document: Document,
        ref: str | None,
        accepted: frozenset[str] = frozenset(),
    ) -> Outcome:
        """CREATE. Raises ValueError for any other step, which QuickBooks does not have: our own bug."""
        if step is not Step.CREATE:
            raise ValueError(f"QuickBooks Online cannot {step} with ref {ref!r}.")
        del accepted  # QuickBooks asks nothing
        missing = unmapped(document)
        if missing is not None:
            return Refused(Refusal.MISSING_MAPPING, f"For QuickBooks {missing}. Map it, then replay.")
        return await self.create(document)

    async def replace(self, ref: str, document: Document) -> Outcome:
        """There are no drafts. Raises ValueError: our own bug."""
        raise ValueError(f"QuickBooks Online cannot replace {ref} with {document.reference}.")

    async def read(self, ref: str) -> Found | LookUpFailure | None:
        """The invoice as QuickBooks shows it."""
        invoice = await self.company.read(f"/invoice/{path_part(ref)}", Invoice)
        return found(invoice, self.settings.app_url) if isinstance(invoice, Invoice) else invoice

    async def attach(self, ref: str, file: File) -> Outcome:
        """Look for the name first: QuickBooks takes the same file twice."""
        invoice = await self.company.read(f"/invoice/{path_part(ref)}", Invoice)
        if invoice is None:
            return Reread(f"The invoice {ref} is gone from QuickBooks.")
        if not isinstance(invoice, Invoice):
            return invoice
        belongs = f"AttachableRef.EntityRef.Type = 'Invoice' and AttachableRef.EntityRef.value = {quoted(ref)}"
        attached = await self.company.query(Attachable, belongs)
        if not isinstance(attached, list):
            return attached
        if any(one.file_name == file.name for one in attached):
            return Done(ref)
        return self.uploaded(ref, await self.company.call(upload_of(ref, file, versioned("/upload"))))

    async def check(self) -> Sequence[Check]:
        """See setting_up."""
        return await setting_up.checks(self.company)

    async def prepare(self) -> Sequence[Check]:
        """The item for retainage, where the connection names its account."""
        return await setting_up.prepared(self.company)

    async def choices(self, kind: MappingKind) -> Sequence[Choice] | LookUpFailure | None:
        """See lists."""
        return await lists.choices(self.company, kind)

    async def first_open_day(self, day: date) -> date | LookUpFailure | None:
        """QuickBooks closes everything up to one day."""
        preferences = await self.company.read("/preferences", Preferences)
        return preferences if isinstance(preferences, LookUpFailure) else day_open(preferences or Preferences(), day)

    async def close(self) -> None:
        """Let go of connections."""
        await self.company.close()

    async def create(self, document: Document) -> Outcome:
        """An invoice, posted. All of it within one call's time; what is known by then is not given up."""
        limit = self.settings.call_time_limit_seconds
        deadline = asyncio.get_running_loop().time() + limit
        made = await within(limit, self.posted(document))
        try:
            async with asyncio.timeout_at(deadline):
                if isinstance(made, Invoice):
                    return await self.made_now(made)
                if isinstance(made, Refused) and made.refusal is Refusal.DUPLICATE_NUMBER:
                    return await self.number_taken(document, made)
                return made
        except TimeoutError:
            return Done(made.id) if isinstance(made, Invoice) else Reread("The number is taken in QuickBooks.")

    async def posted(self, document: Document) -> Invoice | Failure:
        """Where QuickBooks gives the numbers, nothing is written: no look-up would find it (see mapping)."""
        preferences = await self.company.read("/preferences", Preferences)
        if not isinstance(preferences, Preferences):
            return (
                Unavailable("QuickBooks shows no preferences.") if preferences is None else certainly_not(preferences)
            )
        if not preferences.sales_forms_prefs.custom_txn_numbers:
            return Refused(Refusal.NOT_ALLOWED, NUMBERS_OFF)
        return await self.company.write("/invoice", written(document), Invoice, document.request_key)

    async def made_now(self, made: Invoice) -> Outcome:
        """QuickBooks answers a repeated request with its first answer, even if the invoice was voided since.

        One with another number than ours is done too: its id is kept, and reading it back tells what is wrong.
        """
        standing = await self.company.read(f"/invoice/{path_part(made.id)}", Invoice)
        if standing is None or (isinstance(standing, Invoice) and is_voided(standing)):
            return Refused(Refusal.NOT_ALLOWED, GONE_SINCE.format(made.id))
        return Done(made.id)

    async def number_taken(self, document: Document, told: Refused) -> Outcome:
        """The number ends with our mark: as a rule its invoice is ours, from a call whose answer was lost."""
        standing = await self.find(document.reference)
        if isinstance(standing, LookUpFailure) or not all(one.cancelled for one in standing):
            return Reread(f"An invoice with this number stands in QuickBooks. {told.text}")
        return Refused(Refusal.NOT_ALLOWED, GONE_SINCE.format(standing[0].ref)) if standing else told

    def uploaded(self, ref: str, answer: Answer | LookUpFailure) -> Outcome:
        """A refusal of the file comes inside a success."""
        if not isinstance(answer, Answer):
            return answer
        failure = failure_of(answer, self.company.now())
        if failure is not None:
            return failure
        body = exact.read(answer.content)
        told = body.get("AttachableResponse") if isinstance(body, dict) else None
        if not isinstance(told, list) or not told:
            return Unknown("QuickBooks claims success with a body that cannot be read.")
        errors = errors_in(told[0])
        return refused(errors) if errors else Done(ref)


def certainly_not(failure: LookUpFailure) -> LookUpFailure:
    """A look that failed before anything was written."""
    return Unavailable(failure.text) if isinstance(failure, Unknown) else failure


def path_part(ref: str) -> str:
    """A ref never reaches out of its path."""
    return quote(ref, safe="")
