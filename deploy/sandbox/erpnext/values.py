"""Values as Frappe takes them into a document: types, lengths, markup and links."""

import html
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from deploy.sandbox.erpnext.doctypes import CHECK, DATA, DAY, EDITOR, FIELDS, MONEY
from deploy.sandbox.erpnext.errors import FrappeError

LONGEST_DATA = 140
# A column of DECIMAL(21,9) has twelve digits before the point.
TOO_LARGE = 1e12
SAFE = re.compile(r"<(?!/?(?:br|b|i|p|div|strong|em|ul|li|ol)\s*/?>)[^>]*>", re.IGNORECASE)


def cleaned(doctype: str, data: Mapping[str, Any], custom: Mapping[str, str]) -> dict[str, Any]:
    """The known fields in their types; the rest is dropped without a word."""
    fields = {**FIELDS[doctype], **custom}
    return {name: taken(doctype, name, kind, data[name]) for name, kind in fields.items() if name in data}


def taken(doctype: str, name: str, kind: str, value: Any) -> Any:
    """One value. Raises FrappeError."""
    if kind.startswith("Table:"):
        rows = kind.removeprefix("Table:")
        return list(value or []) if rows == "Any" else [cleaned(rows, row, {}) for row in value or []]
    if value is None or value == "":
        return value
    if kind == CHECK:
        return int(value)
    if kind == MONEY:
        return money(name, value)
    if kind == DAY:
        return date.fromisoformat(value).isoformat()
    text = sanitised(str(value), rich=kind == EDITOR)
    if kind == DATA and len(text) > LONGEST_DATA:
        told = f"{doctype}: '{name}' ({text}) will get truncated, as max characters allowed is {LONGEST_DATA}"
        raise FrappeError("CharacterLengthExceededError", told)
    return text


def money(name: str, value: Any) -> float:
    """A float, as everything becomes one."""
    amount = float(value)
    if abs(amount) >= TOO_LARGE:
        raise FrappeError("DataError", f"(1264, \"Out of range value for column '{name}' at row 1\")")
    return amount


def rounded(amount: float) -> float:
    """To the cent, a half away from zero."""
    return round(amount + (1e-9 if amount >= 0 else -1e-9), 2)


def sanitised(text: str, *, rich: bool) -> str:
    """What looks like markup and is not allowed is taken out; rich text keeps its plain tags."""
    if "<" not in text and ">" not in text:
        return text
    kept = SAFE.sub("", text)
    return kept if rich else html.escape(re.sub(r"<[^>]*>", "", kept), quote=False)
