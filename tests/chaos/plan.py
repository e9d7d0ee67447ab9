"""What a run does, and when: all of it follows from one seed. Pure."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Tale(StrEnum):
    """What happens to one owner invoice in Procore."""

    PLAIN = "plain"  # drafted and approved
    RETHOUGHT = "rethought"  # approved, sent back, approved again as it was
    CHANGED = "changed"  # approved, sent back, changed, approved again
    UNRIGHTED = "unrighted"  # approved by somebody who may not export
    REVOKED = "revoked"  # approved by somebody whose rights are taken away in the middle of the run
    DELETED = "deleted"  # approved, and deleted soon after


class Kind(StrEnum):
    """What goes wrong."""

    KILL = "kill"
    FREEZE = "freeze"
    STORM = "storm"
    CUT = "cut"
    SILENCE = "silence"
    SLOWNESS = "slowness"
    DISK_FULL = "disk full"
    CLOCK_JUMP = "clock jump"
    ERP = "erp"
    ERP_AWAY = "erp away"
    WEBHOOKS = "webhooks"
    PROCORE = "procore"
    DISCARD = "discard"
    REVOCATION = "revocation"
    TWO_OPERATORS = "two operators"
    DEPLOY = "deploy"


# The last of a contract: what is held there for good keeps nobody waiting.
LAST_TALES = (Tale.PLAIN, Tale.CHANGED, Tale.UNRIGHTED, Tale.REVOKED, Tale.DELETED)
BOOKS = ("rigid", "replaying", "loose")
TRYTON = "timber"
COMPANIES = (*BOOKS, TRYTON)
PER_CONTRACT = 6
CONTRACTS_PER_PROJECT = 5

KILLED = ("worker-1", "worker-2", "receiver", "dashboard", "kafka", "postgres", "tryton")
FROZEN = ("worker-1", "worker-2", "receiver", "kafka", "postgres")
WIRES = (
    *("procore-receiver", "receiver-kafka", "receiver-postgres", "worker-kafka", "worker-postgres"),
    *("worker-procore", "worker-erp", "worker-tryton", "dashboard-kafka", "dashboard-postgres"),
)
ERP_FAULTS = (
    *("silence_after", "silence_before", "commit_late", "drop_after", "drop_before", "status_before", "status_after"),
    *("garbage", "truncate", "refuse", "slow", "expire_log_in"),
)
ERP_STEPS = ("create", "finish", "find", "read")
WEBHOOK_FAULTS = ("duplicate", "two_ids", "shuffle", "coalesce", "drop", "delay", "pause")
PROCORE_FAULTS = (429, 500, 503, 502)
# Less than an ERP of a run may take to commit (settles_after): what it is sent arrives when the silence ends.
LONGEST_SILENCE = 12.0

# Of the faults, how often each kind comes; the rare ones come once in any case.
WEIGHTS: Mapping[Kind, int] = {
    Kind.KILL: 24,
    Kind.FREEZE: 10,
    Kind.STORM: 5,
    Kind.CUT: 14,
    Kind.SILENCE: 8,
    Kind.SLOWNESS: 6,
    Kind.DISK_FULL: 3,
    Kind.CLOCK_JUMP: 3,
    Kind.ERP: 16,
    Kind.ERP_AWAY: 4,
    Kind.WEBHOOKS: 10,
    Kind.PROCORE: 6,
    Kind.DISCARD: 1,
    Kind.REVOCATION: 1,
    Kind.TWO_OPERATORS: 4,
    Kind.DEPLOY: 2,
}
# What a run of any length does once, in the short one instead of chance.
ALWAYS = (Kind.KILL, Kind.FREEZE, Kind.CUT, Kind.SILENCE, Kind.ERP, Kind.WEBHOOKS, Kind.REVOCATION, Kind.TWO_OPERATORS)
RARE = (Kind.DISCARD, Kind.DEPLOY, Kind.DISK_FULL, Kind.CLOCK_JUMP, Kind.STORM, Kind.ERP_AWAY, Kind.PROCORE)


@dataclass(frozen=True)
class Size:
    """Of a run: `seconds` of load, in which `approvals` invoices come and `faults` strike.

    Within `settles_within` seconds of its end all must be at rest. Only the `is_long` ones fill disks and restore
    yesterday's ledger.
    """

    approvals: int
    of_tryton: int
    faults: int
    seconds: float
    settles_within: float
    is_long: bool = False

    def part(self, share: float) -> "Size":
        """As dense, and as much shorter; but with no fewer faults than there are kinds."""
        return replace(
            self,
            approvals=round(self.approvals * share),
            of_tryton=round(self.of_tryton * share),
            faults=max(len(ALWAYS) + len(RARE), round(self.faults * share)),
            seconds=self.seconds * share,
        )


SHORT = Size(approvals=180, of_tryton=12, faults=12, seconds=60, settles_within=150)
LONG = Size(approvals=10_200, of_tryton=300, faults=120, seconds=2400, settles_within=600, is_long=True)


@dataclass(frozen=True)
class Bill:
    """One owner invoice: `at` seconds after the begin it is drafted; `gap` lies between what is done to it."""

    at: float
    tale: Tale
    amount: int
    gap: float


@dataclass(frozen=True)
class Contract:
    """A prime contract and its invoices, in their order."""

    company: str
    project: int
    bills: tuple[Bill, ...]


@dataclass(frozen=True)
class Fault:
    """`at` and `seconds` after the begin; `what` is the part, wire, order or code it is about; `how` is its degree."""

    at: float
    kind: Kind
    what: str = ""
    seconds: float = 0
    how: float = 0


@dataclass(frozen=True)
class Plan:
    """Everything; `faults` are in the order of their time."""

    seed: int
    size: Size
    contracts: tuple[Contract, ...]
    faults: tuple[Fault, ...]


def plan(seed: int, size: Size) -> Plan:
    """The same for the same seed and size."""
    chance = random.Random(seed)
    contracts = [
        *_contracts(chance, size, (TRYTON,), size.of_tryton),
        *_contracts(chance, size, BOOKS, size.approvals - size.of_tryton),
    ]
    return Plan(seed, size, tuple(contracts), tuple(_faults(chance, size)))


def _contracts(chance: random.Random, size: Size, companies: Sequence[str], approvals: int) -> list[Contract]:
    count = max(len(companies), round(approvals / PER_CONTRACT))
    return [
        Contract(companies[at % len(companies)], at // len(companies) // CONTRACTS_PER_PROJECT, _bills(chance, size))
        for at in range(count)
    ]


def _bills(chance: random.Random, size: Size) -> tuple[Bill, ...]:
    moments = sorted(chance.uniform(0, size.seconds) for _ in range(PER_CONTRACT))
    tales = [Tale.RETHOUGHT if chance.random() < 0.08 else Tale.PLAIN for _ in moments[:-1]]
    tales.append(chance.choices(LAST_TALES, weights=(60, 10, 10, 10, 10))[0])
    return tuple(
        Bill(at, tale, 1000 * chance.randint(1, 40), chance.uniform(0, 2))
        for at, tale in zip(moments, tales, strict=True)
    )


def _faults(chance: random.Random, size: Size) -> list[Fault]:
    wanted = [*ALWAYS, *RARE] if size.faults >= len(ALWAYS) + len(RARE) else list(ALWAYS)
    kinds = [kind for kind in WEIGHTS if kind is not Kind.REVOCATION]
    while len(wanted) < size.faults:
        wanted += chance.choices(kinds, weights=[WEIGHTS[kind] for kind in kinds])
    chance.shuffle(wanted)
    apart = size.seconds / len(wanted)
    # The rights go when half of the invoices are there.
    wanted.remove(Kind.REVOCATION)
    wanted.insert(len(wanted) // 2, Kind.REVOCATION)
    return [_fault(chance, kind, (at + chance.random()) * apart) for at, kind in enumerate(wanted)]


def _fault(chance: random.Random, kind: Kind, at: float) -> Fault:
    what: Mapping[Kind, Sequence[str]] = {
        Kind.KILL: KILLED,
        Kind.FREEZE: FROZEN,
        Kind.CUT: WIRES,
        Kind.SILENCE: WIRES,
        Kind.SLOWNESS: WIRES,
        Kind.DISK_FULL: ("kafka", "postgres"),
        Kind.CLOCK_JUMP: ("worker-1",),
        Kind.ERP: ERP_FAULTS,
        Kind.WEBHOOKS: WEBHOOK_FAULTS,
        Kind.PROCORE: tuple(map(str, PROCORE_FAULTS)),
    }
    seconds = {
        Kind.KILL: (0.2, 6),
        Kind.FREEZE: (8, 15),  # longer than lease and session
        Kind.SILENCE: (3, LONGEST_SILENCE),
        Kind.CLOCK_JUMP: (5, 15),
    }.get(kind, (2, 10))
    return Fault(
        at=at,
        kind=kind,
        what=chance.choice(what[kind]) if kind in what else "",
        seconds=chance.uniform(*seconds),
        how=chance.random(),
    )
