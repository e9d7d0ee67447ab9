"""Tables of a connections file, for the ERP sandbox."""

import json
from collections.abc import Mapping
from typing import Any


def connection_table(
    name: str, *, company: int, erp_url: str, book: str, secret: str, erp: Mapping[str, Any], **changes: Any
) -> str:
    """A live connection, with `changes` to it and `erp` settings of its adapter; `secret` is a reference."""
    settings = {"url": erp_url, "book": book, "read_timeout_seconds": 5, "settles_after_seconds": 10, **erp}
    connection = {
        "name": name,
        "company_id": company,
        "adapter": "erp_sandbox",
        "mode": "live",
        "finish": "posted",
        "start_from": "all",
        "requests_per_minute": 6000,
        **changes,
        "settings": settings,
        "secrets": {"client_secret": secret},
    }
    lines = [f"{key} = {_toml(value)}" for key, value in connection.items()]
    return "\n".join(["[[connection]]", *lines, ""])


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_toml(inner)}" for name, inner in value.items()) + " }"
    return json.dumps(value)
