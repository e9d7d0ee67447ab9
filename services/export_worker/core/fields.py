"""Reading another system's JSON: every odd value becomes a problem that says where it stood."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, DecimalException
from typing import Any, TypeVar

from shared.ledger.words import Reason

ABSENT = frozenset({"", "null", "none", "empty"})
LARGEST = Decimal("1e15")
LARGEST_NUMBER = 2**31 - 1  # what the ledger's columns take

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

    def items(self, name: str) -> Iterator["Fields"]:
        """The objects of the list under `name`."""
        value = self._raw.get(name)
        for at, item in enumerate(value if isinstance(value, list) else []):
            yield Fields(item, f"{self._path}{name}[{at}].", self._problems)

    def text(self, name: str) -> str | None:
        """Text, or a number as text; None for null, blank and the words Procore prints for null.

        Without the characters that the ledger could not store: NUL, and halves of surrogate pairs.
        """
        value = self._raw.get(name)
        if value is None or isinstance(value, bool | Mapping | list):
            return None
        text = str(value).replace("\x00", "").encode(errors="replace").decode().strip()
        return None if text.lower() in ABSENT else text

    def integer(self, name: str) -> int | None:
        """A whole number, from a number or text."""
        number = self._parsed(name, int, "a whole number")
        if number is None or abs(number) <= LARGEST_NUMBER:
            return number
        self._problems.append(Problem(Reason.MISSING_FIELD, f"{self._path}{name} is too large: {str(number)[:40]}"))
        return None

    def day(self, name: str) -> date | None:
        """A date (ISO), without regard to a time behind it."""
        return self._parsed(name, lambda text: date.fromisoformat(text[:10]), "a date")

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
        if self.text(name) is None:
            self.miss(name, "an amount")
        return self.amount(name, Decimal(0))

    def _parsed(self, name: str, parse: Callable[[str], Value], what: str) -> Value | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            return parse(text)
        except (ValueError, DecimalException, OverflowError):
            detail = f"{self._path}{name} is not {what}: {text[:40]!r}"
            self._problems.append(Problem(Reason.MISSING_FIELD, detail))
            return None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _amount(text: str) -> Decimal:
    amount = Decimal(text)
    if not amount.is_finite() or abs(amount) > LARGEST:
        raise ValueError(text)
    return amount
