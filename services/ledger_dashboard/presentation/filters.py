"""The list's filter in the address, so that it can be kept and sent to a colleague as a link. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TypedDict, TypeVar
from urllib.parse import urlencode

from services.ledger_dashboard.presentation.places import LONGEST_PLACE, place_text, read_place
from shared.ledger.filter import Cursor, Filter, Sort, SortKey
from shared.ledger.text import storable
from shared.ledger.words import Reason, Status

Value = TypeVar("Value")

LONGEST = 200
MOST_DIGITS = 200  # before and behind the point: the database holds more of them, and no receivable does
LARGEST_ID = 2**63 - 1
AFTER = "after"
SHOWN = (
    "search",
    "status",
    "reason",
    "company_id",
    "project_id",
    "connection",
    "approver",
    "amount_from",
    "amount_to",
    "since_from",
    "since_to",
    "given_up",
)


class Texts(TypedDict):
    """What is taken as it is typed."""

    search: str | None
    company_id: str | None
    project_id: str | None
    connection: str | None
    approver: str | None


@dataclass(frozen=True)
class Asked:
    """What an address asks for. `problems` name what was not understood, and was left out."""

    filter: Filter
    sort: Sort
    after: Cursor | None = None
    problems: tuple[str, ...] = ()

    @property
    def query(self) -> str:
        """The same filter and order as part of an address, without the page."""
        return urlencode([*_filter_pairs(self.filter), *_sort_pairs(self.sort)])

    @property
    def is_filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(_filter_pairs(self.filter))

    def sorted_by(self, key: SortKey) -> str:
        """The address part for another order; the same key again turns it round."""
        turned = (
            Sort(key, not self.sort.descending)
            if key is self.sort.key
            else Sort(key, key is not SortKey.INVOICE_NUMBER)
        )
        return urlencode([*_filter_pairs(self.filter), *_sort_pairs(turned)])

    def page_after(self, cursor: Cursor) -> str:
        """The address part for the next page."""
        return urlencode([*_filter_pairs(self.filter), *_sort_pairs(self.sort), (AFTER, cursor_text(cursor))])

    def with_status(self, *statuses: Status) -> str:
        """The address part with other statuses."""
        kept = [(name, value) for name, value in _filter_pairs(self.filter) if name != "status"]
        return urlencode([*kept, *(("status", each.value) for each in statuses), *_sort_pairs(self.sort)])


def read_query(pairs: Iterable[tuple[str, str]], companies: frozenset[str] | None) -> Asked:
    """From an address's pairs; unknown names are ignored, odd values become problems.

    `companies`: those that whoever asks may see; None: all.
    """
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if text := storable(value).strip()[: LONGEST_PLACE if name == AFTER else LONGEST]:
            given.setdefault(name, []).append(text)
    problems: list[str] = []

    def one(name: str, parse: Callable[[str], Value], what: str) -> Value | None:
        return _parsed(given.get(name, [""])[0], parse, what, problems)

    statuses = [_parsed(each, Status, "a status", problems) for each in given.get("status", [])]
    wanted = Filter(
        statuses=tuple(each for each in statuses if each),
        reason=one("reason", Reason, "a reason"),
        amount_from=one("amount_from", _amount, "an amount"),
        amount_to=one("amount_to", _amount, "an amount"),
        since_from=one("since_from", date.fromisoformat, "a day such as 2026-11-26"),
        since_to=one("since_to", date.fromisoformat, "a day such as 2026-11-26"),
        companies=companies,
        given_up=bool(given.get("given_up")),
        **_texts(given),
    )
    sort = Sort(one("sort", SortKey, "an order") or SortKey.ARRIVAL, given.get("order", ["down"])[0] != "up")
    return Asked(wanted, sort, one(AFTER, read_cursor, "a page of this list"), tuple(problems))


def cursor_text(cursor: Cursor) -> str:
    """Safe in an address."""
    return place_text([cursor.value, cursor.id])


def read_cursor(text: str) -> Cursor:
    """Raises ValueError for anything that `cursor_text` did not make."""
    match read_place(text):
        case [value, int(number)]:
            return Cursor(storable(str(value)), postgres_id(number))
        case _:
            raise ValueError("is a place in another list")


def postgres_id(text: str | int) -> int:
    """An id as the database's bigint has it. Raises ValueError for anything else."""
    number = int(text)
    if not 0 <= number <= LARGEST_ID:
        raise ValueError(f"{str(text)[:40]} is no id")
    return number


def typed_text(text: str) -> str | None:
    """What somebody looks for, as the database takes it; None: nothing."""
    return storable(text.strip())[:LONGEST] or None


def in_words(wanted: Filter) -> str:
    """The filter as a sentence part, for the record of what somebody chose."""
    told = [f"{name.replace('_', ' ')} {value}" for name, value in _filter_pairs(wanted)]
    return ", ".join(told) or "everything"


TEXTS = ("search", "company_id", "project_id", "connection", "approver")


def _texts(given: Mapping[str, list[str]]) -> Texts:
    search, company_id, project_id, connection, approver = (given.get(name, [None])[0] for name in TEXTS)
    return {
        "search": search,
        "company_id": company_id,
        "project_id": project_id,
        "connection": connection,
        "approver": approver,
    }


def _filter_pairs(wanted: Filter) -> list[tuple[str, str]]:
    pairs = []
    for field in fields(wanted):
        value = getattr(wanted, field.name)
        if field.name == "statuses":
            pairs += [("status", each.value) for each in value]
        elif field.name == "given_up":
            pairs += [("given_up", "true")] if value else []
        elif field.name != "companies" and value is not None:
            pairs.append((field.name, str(value)))
    return sorted(pairs, key=lambda pair: SHOWN.index(pair[0]))


def _sort_pairs(sort: Sort) -> list[tuple[str, str]]:
    pairs = [] if sort.key is SortKey.ARRIVAL else [("sort", sort.key.value)]
    return pairs if sort.descending else [*pairs, ("order", "up")]


def _parsed(text: str, parse: Callable[[str], Value], what: str, problems: list[str]) -> Value | None:
    if not text:
        return None
    try:
        return parse(text)
    except (ValueError, TypeError, InvalidOperation):
        problems.append(f"{text[:40]!r} is not {what}: it was left out.")
        return None


def _amount(text: str) -> Decimal:
    amount = Decimal(text.replace(",", ""))
    if not amount.is_finite() or abs(amount.adjusted()) > MOST_DIGITS:
        raise ValueError(text)
    return amount


def merged(pairs: Mapping[str, Any]) -> str:
    """An address part from what is given and not empty."""
    return urlencode([(name, value) for name, value in pairs.items() if value not in (None, "")])
