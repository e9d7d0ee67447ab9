"""Two versions beside one ledger: what the older one does not know, it leaves to the newer. Pure.

Entries and states only ever gain fields, kinds and words. An older version must neither drop them, for its fold would
then not be that of the entries, nor take them for damage.
"""

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

T = TypeVar("T")


class WrittenByNewer(Exception):
    """A newer version wrote this: it holds a field, a kind or a word that this one does not know."""


def read_stored(adapter: TypeAdapter[T], value: Any) -> T:
    """The value of a stored JSON object. Raises WrittenByNewer, or pydantic.ValidationError where it is damaged."""
    try:
        return adapter.validate_python(value, strict=False)
    except ValidationError as error:
        told = error.errors(include_url=False)
        if all(_is_unknown_here(each) for each in told):
            where = ".".join(map(str, told[0]["loc"])) or "an entry of this kind"
            raise WrittenByNewer(f"a newer version of invoice-export wrote {where}") from None
        raise


def _is_unknown_here(error: ErrorDetails) -> bool:
    """A word can only be unknown if it is one: a number or nothing in its place is damage."""
    match error["type"]:
        case "extra_forbidden":
            return True
        case "enum" | "literal_error":
            return isinstance(error["input"], str)
        case "union_tag_invalid":
            return isinstance(error["input"].get("kind"), str)
        case _:
            return False
