"""The ERP sandbox behind the port. Also the pattern for real ERPs: adapter, answers, mapping, wire, settings, about."""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ValidationError

from services.export_worker import timekeeping
from services.export_worker.core.capabilities import Capabilities, Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import (
    AuthExpired,
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
from services.export_worker.erp.adapter import Check, CheckResult, Choice, File, Place
from services.export_worker.erp.http import NO_ACCESS, Answer, Call, Door, Session
from services.export_worker.erp.sandbox.answers import NOT_FOUND, failure_of, says
from services.export_worker.erp.sandbox.mapping import day_open, found, written
from services.export_worker.erp.sandbox.settings import SandboxSecrets, SandboxSettings
from services.export_worker.erp.sandbox.wire import Listed, Listing, Periods, Receivable, Receivables, State, Token
from shared.connections.mappings import MappingKind

Shape = TypeVar("Shape", bound=BaseModel)
LISTS = {MappingKind.CUSTOMER: "customers", MappingKind.JOB: "jobs"}


class SandboxErpAdapter:
    """One book of the ERP sandbox. Raises pydantic's ValidationError for settings or secrets that do not fit."""

    def __init__(self, place: Place, now: Callable[[], datetime] = timekeeping.now) -> None:
        self.settings = SandboxSettings.model_validate(dict(place.settings))
        self.secrets = SandboxSecrets.model_validate(dict(place.secrets))
        base_url = f"{self.settings.url.rstrip('/')}/books/{self.settings.book}"
        self.session = Session(self.log_in)
        self.door = Door(place, self.settings, base_url=base_url, log_in=self.session)
        self.now = now

    @property
    def capabilities(self) -> Capabilities:
        """See SandboxSettings."""
        return self.settings.capabilities()

    async def find(self, reference: str) -> Sequence[Found] | LookUpFailure:
        """All receivables that carry exactly `reference`."""
        query = urlencode({"external_reference": reference})
        answer = await self.asked("GET", f"/receivables?{query}", Receivables)
        if not isinstance(answer, Receivables):
            return look_up_failure(answer)
        return [found(one) for one in answer.receivables if one.external_reference == reference]

    async def perform(
        self, step: Step, document: Document, ref: str | None, accepted: frozenset[str] = frozenset()
    ) -> Outcome:
        """CREATE or FINISH. Raises ValueError for a step that this ERP does not have: our own bug."""
        if step is Step.CREATE:
            return await self.create(document, accepted)
        if step is Step.FINISH and ref is not None:
            return await self.finish(ref, accepted)
        raise ValueError(f"The ERP sandbox cannot {step} with ref {ref!r}.")

    async def replace(self, ref: str, document: Document) -> Outcome:
        """Overwrite a draft; one that is posted meanwhile is a Reread."""
        return self.done(await self.asked("PUT", path_of(ref), Receivable, written(document, ())))

    async def read(self, ref: str) -> Found | LookUpFailure | None:
        """The receivable as the ERP shows it."""
        receivable = await self.shown(ref)
        return found(receivable) if isinstance(receivable, Receivable) else receivable

    async def attach(self, ref: str, file: File) -> Outcome:
        """Look for the name first: this ERP takes the same file twice."""
        receivable = await self.shown(ref)
        if receivable is None:
            return Reread(f"The receivable {ref} is gone.")
        if not isinstance(receivable, Receivable):
            return receivable
        if any(attached.name == file.name for attached in receivable.attachments):
            return Done(ref)
        body = {
            "name": file.name,
            "content_type": file.content_type,
            "content_base64": base64.b64encode(file.content).decode(),
        }
        return self.done(await self.asked("POST", f"{path_of(ref)}/attachments", Receivable, body))

    async def prepare(self) -> Sequence[Check]:
        """This ERP needs nothing."""
        return []

    async def check(self) -> Sequence[Check]:
        """Log-in and periods."""
        open_day = await self.first_open_day(self.now().date())
        if isinstance(open_day, LookUpFailure):
            return [Check("log-in", CheckResult.WRONG, open_day.text, "see that it runs, and the client secret")]
        seen = "none is open" if open_day is None else f"open from {open_day}"
        period = CheckResult.WRONG if open_day is None else CheckResult.OK
        remedy = "open a period" if open_day is None else ""
        return [Check("log-in", CheckResult.OK, "accepted"), Check("periods", period, seen, remedy)]

    async def choices(self, kind: MappingKind) -> Sequence[Choice] | LookUpFailure | None:
        """Customers and jobs."""
        if kind not in LISTS:
            return None
        answer = await self.asked("GET", f"/{LISTS[kind]}", Listing)
        if not isinstance(answer, Listing):
            return look_up_failure(answer)
        return [chosen(one) for one in answer.entries]

    async def first_open_day(self, day: date) -> date | LookUpFailure | None:
        """This ERP closes everything up to one day."""
        answer = await self.asked("GET", "/periods", Periods)
        return day_open(answer, day) if isinstance(answer, Periods) else look_up_failure(answer)

    async def close(self) -> None:
        """Let go of connections."""
        await self.door.close()

    async def log_in(self) -> str | LookUpFailure:
        """A fresh token."""
        call = Call("POST", "/token", {"client_secret": self.secrets.client_secret.get_secret_value()}, writes=False)
        answer = await self.door.send(call, None)
        if not isinstance(answer, Answer):
            return Unavailable(f"Log-in: {answer.text}")
        if answer.status in {400, NO_ACCESS, 403}:
            return AuthExpired("The ERP refuses the client secret.")
        try:
            return f"Bearer {Token.model_validate(answer.body).access_token}"
        except ValidationError:
            return Unavailable(f"Log-in: the ERP answered {answer.status} without a token.")

    async def create(self, document: Document, accepted: frozenset[str]) -> Outcome:
        """A draft. With a replay key the ERP may answer what it made before, even if that was cancelled."""
        headers = {"Idempotency-Key": document.request_key} if self.settings.replay_key else {}
        body = written(document, accepted)
        made = await self.asked("POST", "/receivables", Receivable, body, headers)
        if not isinstance(made, Receivable):
            return made
        if made.external_reference != document.reference:
            return Unknown(f"The ERP answered about {made.id}, which carries another reference.")
        if made.state is State.CANCELLED:
            text = f"The ERP repeats {made.id}, which was cancelled there: replay afresh."
            return Refused(Refusal.NOT_ALLOWED, text)
        return Done(made.id)

    async def finish(self, ref: str, accepted: frozenset[str]) -> Outcome:
        """Post. Posted before is as good."""
        path, body = f"{path_of(ref)}/post", {"acknowledge": sorted(accepted)}
        answer = await self.door.call(Call("POST", path, body))
        if isinstance(answer, Answer) and says(answer, "already_posted"):
            return Done(ref)
        return self.done(self.parsed(answer, Receivable))

    def done(self, receivable: Receivable | Failure) -> Outcome:
        """Its id, or why not."""
        return Done(receivable.id) if isinstance(receivable, Receivable) else receivable

    async def shown(self, ref: str) -> Receivable | LookUpFailure | None:
        """One receivable; None when the ERP says it is not there."""
        answer = await self.door.call(Call("GET", path_of(ref), writes=False))
        if isinstance(answer, Answer) and answer.status == NOT_FOUND and says(answer, "not_found"):
            return None
        receivable = self.parsed(answer, Receivable)
        return receivable if isinstance(receivable, Receivable) else look_up_failure(receivable)

    async def asked(
        self,
        method: str,
        path: str,
        shape: type[Shape],
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Shape | Failure:
        """One call and what it says."""
        call = Call(method, path, body, headers or {}, writes=method != "GET")
        return self.parsed(await self.door.call(call), shape)

    def parsed(self, answer: Answer | LookUpFailure, shape: type[Shape]) -> Shape | Failure:
        """The wanted shape, or what stands in its place. A success that cannot be read leaves it open."""
        if not isinstance(answer, Answer):
            return answer
        failure = failure_of(answer, self.now())
        if failure is not None:
            return failure
        try:
            return shape.model_validate(answer.body)
        except ValidationError:
            return Unknown("The ERP claims success with a body that cannot be read.")


def chosen(entry: Listed) -> Choice:
    """One customer or job."""
    return Choice(entry.id, entry.name)


def path_of(ref: str) -> str:
    """The receivable's path; a ref never reaches out of it."""
    return f"/receivables/{quote(ref, safe='')}"
