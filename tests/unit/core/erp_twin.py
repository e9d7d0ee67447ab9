"""An ERP in memory, with the faults that double or lose documents elsewhere: slow, silent, changed by people."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.export_worker.core.capabilities import Capabilities, Step
from services.export_worker.core.document import Document
from services.export_worker.core.outcomes import Done, Found, Outcome, Unknown
from services.export_worker.core.standing import totals_expected


class WorkerDied(Exception):
    """The process ended before it could write down the answer."""


@dataclass
class Paper:
    """One document as it really stands. `entries` are the times from which second documents are to be seen."""

    ref: str
    document: Document
    visible_at: datetime
    done: set[Step] = field(default_factory=lambda: {Step.CREATE})
    cancelled: bool = False
    is_linked: bool = True
    told_unlinked: str = ""
    entries: list[datetime] = field(default_factory=list)

    def done_at(self, now: datetime) -> frozenset[Step]:
        """The steps that are to be seen."""
        second = {Step.RECLASSIFY} if any(visible_at <= now for visible_at in self.entries) else set()
        return frozenset(self.done | second)


@dataclass(frozen=True)
class Lost:
    """The step looks around for a while, then writes; the write happens `late` after that, its answer never comes."""

    late: timedelta = timedelta(0)
    looked: timedelta = timedelta(0)


@dataclass(frozen=True)
class Renumbered:
    """The ERP writes it under a number of its own, without our reference, and says so when it is read."""


@dataclass(frozen=True)
class Dies:
    """Likewise, but the worker dies in the step; the write happens `late`, or never."""

    late: timedelta | None = timedelta(0)
    looked: timedelta = timedelta(0)


Script = Outcome | Lost | Dies | Renumbered | None  # None: it goes well


class Erp:
    """Holds papers; `script` says how the next writes go (then all goes well)."""

    def __init__(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self.papers: list[Paper] = []
        self.script: deque[Script] = deque()
        self.is_down = False
        self.took = timedelta(0)

    def find(self, reference: str, now: datetime) -> tuple[Found, ...]:
        """What a look-up shows."""
        return tuple(
            self._shown(each, now)
            for each in self.papers
            if each.document.reference == reference and each.is_linked and _is_there(each, now)
        )

    def read(self, ref: str, now: datetime) -> Found | None:
        """One document by its id."""
        return next((self._shown(each, now) for each in self.papers if each.ref == ref and _is_there(each, now)), None)

    def live(self) -> list[Paper]:
        """All that was ever written and not voided, also what nobody can see yet."""
        return [each for each in self.papers if not each.cancelled]

    def perform(self, step: Step, document: Document, ref: str | None, now: datetime) -> Outcome:
        """Write, as the script says; `took` tells how long the step took. Raises WorkerDied."""
        scripted = self.script.popleft() if self.script else None
        self.took = timedelta(0)
        match scripted:
            case None:
                return Done(self._write(step, document, ref, now).ref)
            case Renumbered():
                paper = self._write(step, document, ref, now)
                paper.is_linked, paper.told_unlinked = False, "it has a number of the ERP's own"
                return Done(paper.ref)
            case Lost(late, looked):
                self._write(step, document, ref, now + looked + late)
                self.took = looked
                return Unknown("no answer")
            case Dies(late, looked):
                if late is not None:
                    self._write(step, document, ref, now + looked + late)
                raise WorkerDied
            case _:
                return scripted

    def replace(self, ref: str, document: Document) -> None:
        """Change our own draft."""
        for paper in self.papers:
            if paper.ref == ref:
                paper.document = document

    def void(self, number: int = 0) -> None:
        """A person voids it."""
        self.live()[number].cancelled = True

    def unlink(self) -> None:
        """A person takes our reference away."""
        self.live()[0].is_linked = False

    def link(self) -> None:
        """A person puts it back."""
        self.live()[0].is_linked, self.live()[0].told_unlinked = True, ""

    def post(self) -> None:
        """A person posts the draft."""
        self.live()[0].done.add(Step.FINISH)

    def _write(self, step: Step, document: Document, ref: str | None, at: datetime) -> Paper:
        if step is Step.CREATE:
            self.papers.append(Paper(f"R-{len(self.papers) + 1}", document, at))
            return self.papers[-1]
        paper = next(each for each in self.papers if each.ref == ref)
        if step is Step.RECLASSIFY:
            paper.entries.append(at)
        else:
            paper.done.add(step)
        return paper

    def _shown(self, paper: Paper, now: datetime) -> Found:
        done = paper.done_at(now)
        return Found(
            ref=paper.ref,
            number=f"AR-{paper.ref}",
            done=done,
            totals=totals_expected(paper.document, self.capabilities, done),
            cancelled=paper.cancelled,
            unlinked=paper.told_unlinked,
        )


def _is_there(paper: Paper, now: datetime) -> bool:
    return paper.visible_at <= now
