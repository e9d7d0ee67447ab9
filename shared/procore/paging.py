"""Whether a v1 or v2 listing goes on. Pure. Rules: Procore developer portal, "Using Pagination"."""

import re
from collections.abc import Mapping
from typing import Any

from shared.procore.errors import Unreadable


def rows_of(body: Any) -> list[dict[str, Any]]:
    """The objects of one page: a bare array (v1) or under `data` (v2). Raises Unreadable."""
    rows = body.get("data") if isinstance(body, dict) else body
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unreadable("not a list of objects")
    return rows


def has_next(headers: Mapping[str, str], *, page: int, per_page: int, count: int) -> bool:
    """Link decides; without it Total (Procore's page size may be below ours); without both, a full page."""
    if "link" in headers:
        # The address itself is not followed: our token goes only where the settings say.
        return re.search(r'rel="?next\b', headers["link"]) is not None
    total = _whole(headers.get("total"))
    if total is not None:
        return count > 0 and page * (_whole(headers.get("per-page")) or per_page) < total
    return count >= per_page


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"[0-9]{1,12}", text) else None
