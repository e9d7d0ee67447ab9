"""What was just done, carried by the address of the page after it: nobody can make a page say anything else. Pure."""

from collections.abc import Mapping, Sized
from types import MappingProxyType
from urllib.parse import urlencode

DONE: Mapping[str, str] = MappingProxyType(
    {
        "recorded": "Saved: this is the record from now on.",
        "mapped": "Saved: this counts from now on. Replay what waited for it.",
        "paused": "Paused: nothing more is sent. What is under way is finished.",
        "resumed": "Resumed: what waited is looked at again within ten minutes.",
        "chosen": "Saved: these are your words from now on.",
    }
)
IMPORTED = "imported"
COUNTED = ("added", "changed", "refreshed", "unchanged", "older")
MOST_DIGITS = 7


def tally(saved: Mapping[str, Sized]) -> dict[str, int]:
    """How many became what, of what a store's `save` answers; without the zeros."""
    return {name: len(saved[name]) for name in COUNTED if saved.get(name)}


def address_after(path: str, done: str, counts: Mapping[str, int] | None = None) -> str:
    """The path with what was done."""
    return f"{path}?{urlencode({'done': done, **(counts or {})})}"


def told(query: Mapping[str, str]) -> dict[str, str] | None:
    """The flash of a page whose address says what was done; None for an address that does not."""
    done = query.get("done", "")
    if done == IMPORTED:
        counts = [f"{int(query[name]):,} {name}" for name in COUNTED if _is_count(query.get(name, ""))]
        return {"kind": "", "text": f"Imported: {', '.join(counts) or 'nothing'}."}
    return {"kind": "", "text": DONE[done]} if done in DONE else None


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
