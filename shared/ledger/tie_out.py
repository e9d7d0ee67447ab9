"""The words and sums of a tie-out: what was approved in a month, what became of it, and what the ERP says. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Self

from shared.ledger.words import Reason, Status

MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
YEARS = range(1900, 9999)  # a calendar ends after the year 9999, and each month needs the one after it


class Part(StrEnum):
    """What became of an approved invoice. Each export is in exactly one."""

    EXPORTED = "exported"
    HELD = "held"
    WAITING = "waiting"
    SKIPPED = "skipped"
    FAILED = "failed"


# Waiting is all that goes by itself. NONE has no entry yet, and nobody has seen it approved.
PART_OF: Mapping[Status, Part] = {
    Status.EXPORTED: Part.EXPORTED,
    Status.HELD: Part.HELD,
    Status.WAITING: Part.WAITING,
    Status.EXPORTING: Part.WAITING,
    Status.RETRYING: Part.WAITING,
    Status.SKIPPED: Part.SKIPPED,
    Status.FAILED: Part.FAILED,
}


class Verdict(StrEnum):
    """What a tie-out saw of one exported document. Each has one sentence in `VERDICT_TOLD`."""

    STANDS = "stands"
    POSTED_BY_HAND = "posted_by_hand"
    BY_HAND = "by_hand"
    NOT_ASKED = "not_asked"
    CANCELLED = "cancelled"
    GONE = "gone"
    DOUBLE = "double"
    TOTALS_DIFFER = "totals_differ"
    DRAFT_AGAIN = "draft_again"
    UNLINKED = "unlinked"
    NUMBER_CHANGED = "number_changed"


VERDICT_TOLD: Mapping[Verdict, str] = {
    Verdict.STANDS: "Stands in the ERP with the total that was sent.",
    Verdict.POSTED_BY_HAND: "Was left as a draft for a person, who posted it with its total: as agreed, so not held.",
    Verdict.BY_HAND: "Was entered in the ERP by hand, so only a person can compare it.",
    Verdict.NOT_ASKED: "The ERP could not be asked about it; that says nothing about the receivable.",
    Verdict.CANCELLED: "Was cancelled or credited in the ERP after its export.",
    Verdict.GONE: "Is not in the ERP any more: it was deleted there.",
    Verdict.DOUBLE: "Stands more than once in the ERP under the same reference.",
    Verdict.TOTALS_DIFFER: "Stands in the ERP with another total than what was sent.",
    Verdict.DRAFT_AGAIN: "Was complete in the ERP, and is not any more.",
    Verdict.UNLINKED: "Stands in the ERP, but has lost the reference by which we find it.",
    Verdict.NUMBER_CHANGED: "Stands in the ERP under another number than the ledger holds.",
}

# What holds an export, and why. The other verdicts hold nothing (decision record 8).
REASON_OF: Mapping[Verdict, Reason] = {
    Verdict.CANCELLED: Reason.CANCELLED_IN_ERP,
    Verdict.GONE: Reason.CANCELLED_IN_ERP,
    Verdict.DOUBLE: Reason.FOUND_SEVERAL,
    Verdict.TOTALS_DIFFER: Reason.TOTALS_DIFFER,
    Verdict.DRAFT_AGAIN: Reason.CHANGED_IN_ERP,
    Verdict.UNLINKED: Reason.CHANGED_IN_ERP,
    Verdict.NUMBER_CHANGED: Reason.CHANGED_IN_ERP,
}

# What is told and holds nothing, and what a person does about it.
NOT_HELD: Mapping[Verdict, str] = {
    Verdict.POSTED_BY_HAND: "Nothing: the connection leaves its documents for people to post, and somebody did.",
    Verdict.NOT_ASKED: "Nothing: the next tie-out asks again. Call the ERP's administrator if it lasts.",
}

# Of these nothing is told one by one: they are counted.
ONLY_COUNTED = frozenset({Verdict.STANDS, Verdict.BY_HAND})


@dataclass(frozen=True, order=True)
class Period:
    """One accounting month."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From "2026-10". Raises ValueError."""
        found = MONTH.fullmatch(text)
        if found is None or int(found[1]) not in YEARS:
            raise ValueError("is not a month such as 2026-10")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> Self:
        """The month of a day."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.month, 1)

    @property
    def end(self) -> date:
        """The first day after it."""
        return date(self.year + self.month // 12, self.month % 12 + 1, 1)

    @property
    def before(self) -> Self:
        """The month before it."""
        return self.of(self.first - timedelta(days=1))

    def moments(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """From its first midnight in `zone` to the one after its last day."""
        return datetime.combine(self.first, time(), zone), datetime.combine(self.end, time(), zone)


def usual_periods(now: datetime, zone: tzinfo) -> tuple[Period, Period]:
    """The month before and this one, as the connection's calendar has it."""
    this = Period.of(now.astimezone(zone).date())
    return this.before, this


@dataclass(frozen=True)
class Sum:
    """How many, and over how much in one currency. One whose amount nobody has seen yet counts as 0."""

    count: int = 0
    amount: Decimal = Decimal(0)

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.count + other.count, self.amount + other.amount)


@dataclass(frozen=True)
class Account:
    """One currency's side of a tally: approved, as counted at once, and the parts, as counted one by one."""

    currency: str
    approved: Sum
    parts: Mapping[Part, Sum]

    @property
    def adds_up(self) -> bool:
        """Approved = exported + held + waiting + skipped + failed, in count and to the cent."""
        return sum(self.parts.values(), Sum()) == self.approved


@dataclass(frozen=True)
class Tally:
    """One connection's month. Without currency: exports whose invoice nobody could read so far."""

    accounts: tuple[Account, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[tuple[str, Status | None, Sum]]) -> Self:
        """From (currency, status, sum); status None marks the whole of a currency."""
        approved: dict[str, Sum] = {}
        parts: dict[str, dict[Part, Sum]] = {}
        for currency, status, one in rows:
            if status is None:
                approved[currency] = one
                continue
            known = parts.setdefault(currency, {})
            part = PART_OF[status]
            known[part] = known.get(part, Sum()) + one
        return cls(tuple(Account(each, approved[each], parts.get(each, {})) for each in sorted(approved)))

    @property
    def adds_up(self) -> bool:
        """Whether every currency does."""
        return all(account.adds_up for account in self.accounts)
