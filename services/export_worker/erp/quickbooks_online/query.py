"""Statements in QuickBooks' query language. Pure."""

from urllib.parse import urlencode

PAGE = 1000  # QuickBooks gives no more at once


def path_of(entity: str, where: str = "", *, start: int = 1) -> str:
    """Path and query string of one page of a select; `start` counts from 1."""
    condition = ["where", where] if where else []
    statement = ["select * from", entity, *condition, "startposition", str(start), "maxresults", str(PAGE)]
    return f"/query?{urlencode({'query': ' '.join(statement)})}"


def quoted(text: str) -> str:
    """A literal; a quote or backslash in it never ends it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
