"""The verdict, for a file, a page and whoever watches."""

import json
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.chaos.checker.evidence import Evidence
from tests.chaos.journal import Journal
from tests.chaos.plan import Plan

SHOWN = 50
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Verdict:
    """`broken`: what breaks each law."""

    seed: int
    machine: str
    at: str
    seconds: float
    approvals: int
    faults: Mapping[str, int]
    skipped: Mapping[str, str]
    statuses: Mapping[str, int]
    reasons: Mapping[str, int]
    receivables: Mapping[str, int]
    deliveries: int
    entries: int
    broken: Mapping[str, Sequence[str]]

    @property
    def is_good(self) -> bool:
        """Nothing is broken."""
        return not any(self.broken.values())

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return {**vars(self), "ok": self.is_good}


def verdict(plan: Plan, journal: Journal, evidence: Evidence, broken: Mapping[str, Sequence[str]]) -> Verdict:
    """From all that is known."""
    struck = [line for line in journal.lines if line["what"] == "struck"]
    return Verdict(
        seed=plan.seed,
        machine=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(journal.seconds, 1),
        approvals=sum(len(invoice.approvals) for invoice in evidence.invoices.values()),
        faults=dict(Counter(f"{line['fault']} {line['part']}".strip() for line in struck)),
        skipped={line["fault"]: line["why"] for line in journal.lines if line["what"] == "skipped"},
        statuses=dict(Counter(row.status for row in evidence.rows)),
        reasons=dict(Counter(reason for row in evidence.rows for reason in row.reasons)),
        receivables=dict(Counter(each.company for each in evidence.receivables if each.is_posted)),
        deliveries=len(evidence.delivered),
        entries=len(evidence.entries),
        broken={law: list(found) for law, found in broken.items()},
    )


def write(verdict: Verdict, folder: Path) -> None:
    """`verdict.json` and `verdict.html`, beside the journal."""
    (folder / "verdict.json").write_text(json.dumps(verdict.as_json(), indent=1), encoding="utf-8")
    pages = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
    page = pages.get_template("verdict.html.j2").render(verdict=verdict, shown=SHOWN)
    (folder / "verdict.html").write_text(page, encoding="utf-8")
