"""Sage by import files behind the port. Creating adds a line to the open batch; a person or an agent confirms it.

Batches do not wait for each other: one collects at a time, and every reference is in one file only, so that a batch
which nobody confirms holds back nothing but its own invoices.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from functools import partial
from typing import TypeVar

from services.export_worker import timekeeping
from services.export_worker.core.capabilities import Capabilities, Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import (
    Done,
    Found,
    LookUpFailure,
    Outcome,
    Refusal,
    Refused,
    Unavailable,
    Unknown,
)
from services.export_worker.erp.adapter import Check, CheckResult, Choice, File, Place
from services.export_worker.erp.sage_file import inspection, sending
from services.export_worker.erp.sage_file.durable import NotDone
from services.export_worker.erp.sage_file.layout import invoice_text
from services.export_worker.erp.sage_file.outbox import Outbox
from services.export_worker.erp.sage_file.settings import CALL_SECONDS, NoSecrets, SageSettings
from services.export_worker.erp.sage_file.text import Unwritable
from shared.connections.mappings import MappingKind

Answer = TypeVar("Answer")
THREADS = 4


class SageFileAdapter:
    """One outbox. Raises pydantic's ValidationError for settings or secrets that do not fit."""

    def __init__(self, place: Place, now: Callable[[], datetime] = timekeeping.now) -> None:
        self.settings = SageSettings.model_validate(dict(place.settings))
        NoSecrets.model_validate(dict(place.secrets))
        self.outbox = Outbox(place.connection, self.settings)
        self.now = now
        self.time_limit = CALL_SECONDS
        # Its own threads: a share that hangs must not stop the other connections' work (law 9).
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix=f"sage-{place.connection}")

    @property
    def capabilities(self) -> Capabilities:
        """See SageSettings."""
        return self.settings.capabilities()

    async def find(self, reference: str) -> Sequence[Found] | LookUpFailure:
        """What was confirmed under `reference`, and what may go again; nothing of a batch that waits."""
        return await self.looked(partial(self.found, reference))

    async def perform(
        self, step: Step, document: Document, ref: str | None, accepted: frozenset[str] = frozenset()
    ) -> Outcome:
        """CREATE. Raises ValueError for a step that this ERP does not have: our own bug."""
        if step is not Step.CREATE:
            raise ValueError(f"Sage by files cannot {step} with ref {ref!r}.")
        try:
            return await self.apart(partial(self.create, document, accepted))
        except Unwritable as unwritable:
            return unwritable.refused
        except NotDone as error:
            return Unavailable(str(error))
        except OSError as error:
            return Unknown(f"The outbox did not answer in full: {error or type(error).__name__}")

    async def replace(self, ref: str, document: Document) -> Outcome:
        """What shows as a draft was thrown away or refused: the next create carries the new content."""
        del document
        return Done(ref)

    async def read(self, ref: str) -> Found | LookUpFailure | None:
        """The line, once somebody told what became of it."""
        return await self.looked(partial(self.line, ref))

    async def attach(self, ref: str, file: File) -> Outcome:
        """Import files carry none."""
        return Refused(Refusal.UNSUPPORTED, f"Import files carry no attachments: {file.name} cannot go with {ref}.")

    async def check(self) -> Sequence[Check]:
        """Folder, rights, space, owner, template, and which batches wait."""
        return await self.checked(partial(inspection.checks, self.outbox))

    async def prepare(self) -> Sequence[Check]:
        """Make the outbox where its parent folder is there."""
        return await self.checked(partial(inspection.prepared, self.outbox))

    async def choices(self, kind: MappingKind) -> Sequence[Choice] | LookUpFailure | None:
        """Files tell no lists."""
        del kind
        return None

    async def first_open_day(self, day: date) -> date | LookUpFailure | None:
        """Never asked, by the capabilities. Raises ValueError: our own bug."""
        raise ValueError(f"files do not tell whether {day} is open")

    async def close(self) -> None:
        """Let go of the threads; one that a share holds up does not hold up us."""
        self.threads.shutdown(wait=False, cancel_futures=True)

    def found(self, reference: str) -> list[Found]:
        with self.outbox.visit(self.now()) as visit:
            return sending.found(visit.known(lambda line: line.reference == reference))

    def line(self, ref: str) -> Found | None:
        with self.outbox.visit(self.now()) as visit:
            known = visit.known(lambda line: line.ref == ref)
            return sending.shown(known[0]) if known else None

    def create(self, document: Document, accepted: frozenset[str]) -> Outcome:
        now = self.now()
        with self.outbox.visit(now) as visit:
            answer = sending.judged(document, visit.known(partial(sending.concerns, document)), accepted)
            if isinstance(answer, sending.PassOn):
                visit.tell(answer.known)
                return answer.refused
            if answer is not None:
                return answer
            added = visit.add(document, partial(invoice_text, settings=self.settings), now)
            with contextlib.suppress(OSError):  # it is in the manifest; the next visit closes what is full
                visit.settle(now)
            return sending.handed_over(added)

    async def looked(self, look: Callable[[], Answer]) -> Answer | LookUpFailure:
        try:
            return await self.apart(look)
        except OSError as error:
            return Unavailable(f"The outbox cannot be read: {error or type(error).__name__}")

    async def checked(self, look: Callable[[], Sequence[Check]]) -> Sequence[Check]:
        try:
            return await self.apart(look)
        except OSError as error:
            return [Check("outbox", CheckResult.WRONG, str(error), "see that the share is mounted and answers")]

    async def apart(self, work: Callable[[], Answer]) -> Answer:
        """In a thread, for as long as a call may take. Raises what `work` raises, or an OSError that leaves it open."""
        try:
            async with asyncio.timeout(self.time_limit):
                return await asyncio.get_running_loop().run_in_executor(self.threads, work)
        except TimeoutError:
            raise OSError(f"{self.outbox.folder} does not answer: the share that it is on may hang") from None
