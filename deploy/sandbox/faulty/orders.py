"""Faults ordered for an ERP: which request they meet, and how often."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class ErpStep(StrEnum):
    """What a request asks for, told from its method and path."""

    LOG_IN = "log_in"
    LIST = "list"  # customers, jobs and whatever else a document names
    FIND = "find"
    READ = "read"
    CREATE = "create"
    REPLACE = "replace"
    FINISH = "finish"
    RECLASSIFY = "reclassify"
    SETTLE = "settle"
    ATTACH = "attach"


class FaultKind(StrEnum):
    """What goes wrong. "Committed" means: it stands in the ERP although the client does not know."""

    REFUSE = "refuse"  # with `code`, in the form that belongs to it; not committed
    WARN = "warn"  # asks as `name` until a request acknowledges it
    SLOW = "slow"  # committed at once, answered after `seconds`
    SILENCE_BEFORE = "silence_before"  # never committed, never answered
    SILENCE_AFTER = "silence_after"  # committed at once, never answered
    COMMIT_LATE = "commit_late"  # never answered, committed after `seconds`, whether or not the client waits
    STATUS_BEFORE = "status_before"  # answers `status` (and Retry-After); not committed
    STATUS_AFTER = "status_after"  # committed, answers `status` with a proxy's HTML
    DROP_BEFORE = "drop_before"  # connection dropped; not committed
    DROP_AFTER = "drop_after"  # connection dropped; committed
    GARBAGE = "garbage"  # committed, answers 200 with something that is not JSON
    TRUNCATE = "truncate"  # committed, half of the answer, then the connection drops
    EXPIRE_LOG_IN = "expire_log_in"  # every log-in ends as this request arrives
    HOLD_BEFORE = "hold_before"  # waits for release, then commits and answers
    HOLD_AFTER = "hold_after"  # commits, waits for release, then answers


class Fault(BaseModel):
    """One order. `count` None: until cleared. `skip`: so many matching requests pass first.

    `step` and `number` (the client's invoice number) narrow what it meets. `seconds` are the fault's own;
    `retry_after` (seconds) becomes a header.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    step: ErpStep | None = None
    number: str | None = None
    count: int | None = 1
    skip: int = 0
    seconds: float = 0
    status: int = 503
    retry_after: int | None = None
    code: str = "period_closed"
    name: str = "please_confirm"
    text: str = "Ordered by the sandbox's control."


@dataclass
class Standing:
    """An order with what is left of it."""

    fault: Fault
    skip: int
    left: int | None

    def meets(self, step: ErpStep, number: str | None) -> bool:
        """Whether it still stands and is about this request."""
        wanted = self.fault
        return (
            self.left != 0
            and (wanted.step is None or wanted.step is step)
            and (wanted.number is None or wanted.number == number)
        )


@dataclass
class Faults:
    """The orders of one ERP, oldest first."""

    standing: list[Standing] = field(default_factory=list)

    def order(self, fault: Fault) -> None:
        """Add one."""
        self.standing.append(Standing(fault, fault.skip, fault.count))

    def clear(self) -> None:
        """Forget all."""
        self.standing.clear()

    def take(self, step: ErpStep, number: str | None, acknowledged: Collection[str]) -> Fault | None:
        """The fault that this request meets, used up by one; None when it passes."""
        for standing in self.standing:
            if not standing.meets(step, number):
                continue
            if standing.skip:
                standing.skip -= 1
                continue
            if standing.fault.kind is FaultKind.WARN and standing.fault.name not in acknowledged:
                return standing.fault
            self.use(standing)
            return None if standing.fault.kind is FaultKind.WARN else standing.fault
        return None

    def use(self, standing: Standing) -> None:
        """One less; an order that is used up goes away."""
        if standing.left is None:
            return
        standing.left -= 1
        if standing.left == 0:
            self.standing.remove(standing)
