"""What people do in Procore, and what the tale waits for. An `invoice` is its place in the tale, from 1."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from deploy.sandbox.demo.cast import PERSON
from deploy.sandbox.demo.scene import Scene
from deploy.sandbox.demo.tale import MAIN_LINE
from deploy.sandbox.procore.webhook_faults import Kind
from shared.ledger.words import Reason, Status

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Approves:
    """Sets the status Approved; `who` None: the event names nobody."""

    who: str | None
    invoice: int = 1

    async def play(self, scene: Scene) -> None:
        await scene.control.approve(scene.id(self.invoice), user_id=scene.user(self.who), force=True)


@dataclass(frozen=True)
class Revises:
    """Sets Revise & Resubmit, and the ledger sees it."""

    who: str
    invoice: int = 1

    async def play(self, scene: Scene) -> None:
        await scene.control.revise(scene.id(self.invoice), user_id=scene.user(self.who), force=True)
        await scene.until_seen(self.invoice)


@dataclass(frozen=True)
class Edits:
    """Changes the content: `work` on the main line, or fields of the sandbox's `InvoiceEdit`."""

    who: str
    work: str | None = None
    fields: Fields = field(default_factory=dict)
    invoice: int = 1
    is_seen: bool = True

    async def play(self, scene: Scene) -> None:
        lines = [{"description": MAIN_LINE, "work_this_period": Decimal(self.work)}] if self.work else []
        changes: dict[str, Any] = {"lines": lines} | dict(self.fields)
        await scene.control.edit_invoice(scene.id(self.invoice), force=True, user_id=scene.user(self.who), **changes)
        if self.is_seen:
            await scene.until_seen(self.invoice)


@dataclass(frozen=True)
class Deletes:
    """Deletes the invoice in Procore."""

    who: str
    invoice: int = 1

    async def play(self, scene: Scene) -> None:
        await scene.control.delete_invoice(scene.id(self.invoice), user_id=scene.user(self.who), force=True)


@dataclass(frozen=True)
class Bends:
    """Lets Procore serve other values than its own sums say (dotted paths); `who` None: silently."""

    values: Fields
    who: str | None = None
    invoice: int = 1

    async def play(self, scene: Scene) -> None:
        await scene.control.override_invoice(scene.id(self.invoice), self.values, user_id=scene.user(self.who))


@dataclass(frozen=True)
class Road:
    """What the road does to the next deliveries of the project's hook; `delay` in seconds."""

    kind: Kind
    times: int = 1
    delay: float = 0

    async def play(self, scene: Scene) -> None:
        hook = scene.stage.hooks[scene.project.key]
        await scene.control.order_webhook_fault(self.kind, hook_id=hook, times=self.times, delay=self.delay)


@dataclass(frozen=True)
class RoadIsFree:
    """What was stopped by a `pause` goes on its way."""

    async def play(self, scene: Scene) -> None:
        await scene.control.resume_deliveries()


@dataclass(frozen=True)
class Forges:
    """Somebody who got hold of the token tells us that this person updated the invoice."""

    who: str
    invoice: int = 1

    async def play(self, scene: Scene) -> None:
        await scene.stage.forge(scene.project, scene.id(self.invoice), PERSON[self.who])


@dataclass(frozen=True)
class Until:
    """The ledger shows this status, with just these reasons; without any, whatever its reasons are."""

    status: Status
    reasons: tuple[Reason, ...] = ()
    invoice: int = 1

    async def play(self, scene: Scene) -> None:
        await scene.until(self.invoice, self.status, self.reasons)
        if self.status is Status.EXPORTED:
            await scene.note_amount(self.invoice)


@dataclass(frozen=True)
class Lapse:
    """Time goes by, because the tale is about time."""

    seconds: float

    async def play(self, scene: Scene) -> None:  # noqa: ARG002
        await asyncio.sleep(self.seconds)


@dataclass(frozen=True)
class Signals:
    """Other tales may go on."""

    what: str

    async def play(self, scene: Scene) -> None:
        scene.stage.signal(self.what).set()


@dataclass(frozen=True)
class Awaits:
    """Goes on when another tale signals."""

    what: str

    async def play(self, scene: Scene) -> None:
        await scene.patiently(scene.stage.signal(self.what).wait(), f"signal {self.what!r}")


def until_held(*reasons: Reason, invoice: int = 1) -> Until:
    return Until(Status.HELD, reasons, invoice)


def until_failed(*reasons: Reason, invoice: int = 1) -> Until:
    return Until(Status.FAILED, reasons, invoice)


def until_waiting(*reasons: Reason, invoice: int = 1) -> Until:
    return Until(Status.WAITING, reasons, invoice)


def until_exported(invoice: int = 1) -> Until:
    return Until(Status.EXPORTED, (), invoice)
