"""The ledger's chain and fold, checked anew from what docs and design say of them, not with the product's code."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC

from tests.chaos.checker.evidence import Entry, Row


def broken_links(rows: Sequence[Row], entries: Sequence[Entry]) -> Iterator[str]:
    """Every place where a chain is broken, or a row is not where its entries lead."""
    chains: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        chains[entry.export].append(entry)
    for row in rows:
        yield from _broken(row, sorted(chains.pop(row.id, []), key=lambda entry: entry.seq))
    for export in chains:
        yield f"export {export}: has entries but no row"


def _broken(row: Row, chain: Sequence[Entry]) -> Iterator[str]:
    where = f"export {row.id}"
    previous, status = _genesis(row), "none"
    for place, entry in enumerate(chain, start=1):
        if entry.seq != place:
            yield f"{where}: entry {place} is missing"
            return
        if entry.previous_hash != previous or entry.hash != _hash(entry):
            yield f"{where}: the chain breaks at entry {place}"
            return
        if entry.status_before != status:
            yield f"{where}: entry {place} begins at {entry.status_before}, the one before ended at {status}"
        previous, status = entry.hash, entry.status
    if (row.version, row.status, row.last_hash) != (len(chain), status, previous):
        yield f"{where}: its row says {row.status} at version {row.version}, its entries {status} at {len(chain)}"


def _genesis(row: Row) -> bytes:
    return hashlib.sha256(f"{row.id}:{row.company_id}:{row.invoice}".encode()).digest()


def _hash(entry: Entry) -> bytes:
    said = {"seq": entry.seq, "kind": entry.kind, "at": entry.at.astimezone(UTC).isoformat(), "body": entry.body}
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(entry.previous_hash + canonical.encode()).digest()
