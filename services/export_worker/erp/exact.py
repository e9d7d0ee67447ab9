"""JSON whose numbers are exact, for ERPs whose money is a JSON number: a float would lose cents."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def written(value: Any) -> str:
    """JSON text. Objects, lists, text, whole numbers, truth values and None as usual; Decimal digit by digit."""
    match value:
        case Decimal():
            return f"{value:f}"
        case Mapping():
            return "{" + ",".join(f"{json.dumps(key)}:{written(one)}" for key, one in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(written(one) for one in value) + "]"
        case float():
            raise TypeError("a float is not money")
        case _:
            return json.dumps(value)


def read(text: bytes) -> Any:
    """What a JSON text holds, fractions as Decimal; None when it is not JSON."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=refuse)
    except ValueError:
        return None


def refuse(constant: str) -> Any:
    """NaN and infinities are no JSON. Raises ValueError."""
    raise ValueError(constant)
