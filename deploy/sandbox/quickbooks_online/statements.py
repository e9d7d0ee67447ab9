"""QuickBooks' query language, as much of it as its pages promise for these tables. Anything else is refused."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.sandbox.quickbooks_online.refusals import RefusedError

SHAPE = re.compile(
    r"select \* from (?P<table>\w+)(?: where (?P<where>.+?))?"
    r"(?: startposition (?P<start>[1-9]\d*))?(?: maxresults (?P<most>[1-9]\d*))?",
    re.IGNORECASE,
)
CONDITION = re.compile(
    r"\s*(?P<name>[\w.]+)\s+(?P<sign>=|like)\s+(?:'(?P<text>(?:[^'\\]|\\.)*)'|(?P<truth>true|false))\s*(?:and\b|$)",
    re.IGNORECASE,
)
MOST = 1000
FILTERS = {
    "Invoice": {"Id", "DocNumber", "TxnDate", "CustomerRef"},
    "Customer": {"Id", "DisplayName", "Active"},
    "Item": {"Id", "Name", "Type", "Active"},
    "Account": {"Id", "Name", "AccountType", "Active"},
    "TaxCode": {"Id", "Name", "Active"},
    "Attachable": {"AttachableRef.EntityRef.Type", "AttachableRef.EntityRef.value"},
}


@dataclass(frozen=True)
class Condition:
    """One comparison."""

    name: str
    test: Callable[[Any], bool]


@dataclass(frozen=True)
class Statement:
    """One select. `start` counts from 1."""

    table: str
    conditions: tuple[Condition, ...]
    start: int
    most: int

    def page(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The wanted part of those that fit."""
        fitting = [row for row in rows if all(one.test(value_at(row, one.name)) for one in self.conditions)]
        return fitting[self.start - 1 : self.start - 1 + self.most]


def parsed(text: str) -> Statement:
    """Raises RefusedError 4001."""
    match = SHAPE.fullmatch(text.strip())
    if match is None or match["table"] not in FILTERS:
        raise RefusedError("4001", f"QueryParserError: {text}")
    most = int(match["most"] or 100)
    if most > MOST:
        raise RefusedError("4001", f"maxresults {most} is above {MOST}")
    conditions = tuple(conditions_in(match["table"], match["where"] or ""))
    return Statement(match["table"], conditions, int(match["start"] or 1), most)


def conditions_in(table: str, where: str) -> list[Condition]:
    """All of them hold."""
    conditions, at = [], 0
    while at < len(where):
        match = CONDITION.match(where, at)
        if match is None:
            raise RefusedError("4001", f"QueryParserError: Encountered {where[at : at + 20]!r}")
        if match["name"] not in FILTERS[table]:
            raise RefusedError("4001", f"QueryValidationError: property '{match['name']}' is not queryable")
        conditions.append(Condition(match["name"], test_of(match)))
        at = match.end()
    return conditions


def test_of(match: re.Match[str]) -> Callable[[Any], bool]:
    """Text is compared without regard to case, as QuickBooks does; % stands for anything."""
    if match["truth"]:
        truth = match["truth"].casefold() == "true"
        return lambda value: value is truth
    wanted = re.sub(r"\\(.)", r"\1", match["text"]).casefold()
    if match["sign"].casefold() == "like":
        shape = re.compile(".*".join(map(re.escape, wanted.split("%"))), re.DOTALL)
        return lambda value: isinstance(value, str) and shape.fullmatch(value.casefold()) is not None
    return lambda value: isinstance(value, str) and value.casefold() == wanted


def value_at(row: Mapping[str, Any], name: str) -> Any:
    """`A.B` of a row, whatever its case; of a list, its first element's; of a reference, its value."""
    value: Any = row
    for part in name.casefold().split("."):
        value = {key.casefold(): one for key, one in value.items()}.get(part) if isinstance(value, Mapping) else None
        value = value[0] if isinstance(value, list | tuple) and value else value
    return value.get("value") if isinstance(value, Mapping) else value
