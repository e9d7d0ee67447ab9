"""The hash chain of one export: each entry carries the hash of the one before it (design law 8). Pure."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any


def genesis(export_id: int, company_id: str, payment_application_id: str) -> bytes:
    """What the first entry's `previous_hash` is: bound to the export, so that chains cannot be swapped."""
    return hashlib.sha256(f"{export_id}:{company_id}:{payment_application_id}".encode()).digest()


def entry_hash(previous: bytes, *, seq: int, kind: str, at: datetime, body: dict[str, Any]) -> bytes:
    """SHA-256 over the hash before and the entry's canonical JSON. `body` holds text, whole numbers and null only."""
    content = {"seq": seq, "kind": kind, "at": at.astimezone(UTC).isoformat(), "body": body}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous + canonical.encode()).digest()
