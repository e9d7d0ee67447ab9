"""A place in a list as part of an address: of the last row that was shown, what the list is sorted by. Pure."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from shared.ledger.text import storable

LONGEST_PLACE = 4_000  # a name of 200 letters, each of which an address tells in several


def place_text(values: Sequence[str | int]) -> str:
    """Safe in an address."""
    content = json.dumps(list(values), ensure_ascii=False)
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def read_place(text: str) -> list[Any]:
    """What `place_text` was given, or another list. Raises ValueError for anything else."""
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    match values:
        case list():
            return values
        case _:
            raise ValueError("is no place in a list")


def read_texts(text: str, number: int) -> tuple[str, ...]:
    """So many texts, as the database takes them. Raises ValueError."""
    values = read_place(text)
    if len(values) != number or not all(isinstance(each, str) for each in values):
        raise ValueError("is a place in another list")
    return tuple(storable(each) for each in values)
