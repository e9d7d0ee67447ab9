"""Between Procore's JSON and ours: ids, bodies, times, error texts. Pure.

Ids are strings in our house and numbers on Procore's v1 wire. Numbers with a fraction are read as `Decimal`:
a raw dict holds str, int, Decimal, bool, None, list and dict, never a float, so no cent is lost on the way.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from shared.procore.errors import NotAnId, Unreadable

LONGEST_TEXT = 300
DEEPEST = 5


def wire_id(value: str) -> int:
    """An id as v1 wants it in a body or a query. Raises NotAnId."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,20}", value, re.ASCII):
        raise NotAnId(f"not an id of Procore's: {value!r:.60}")
    return int(value)


def house_id(value: Any) -> str:
    """An id as our house holds it, from a number or text on the wire; empty when there is none."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def path_of(route: str, ids: Mapping[str, str]) -> str:
    """`/projects/{project_id}` with its ids put in, each checked first. Raises NotAnId."""
    return re.sub(r"\{(\w+)\}", lambda place: str(wire_id(ids[place[1]])), route)


def load_json(content: bytes) -> Any:
    """Raises Unreadable, also for NaN and Infinity."""
    try:
        return json.loads(content, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not JSON") from error


def dump_json(body: Mapping[str, Any]) -> bytes:
    """Decimals become decimal strings, as Procore writes amounts itself; dates become ISO dates."""
    return json.dumps(body, default=_plain, allow_nan=False).encode()


def instant(text: Any) -> datetime | None:
    """An ISO time as aware UTC (without a zone: taken as UTC); None when it is none."""
    if not isinstance(text, str):
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def error_text(content: bytes, *, conceal: Iterable[str] = ()) -> str:
    """Any of Procore's error bodies as one short line, without the words in `conceal`."""
    try:
        text = _flat(load_json(content), DEEPEST)
    except Unreadable:
        text = content.decode(errors="replace")
    for secret in filter(None, conceal):
        text = text.replace(secret, "***")
    text = " ".join("".join(char if char.isprintable() else " " for char in text[:10_000]).split())
    return (text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…") or "no text"


def _flat(value: Any, depth: int) -> str:
    """`{"errors": {"status": ["is wrong"]}}` becomes `status: is wrong`."""
    if depth == 0:
        return "…"
    if isinstance(value, dict):
        return "; ".join(_named(key, _flat(part, depth - 1)) for key, part in value.items() if part)
    if isinstance(value, list):
        return "; ".join(_flat(part, depth - 1) for part in value)
    return str(value)


def _named(key: str, text: str) -> str:
    return text if key in {"errors", "error", "message", "error_description"} else f"{key}: {text}"


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"not for Procore's wire: {type(value).__name__}")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
