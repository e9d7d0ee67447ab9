"""The port that every ERP adapter fills. No method raises for what an ERP may answer: outcomes are values."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from services.export_worker.core.capabilities import Capabilities, Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Found, LookUpFailure, Outcome
from services.export_worker.erp.mask import Mask
from services.export_worker.erp.pace import Pace
from shared.connections.mappings import MappingKind


@dataclass(frozen=True)
class Tokens:
    """What an OAuth server gave. `refresh_token` replaces the one that was used to ask."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    refresh_expires_at: datetime | None = None


Renewal = Callable[[str], Awaitable[Tokens | LookUpFailure]]


class TokenKeeper(Protocol):
    """Keeps one connection's rotating tokens: one renewal at a time over all processes, encrypted at rest."""

    async def access_token(self, renew: Renewal, refused: str | None = None) -> str | LookUpFailure:
        """A token that still runs and is not `refused`; else what `renew(refresh_token)` gives, stored first."""


@dataclass(frozen=True)
class Place:
    """Where an adapter works: its connection's name, settings and secrets. `tokens` where they rotate.

    Its door keeps to `pace` (None: as fast as it goes) with every request, and tells `mask` each log-in that it uses.
    """

    connection: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False, default_factory=dict)
    tokens: TokenKeeper | None = None
    pace: Pace | None = None
    mask: Mask = field(default_factory=Mask)


class CheckResult(StrEnum):
    """What one check of a connection came to."""

    OK = "ok"
    PREPARED = "prepared"  # was missing, and `--prepare` made it
    MISSING = "missing"  # `--prepare` or a person makes it
    WRONG = "wrong"
    UNTOLD = "untold"  # the ERP does not tell


@dataclass(frozen=True)
class Check:
    """One line of `connections check`: what was checked, what was seen, and what to do about it."""

    what: str
    result: CheckResult
    seen: str
    remedy: str = ""


@dataclass(frozen=True)
class Choice:
    """One entry of an ERP's own list. `id` is what a mapping's `erp_id` has to be."""

    id: str
    name: str


@dataclass(frozen=True)
class File:
    """Something to attach to a document."""

    name: str
    content_type: str
    content: bytes


class ErpAdapter(Protocol):
    """One connection's door to its ERP. Safe to use from many tasks at once."""

    @property
    def capabilities(self) -> Capabilities:
        """What this ERP can and accepts, with this connection's settings."""

    async def find(self, reference: str) -> Sequence[Found] | LookUpFailure:
        """All documents that carry `reference`, cancelled ones too. Empty: nothing stands there *as seen now*."""

    async def perform(
        self, step: Step, document: Document, ref: str | None, accepted: frozenset[str] = frozenset()
    ) -> Outcome:
        """Do one step. `ref` is the document's id once CREATE is done; `accepted` names warnings a person accepted."""

    async def replace(self, ref: str, document: Document) -> Outcome:
        """Overwrite our own draft with `document`. Only called where capabilities say `replaces_drafts`."""

    async def read(self, ref: str) -> Found | LookUpFailure | None:
        """The document as it stands; None when it is gone. The only source of "done"."""

    async def attach(self, ref: str, file: File) -> Outcome:
        """Attach a file; the same name twice leaves one. Only where capabilities say `attachments`."""

    async def check(self) -> Sequence[Check]:
        """Log-in, version, rights, accounts, periods and what the adapter needs, in that order. Changes nothing."""

    async def prepare(self) -> Sequence[Check]:
        """Make what the adapter needs in the ERP and does not find; empty where it needs nothing. Safe to repeat."""

    async def choices(self, kind: MappingKind) -> Sequence[Choice] | LookUpFailure | None:
        """The ERP's own list to map to, without what is closed or inactive; None where it has or tells none."""

    async def first_open_day(self, day: date) -> date | LookUpFailure | None:
        """`day`, or the first one after it on which the ERP books. Only where capabilities say `tells_open_days`.

        None: no later day is open.
        """

    async def close(self) -> None:
        """Let go of connections."""
