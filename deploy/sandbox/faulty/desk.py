"""What the faults need of one ERP (one book, company or database of it), and what they note of it."""

import asyncio
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from deploy.sandbox.faulty.gate import Gate
from deploy.sandbox.faulty.orders import ErpStep, Faults

REQUESTS_KEPT = 100_000


@dataclass(frozen=True)
class Request:
    """One request, read whole. Header names are lower case; `path` and `query` as they came."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Asked:
    """What a request asks for: the step, our client's invoice number where it shows, and accepted warnings."""

    step: ErpStep | None
    number: str | None = None
    acknowledged: Collection[str] = ()
    replay_key: str | None = None


@dataclass(frozen=True)
class Said:
    """An answer in this ERP's own form. `body` is JSON, or text when it is a string."""

    status: int
    body: Any
    content_type: str = "application/json"


class Vendor(Protocol):
    """How one kind of ERP speaks."""

    def asked(self, request: Request) -> Asked:
        """What it asks for."""

    def refusal(self, code: str, text: str) -> Said:
        """A refusal, by one of this ERP's own codes."""

    def warning(self, name: str, text: str) -> Said:
        """A question that a later request may accept."""

    def busy(self, status: int) -> Said:
        """Turned away at the door with this status: nothing was done."""

    def expire_log_ins(self) -> int:
        """End every log-in; how many those were."""


@dataclass
class Desk:
    """One ERP's orders, waiting requests and notes."""

    vendor: Vendor
    faults: Faults = field(default_factory=Faults)
    gate: Gate = field(default_factory=Gate)
    late: set[asyncio.Task[Any]] = field(default_factory=set)
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=REQUESTS_KEPT))

    def close(self) -> None:
        """Let go of who waits, and drop what would still be committed."""
        self.gate.release()
        for task in self.late:
            task.cancel()
