"""Reading another system's JSON: every odd value becomes a problem that says where it stood."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, DecimalException
from typing import Any, TypeVar

from shared.ledger.words import Reason

ABSENT = frozenset({"", "null", "none", "empty"})
LARGEST = Decimal("1e15")
LARGEST_NUMBER = 2**31 - 1  # what the ledger's column takes
YEARS = range(1900, 3000)  # days and seconds can be added to any of their dates

# Python itself would also read 1_000, and digits of other scripts.
AMOUNT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")

Value = TypeVar("Value")


@dataclass(frozen=True)
class Problem:
    """Something about an invoice that a person has to mend, in words for an accountant."""

    reason: Reason
    detail: str


class Fields:
    """One JSON object and the problems met while reading it and the objects inside it."""

    def __init__(self, raw: object, path: str = "", problems: list[Problem] | None = None) -> None:
        self._raw: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
        self._path = path
        self._problems = problems if problems is not None else []

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was odd so far, in the order of reading."""
        return tuple(self._problems)

    def has(self, name: str) -> bool:
        """Whether there is an object under `name`."""
        return isinstance(self._raw.get(name), Mapping)

    def miss(self, name: str, what: str) -> None:
        """Note that `name` is missing."""
        self._problems.append(Problem(Reason.MISSING_FIELD, f"{what} ({self._path}{name}) is missing"))

    def inner(self, name: str) -> "Fields":
        """The object under `name`; empty when there is none."""
        return Fields(self._raw.get(name), f"{self._path}{name}.", self._problems)

    def aside(self) -> "Fields":
        """The same object; what is odd in it is nobody's problem, because it is only shown."""
        return Fields(self._raw, self._path)

    def items(self, name: str) -> Iterator["Fields"]:
        """The objects of the list under `name`."""
        value = self._raw.get(name)
        for at, item in enumerate(value if isinstance(value, list) else []):
            yield Fields(item, f"{self._path}{name}[{at}].", self._problems)

    def text(self, name: str) -> str | None:
        """Text, or a number as text; None for null, blank and the words Procore prints for null.

        Without the characters that the ledger could not store: NUL, and halves of surrogate pairs.
        """
        is_odd = isinstance(self._raw.get(name), bool | Mapping | list)
        return None if is_odd else self._given(name)

    def integer(self, name: str) -> int | None:
        """A whole number, from a number or text."""
        return self._parsed(name, _integer, "a whole number")

    def day(self, name: str) -> date | None:
        """A date (ISO), without regard to a time behind it."""
        return self._parsed(name, _day, "a date")

    def moment(self, name: str) -> datetime | None:
        """An aware time in UTC; a time without zone is taken as UTC, as Procore's are."""
        return self._parsed(name, _moment, "a time")

    def optional_amount(self, name: str) -> Decimal | None:
        """An amount of money; None when absent."""
        return self._parsed(name, _amount, "an amount")

    def amount(self, name: str, default: Decimal) -> Decimal:
        """An amount of money; `default` when absent."""
        value = self.optional_amount(name)
        return default if value is None else value

    def required_amount(self, name: str) -> Decimal:
        """An amount of money; a problem when absent."""
        if self._given(name) is None:
            self.miss(name, "an amount")
        return self.amount(name, Decimal(0))

    def _given(self, name: str) -> str | None:
        """What stands there, as text; None for nothing and its words."""
        match self._raw.get(name):
            case None:
                return None
            case bool() as value:
                return str(value).lower()
            case Mapping():
                return "{...}"
            case list():
                return "[...]"
            case value:
                text = str(value).replace("\x00", "").encode(errors="replace").decode().strip()
                return None if text.lower() in ABSENT else text

    def _parsed(self, name: str, parse: Callable[[str], Value], what: str) -> Value | None:
        text = self._given(name)
        if text is None:
            return None
        try:
            return parse(text)
        except (ValueError, DecimalException, OverflowError):
            detail = f"{self._path}{name} is not {what}: {text[:40]!r}"
            self._problems.append(Problem(Reason.MISSING_FIELD, detail))
            return None


def _integer(text: str) -> int:
    number = int(text) if WHOLE_NUMBER.fullmatch(text) else None
    if number is None or abs(number) > LARGEST_NUMBER:
        raise ValueError(text)
    return number


def _day(text: str) -> date:
    day = date.fromisoformat(text[:10])
    if day.year not in YEARS:
        raise ValueError(text)
    return day


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.year not in YEARS:
        raise ValueError(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _amount(text: str) -> Decimal:
    amount = Decimal(text) if AMOUNT.fullmatch(text) else None
    if amount is None or abs(amount) > LARGEST:
        raise ValueError(text)
    return amount
