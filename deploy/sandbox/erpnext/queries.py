"""Lists: filters and fields as Frappe's `/api/resource/TYPE` takes them. Text compares as MariaDB does: case blind."""

import fnmatch
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from deploy.sandbox.erpnext.errors import FrappeError

LISTED_AT_MOST = 20
# Frappe does not put a list's fields in quotes.
RESERVED = frozenset({"unique", "order", "group", "key", "index"})
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda has, wants: folded(has) == folded(wants),
    "!=": lambda has, wants: folded(has) != folded(wants),
    "in": lambda has, wants: folded(has) in [folded(one) for one in wants],
    "not in": lambda has, wants: folded(has) not in [folded(one) for one in wants],
    "like": lambda has, wants: fnmatch.fnmatchcase(folded(has), pattern(wants)),
    ">=": lambda has, wants: bool(has) and str(has) >= str(wants),
    "<=": lambda has, wants: bool(has) and str(has) <= str(wants),
}


def listed(
    doctype: str, rows: Iterable[Mapping[str, Any]], known: Iterable[str], asked: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The rows that are asked for, 20 unless told otherwise. Raises FrappeError for a field that there is not."""
    names = set(known)
    filters = json.loads(asked.get("filters") or "[]")
    fields = json.loads(asked.get("fields") or '["name"]')
    for field in fields:
        if field in RESERVED:
            raise FrappeError("ProgrammingError", "(1064, 'You have an error in your SQL syntax')")
        if field != "*" and field not in names:
            raise FrappeError("DataError", f"Field not permitted in query: {field}")
    wanted = [one[-3:] for one in filters]
    for field, operator, _ in wanted:
        if field not in names:
            raise FrappeError("OperationalError", f"(1054, \"Unknown column 'tab{doctype}.{field}' in 'WHERE'\")")
        if operator not in OPERATORS:
            raise FrappeError("ValidationError", f"Operator {operator} is not understood here")
    found = [row for row in rows if all(OPERATORS[op](row.get(field), value) for field, op, value in wanted)]
    start, length = int(asked.get("limit_start") or 0), int(asked.get("limit_page_length") or LISTED_AT_MOST)
    page = found[start : start + length]
    return [{name: row.get(name) for name in (sorted(names) if "*" in fields else fields)} for row in page]


def folded(value: Any) -> str:
    """As it compares; nothing is as good as empty."""
    return "" if value is None else str(value).casefold()


def pattern(wanted: str) -> str:
    """SQL's wildcards as the shell's."""
    return "".join(f"[{one}]" if one in "[]*?" else one for one in folded(wanted)).replace("%", "*").replace("_", "?")
