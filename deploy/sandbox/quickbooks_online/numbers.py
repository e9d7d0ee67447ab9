"""JSON as QuickBooks speaks it: money is a number, and keeps every digit."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def told(value: Any) -> str:
    """JSON text."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)}: {told(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(told(one) for one in value) + "]"
    return json.dumps(value)


def heard(text: bytes) -> Any:
    """What a JSON text holds, fractions as Decimal. Raises ValueError."""
    return json.loads(text, parse_float=Decimal)
