"""`make chaos ARGS=--mutations`: the product is broken on purpose, one law at a time, and the checker must see each.

What is broken is a copy; the words that it replaces are looked for, so that a mutation which no longer fits says so.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tests.chaos.plan import Bill, Fault, Kind, Plan, Size, Tale, plan

ROOT = Path(__file__).parents[2]
COPIED = ("services", "shared", "deploy")
SMALL = Size(approvals=96, of_tryton=0, faults=0, seconds=30, settles_within=90)
APART = 4.0
LONG_GAP = 4.0  # in which an invoice is exported
ERP_STEPS = {"create": 0.1, "finish": 0.3, "find": 0.6, "read": 0.9}  # as a fault's degree names them


@dataclass(frozen=True)
class Mutation:
    """`old` in `file` becomes `new`. `faults` (kind, what, degree) and a `last` tale for each contract bring it out."""

    law: str
    about: str
    file: str
    old: str
    new: str
    faults: tuple[tuple[Kind, str, float], ...] = ()
    last: Tale | None = None

    def applied(self, folder: Path) -> Path:
        """A copy of the product with it, in `folder`. Raises ValueError when the words are not there."""
        for name in COPIED:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        file = folder / self.file
        text = file.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} has {self.old!r} {text.count(self.old)} times: mend the mutation")
        file.write_text(text.replace(self.old, self.new), encoding="utf-8")
        return folder

    def plan(self, seed: int) -> Plan:
        """A small run with its faults, again and again."""
        usual = plan(seed, SMALL)
        contracts = [replace(each, bills=self._bills(each.bills)) for each in usual.contracts]
        return replace(usual, contracts=tuple(contracts), faults=tuple(self._faults()))

    def _bills(self, bills: tuple[Bill, ...]) -> tuple[Bill, ...]:
        return bills if self.last is None else (*bills[:-1], replace(bills[-1], tale=self.last, gap=LONG_GAP))

    def _faults(self) -> Iterator[Fault]:
        at = 1.0
        while self.faults and at < SMALL.seconds:
            for kind, what, degree in self.faults:
                yield Fault(at, kind, what, seconds=APART - 1, how=degree)
                at += APART


DECISION = "services/export_worker/core/decision.py"
CREATED_LATE = (Kind.ERP, "commit_late", ERP_STEPS["create"])
DROPPED = (Kind.ERP, "drop_before", ERP_STEPS["finish"])
MUTATIONS = (
    Mutation(
        "never twice",
        "an absence is believed although the ERP may still commit",
        DECISION,
        "if proven_at and view.look_up.began_at < proven_at:",
        "if proven_at and proven_at < view.look_up.began_at < proven_at:",
        (CREATED_LATE,),
    ),
    Mutation(
        "never silently lost",
        "a webhook is answered although nothing took it",
        "services/webhook_receiver/shelter.py",
        'if await self._park(record, until, "Kafka is away"):',
        "if until:",
        ((Kind.CUT, "receiver-kafka", 0.0), (Kind.KILL, "kafka", 0.0)),
    ),
    Mutation(
        "each approval has its end",
        "a draft counts as exported",
        DECISION,
        "if standing is None or not standing.is_final or snapshot is None:",
        "if standing is None or snapshot is None:",
        (DROPPED,),
    ),
    Mutation(
        "by right only",
        "the privilege is not asked for",
        "shared/approvers/rule.py",
        "if not record.can_push_to_accounting:",
        "if not record.user_id:",
        last=Tale.UNRIGHTED,
    ),
    Mutation(
        "what was approved",
        "what changed after the export goes unnoticed",
        DECISION,
        "if standing.fingerprint not in (None, snapshot.fingerprint):\n        may",
        "if standing.fingerprint is None:\n        may",
        last=Tale.CHANGED,
    ),
    Mutation(
        "in order",
        "nobody waits for the invoice before",
        DECISION,
        "if predecessor is None or predecessor.is_satisfied:",
        "if predecessor is None or predecessor.number:",
        (DROPPED, (Kind.ERP, "status_before", ERP_STEPS["create"])),
    ),
    Mutation(
        "at rest",
        "a retry is never due",
        "services/export_worker/clock.py",
        "await self._house.writer.release(claim, due_at=passage.due_at)",
        "await self._house.writer.release(claim, due_at=None)",
        (DROPPED,),
    ),
    Mutation(
        "the ledger holds",
        "an entry's hash does not cover the one before",
        "shared/ledger/chain.py",
        "hashlib.sha256(previous + canonical.encode())",
        "hashlib.sha256(canonical.encode())",
    ),
    Mutation(
        "tampering is found",
        "seals are not compared",
        "shared/ledger/verification.py",
        "for broken in sealed.breaks():",
        "for broken in ():",
    ),
)
