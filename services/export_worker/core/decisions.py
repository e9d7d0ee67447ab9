"""What a decision may come to: a closed set. `row` is the row of the decision table that fitted."""

from dataclasses import dataclass
from datetime import datetime

from services.export_worker.core.document import Document
from shared.ledger.entries import Finding, Standing


@dataclass(frozen=True)
class Leave:
    """Somebody else is at it, or it is too early to tell: come back at `until`."""

    until: datetime | None
    row: int


@dataclass(frozen=True)
class AskErp:
    """Look up what stands under the reference before anything else."""

    row: int


@dataclass(frozen=True)
class Keep:
    """It stands as it should."""

    row: int


@dataclass(frozen=True)
class Confirm:
    """It stands in the ERP as it should, and the ledger says so."""

    standing: Standing
    row: int


@dataclass(frozen=True)
class Hold:
    """A person is needed."""

    findings: tuple[Finding, ...]
    row: int


@dataclass(frozen=True)
class Skip:
    """Nothing to do. `document` is what a rehearsal would have sent."""

    finding: Finding
    row: int
    document: Document | None = None


@dataclass(frozen=True)
class Defer:
    """Not now; the clock comes back."""

    findings: tuple[Finding, ...]
    until: datetime
    row: int
    waits_for: str | None = None


@dataclass(frozen=True)
class Send:
    """Open or resume an attempt: find first, then go on from the step that stands."""

    document: Document
    row: int


Decision = Leave | AskErp | Keep | Confirm | Hold | Skip | Defer | Send
