"""What the contract suite asks of whoever offers an ERP to run an adapter against.

`Harness` is the part that all share: faults ordered from the sandbox (or the proxy before a real ERP). A kind of ERP
adds how its adapter is made and how its own list of documents and its bookkeeper are reached. What an ERP cannot do
is skipped by name.
"""

import abc
import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, NoReturn

import pytest

from deploy.sandbox.faulty.control_client import FaultControl
from deploy.sandbox.faulty.orders import ErpStep, Fault, FaultKind
from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Done, LookUpFailure, Refusal
from services.export_worker.erp.adapter import ErpAdapter
from services.export_worker.erp.pace import Pace

SEND = (Step.CREATE, Step.FINISH)
PATIENT = {"connect_timeout_seconds": 20, "read_timeout_seconds": 30, "settles_after_seconds": 60}


class Trouble(StrEnum):
    """What can go wrong with one request, in no ERP's own words."""

    TIMES_OUT_BEFORE = "times_out_before"
    TIMES_OUT_AFTER = "times_out_after"
    COMMITS_LATE = "commits_late"
    DROPS_BEFORE = "drops_before"
    DROPS_AFTER = "drops_after"
    GARBAGE = "garbage"
    TRUNCATED = "truncated"
    BUSY = "busy"  # 503 that says nothing was done
    PROXY_TIMES_OUT = "proxy_times_out"  # 504, and the work was done
    CRASHES_AFTER = "crashes_after"  # 500, and the work was done
    RATE_LIMITED = "rate_limited"  # 429, Retry-After: 7
    LOG_IN_EXPIRES = "log_in_expires"
    WARNS = "warns"  # asks as `please_confirm`
    REDIRECTS = "redirects"


FAULTS = {
    Trouble.TIMES_OUT_BEFORE: Fault(kind=FaultKind.SILENCE_BEFORE),
    Trouble.TIMES_OUT_AFTER: Fault(kind=FaultKind.SILENCE_AFTER),
    Trouble.COMMITS_LATE: Fault(kind=FaultKind.COMMIT_LATE),
    Trouble.DROPS_BEFORE: Fault(kind=FaultKind.DROP_BEFORE),
    Trouble.DROPS_AFTER: Fault(kind=FaultKind.DROP_AFTER),
    Trouble.GARBAGE: Fault(kind=FaultKind.GARBAGE),
    Trouble.TRUNCATED: Fault(kind=FaultKind.TRUNCATE),
    Trouble.BUSY: Fault(kind=FaultKind.STATUS_BEFORE, status=503),
    Trouble.PROXY_TIMES_OUT: Fault(kind=FaultKind.STATUS_AFTER, status=504),
    Trouble.CRASHES_AFTER: Fault(kind=FaultKind.STATUS_AFTER, status=500),
    Trouble.RATE_LIMITED: Fault(kind=FaultKind.STATUS_BEFORE, status=429, retry_after=7),
    Trouble.LOG_IN_EXPIRES: Fault(kind=FaultKind.EXPIRE_LOG_IN),
    Trouble.WARNS: Fault(kind=FaultKind.WARN),
    Trouble.REDIRECTS: Fault(kind=FaultKind.STATUS_BEFORE, status=307),
}


@dataclass(frozen=True)
class Standing:
    """One document in the ERP's own list. `state` is draft, posted or cancelled, whatever the ERP calls it.

    `text` is the first line's, `notes` what people read beside the lines.
    """

    ref: str
    reference: str
    state: str
    number: str | None
    receivable: Decimal
    attachments: tuple[str, ...]
    text: str
    notes: str


class Harness(abc.ABC):
    """One empty ERP.

    `secrets` are those that open it, `refusals` its own code for each class it can refuse with, `hasty_seconds` how
    long a caller waits that is to give up (longer than the ERP's slowest honest answer), `future_date` one that lies
    ahead once the rule `warns_of_future_dates` is set, `many` how many documents at once are many for it, `pace` that
    of the adapters made from now on.
    """

    name: str
    customer: str
    job: str | None
    tax_code: str | None = None
    odd_amount: str = "9007199254740.93"  # so large that a float has no more cents for it
    secrets: ClassVar[Mapping[str, str]]
    refusals: ClassVar[Mapping[Refusal, str]]
    # A code that it has no words for: it refuses in those that it is given.
    no_code = "plain"
    # Its own code for "this is no longer the newest version", where it tells that.
    stale: ClassVar[str | None] = None
    sees_changes = False  # whether our write fails where somebody changed the draft since we looked
    shows_links = True
    takes_every_script = True
    hasty_seconds: float = 1.0
    future_date = date(2026, 10, 31)
    many = 20
    pace: Pace | None = None

    def __init__(self, control: FaultControl, book: str) -> None:
        self.control = control
        self.book = book
        self.adapters: list[ErpAdapter] = []

    @abc.abstractmethod
    def make(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> ErpAdapter:
        """An adapter with these settings on top of what it needs to reach this ERP."""

    @abc.abstractmethod
    async def documents(self) -> list[Standing]:
        """Every document in the ERP, as the ERP's own list has it."""

    @abc.abstractmethod
    async def cancel(self, ref: str) -> None:
        """A bookkeeper cancels."""

    async def delete(self, ref: str) -> None:
        """A bookkeeper deletes a draft."""
        self.cannot(f"delete {ref}")

    async def change_tax(self, ref: str, tax: str) -> None:
        """A bookkeeper changes the total by hand by `tax`."""
        self.cannot(f"change {ref} by {tax}")

    async def duplicate(self, ref: str, document: Document) -> None:
        """There is a second one of this document: a bookkeeper made it, or another worker that nothing held back."""
        self.cannot(f"hold a second one beside {ref} ({document.reference})")

    async def rules(self, **rules: Any) -> None:
        """How the ERP is set up.

        closed_until (a day), keeps_date_order, unique_numbers, warns_of_future_dates and today, allows_zero,
        allows_negative, log_in_seconds.
        """
        self.cannot(", ".join(rules))

    async def create_once_more(self, document: Document) -> None:
        """As a worker that nothing holds back, where the ERP takes it."""
        assert isinstance(await self.adapter().perform(Step.CREATE, document, None), Done)

    async def with_unique_key(self) -> ErpAdapter:
        """An adapter of an ERP that refuses a second document under one reference."""
        self.cannot("refuse a reference twice")

    async def with_replay_key(self) -> ErpAdapter:
        """An adapter of an ERP that answers a repeated create with the first document."""
        self.cannot("recognise a repeated create")

    async def with_staleness(self, seconds: float) -> ErpAdapter:
        """An adapter of an ERP whose look-ups lag by this much, and that has a unique key."""
        self.cannot(f"lag by {seconds} s")

    async def with_credits(self) -> ErpAdapter:
        """An adapter that says that it takes invoices below zero."""
        adapter = self.adapter()
        if not adapter.capabilities.negative_totals:
            self.cannot("take a credit, says its adapter")
        return adapter

    def adapter(self, **settings: Any) -> ErpAdapter:
        """A new adapter, as a newly started worker would have. It waits long enough for a slow machine."""
        return self.made(settings, self.secrets)

    def stranger(self) -> ErpAdapter:
        """An adapter with a secret that opens nothing."""
        return self.made({}, dict.fromkeys(self.secrets, "not the secret at all"))

    def nowhere(self) -> ErpAdapter:
        """An adapter at whose address nobody is."""
        return self.made({"url": "http://127.0.0.1:1"}, self.secrets)

    async def hasty(self, *, settles_after: float = 6) -> ErpAdapter:
        """An adapter that gives up soon; logged in already, so that only what follows can time out.

        `settles_after` in times of `hasty_seconds`.
        """
        seconds = self.hasty_seconds
        short = {"connect_timeout_seconds": seconds, "read_timeout_seconds": seconds}
        adapter = self.made(short | {"settles_after_seconds": settles_after * seconds}, self.secrets)
        async with asyncio.timeout(60):
            while isinstance(await adapter.find("nothing:0:0:0"), LookUpFailure):
                pass
        return adapter

    def made(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> ErpAdapter:
        """Kept, to be closed in the end."""
        adapter = self.make(PATIENT | dict(settings), secrets)
        self.adapters.append(adapter)
        return adapter

    async def trouble(self, trouble: Trouble, step: Step | None, *, seconds: float = 0) -> None:
        """The next request of `step` (None: a look-up) meets it, once."""
        at = ErpStep(step.value) if step else ErpStep.FIND
        await self.control.order(self.book, FAULTS[trouble].model_copy(update={"step": at, "seconds": seconds}))

    async def slow_down(self, seconds: float, *, most: int | None = None) -> None:
        """What no other order meets is done and answered so much later: `most` requests, or all until `hurry`."""
        await self.control.order(self.book, Fault(kind=FaultKind.SLOW, count=most, seconds=seconds))

    async def hurry(self) -> None:
        """Nothing is slow, and nothing else goes wrong any more."""
        await self.control.clear(self.book)

    async def trouble_with_attaching(self, trouble: Trouble) -> None:
        """The next attachment meets it, once."""
        await self.control.order(self.book, FAULTS[trouble].model_copy(update={"step": ErpStep.ATTACH}))

    async def refuse(self, refusal: Refusal, step: Step) -> None:
        """The next request of `step` is refused for this reason, in the ERP's own form."""
        if refusal not in self.refusals:
            self.cannot(f"refuse with {refusal}")
        fault = Fault(kind=FaultKind.REFUSE, step=ErpStep(step.value), code=self.refusals[refusal])
        await self.control.order(self.book, fault)

    async def refuse_saying(self, text: str, step: Step | None) -> None:
        """The next request of `step` (None: a look-up) is refused in these words."""
        at = ErpStep(step.value) if step else ErpStep.FIND
        await self.control.order(self.book, Fault(kind=FaultKind.REFUSE, step=at, code=self.no_code, text=text))

    async def refuse_as_stale(self, step: Step) -> None:
        """The next request of `step` is refused, since what it is about was changed meanwhile."""
        if self.stale is None:
            self.cannot("tell that a version is stale")
        await self.control.order(self.book, Fault(kind=FaultKind.REFUSE, step=ErpStep(step.value), code=self.stale))

    async def hold(self, step: Step, *, before: bool = False) -> None:
        """The next request of `step` is done, and not answered until `release`; or `before` not done until then."""
        kind = FaultKind.HOLD_BEFORE if before else FaultKind.HOLD_AFTER
        await self.control.order(self.book, Fault(kind=kind, step=ErpStep(step.value)))

    async def arrived(self, step: Step | None) -> None:
        """Wait until a request of `step` (None: a look-up) is held, or hangs."""
        assert await self.control.waiting(self.book, ErpStep(step.value) if step else ErpStep.FIND, seconds=30)

    async def release(self) -> None:
        """Answer what is held."""
        await self.control.release(self.book)

    async def go_away(self, seconds: float) -> None:
        """The ERP refuses connections for a while."""
        await self.control.go_away(seconds)

    async def requests(self) -> int:
        """How many the ERP has seen."""
        return len(await self.control.requests(self.book))

    async def log_ins(self) -> int:
        """How many log-ins the ERP has seen."""
        return sum(request.step is ErpStep.LOG_IN for request in await self.control.requests(self.book))

    def cannot(self, what: str) -> NoReturn:
        """Skip by name."""
        pytest.skip(f"{self.name} cannot {what}")

    async def close(self) -> None:
        """Let go of everything that was made here."""
        for adapter in self.adapters:
            await adapter.close()
        await self.control.release(self.book)
        await self.control.close()
