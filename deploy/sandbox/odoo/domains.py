"""Odoo's search domains: conditions in Polish notation, joined by "and" where nothing is said."""

import re
from collections.abc import Callable
from typing import Any

from deploy.sandbox.odoo.errors import VALUE, OdooError

Value = Callable[[str], Any]
JOINTS = {"&": all, "|": any}


def fields_in(domain: Any) -> set[str]:
    """Every field that the domain asks for. Raises OdooError for a domain that is none."""
    if not isinstance(domain, list):
        raise OdooError(VALUE, f"Domain() invalid domain: {domain!r}")
    return {str(one[0]) for one in domain if isinstance(one, list) and one}


def matches(domain: list[Any], value: Value) -> bool:
    """Whether a record fits; `value` answers its fields. Raises OdooError for a condition that is none."""
    rest = list(domain)
    fits = True
    while rest:
        fits &= term(rest, value)
    return fits


def term(rest: list[Any], value: Value) -> bool:
    """The next condition, or joint with its two; taken off `rest`."""
    if not rest:
        raise OdooError(VALUE, "Domain() has too few conditions")
    first = rest.pop(0)
    if isinstance(first, str) and first in JOINTS:
        return JOINTS[first]([term(rest, value), term(rest, value)])
    if not isinstance(first, list) or len(first) != 3:
        raise OdooError(VALUE, f"Domain() invalid item in domain: {first!r}")
    return holds(value(first[0]), first[1], first[2])


def holds(seen: Any, operator: str, wanted: Any) -> bool:
    """One condition."""
    match operator:
        case "=":
            return bool(seen == wanted)
        case "!=":
            return bool(seen != wanted)
        case "in":
            return seen in wanted
        case ">":
            return bool(seen > wanted)
        case "=like":
            pattern = re.escape(wanted).replace("%", ".*").replace("_", ".")
            return re.fullmatch(pattern, seen or "", re.DOTALL) is not None
        case _:
            raise OdooError(VALUE, f"Invalid operator {operator!r} in domain term")
