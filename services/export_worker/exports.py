"""What the worker passes around about exports: which one, how it stands, who may walk it, what arrived for it."""

from dataclasses import dataclass
from datetime import datetime

from shared.ledger.entries import EntryBody
from shared.ledger.state import State


class VersionChanged(Exception):
    """Somebody appended since the export was read: walk again."""


class LeaseLost(Exception):
    """The claim ran out or was taken over: whatever was learnt is a late answer."""


@dataclass(frozen=True)
class ExportKey:
    """Which export: one owner invoice on one connection (empty while none serves it)."""

    connection: str
    company_id: str
    project_id: str
    payment_application_id: str


@dataclass(frozen=True)
class Claim:
    """The right to walk one export until its lease runs out; the token fences off whoever had it before."""

    export_id: int
    fencing_token: int
    call_started_at: datetime | None
    lease_was_until: datetime | None
    trace: str | None


@dataclass(frozen=True)
class Export:
    """One export as it stands."""

    id: int
    key: ExportKey
    state: State


@dataclass(frozen=True)
class Arrival:
    """Entries that came from outside for one export: facts and commands, always recorded."""

    key: ExportKey
    bodies: tuple[EntryBody, ...]
    priority: int = 0
    trace: str | None = None
