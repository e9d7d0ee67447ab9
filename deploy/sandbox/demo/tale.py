"""The form of the scenario: a tale is one prime contract, its owner invoices, and what people do to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from shared.ledger.words import Reason, Status

if TYPE_CHECKING:
    from deploy.sandbox.demo.scene import Scene

MAIN_LINE = "General construction"
SITE_LINE = "Site work"


class Act(Protocol):
    """Something that somebody does, or that the tale waits for."""

    async def play(self, scene: "Scene") -> None:
        """Raises TaleFailed when it does not come about."""


@dataclass(frozen=True)
class Ending:
    """Where an invoice's export must stand at the end, and how many posted receivables the ERP must have."""

    status: Status
    reasons: tuple[Reason, ...] = ()
    receivables: int = 0

    def fits(self, status: Status, reasons: tuple[Reason, ...]) -> bool:
        """Exactly, the order of the reasons included."""
        return status is self.status and reasons == self.reasons

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.status.value, ", ".join(self.reasons))))


EXPORTED = Ending(Status.EXPORTED, receivables=1)


def held(*reasons: Reason) -> Ending:
    """A person is needed, and nothing stands in the ERP."""
    return Ending(Status.HELD, reasons)


def held_but_stands(reason: Reason) -> Ending:
    """A person is needed, and the receivable is in the ERP: nothing is voided by itself."""
    return Ending(Status.HELD, (reason,), receivables=1)


def skipped(reason: Reason) -> Ending:
    """Nothing to do."""
    return Ending(Status.SKIPPED, (reason,))


def waiting(reason: Reason) -> Ending:
    """Goes on by itself when what it waits for has come."""
    return Ending(Status.WAITING, (reason,))


def failed(reason: Reason) -> Ending:
    """The ERP said no."""
    return Ending(Status.FAILED, (reason,))


@dataclass(frozen=True)
class Bill:
    """One owner invoice: this period's work on the main line, other fields of the sandbox's draft, its ending."""

    work: str
    ends: Ending
    fields: Mapping[str, Any]


def bill(work: str, ends: Ending = EXPORTED, **fields: Any) -> Bill:
    """`fields` as the Procore sandbox's `InvoiceDraft` names them."""
    return Bill(work, ends, fields)


@dataclass(frozen=True, kw_only=True)
class Tale:
    """`invoices` are billed on one contract, in this order. Pat prepares each, and the ledger sees the draft.

    `meets` are reasons that come and go too quickly to wait for, yet must stand in the ledger afterwards.
    `contract` are fields of the contract's draft.
    """

    title: str
    project: str
    invoices: tuple[Bill, ...]
    acts: tuple[Act, ...]
    meets: tuple[Reason, ...] = ()
    contract: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Chapter:
    """Tales that are played side by side; one after the other where it `is_quiet`."""

    title: str
    tales: tuple[Tale, ...]
    is_quiet: bool = False
