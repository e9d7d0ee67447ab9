"""JSON whose numbers are exact, for ERPs whose money is a JSON number: a float would lose cents."""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

BEYOND_REASON = Decimal(10) ** 20


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
        return json.loads(text, parse_float=fraction, parse_constant=refuse)
    except ValueError:
        return None


def fraction(digits: str) -> Decimal:
    """Raises ValueError for an exponent beyond all reason."""
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise ValueError(digits) from None


def within_reason(amount: Decimal) -> Decimal:
    """Raises ValueError for more than any currency has: its cents would be lost when it is compared."""
    if abs(amount) >= BEYOND_REASON:
        raise ValueError("is more than any invoice comes to")
    return amount


def refuse(constant: str) -> Any:
    """NaN and infinities are no JSON. Raises ValueError."""
    raise ValueError(constant)
