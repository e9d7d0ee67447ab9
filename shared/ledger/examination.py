"""One export held against its entries: the chain, the numbering, the fold and the current row. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from shared.ledger.chain import entry_hash, genesis
from shared.ledger.entries import body_from_json
from shared.ledger.fold import apply
from shared.ledger.row import row_of
from shared.ledger.state import EMPTY, State, state_from_json
from shared.ledger.transitions import ImpossibleTransition
from shared.ledger.versions import WrittenByNewer


@dataclass(frozen=True)
class Break:
    """One thing that is not as it was written."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class Examination:
    """Takes the entries of one export in the order of `seq`, then compares the current row.

    `row` has every column of `exports`, an entry every column of `entries`. A break is told once: after it,
    what stands is taken for right, so that the next line tells the next thing.
    """

    def __init__(self, row: Any) -> None:
        self._row = row
        self._previous = genesis(row.id, row.company_id, row.payment_application_id)
        self._seq = 0
        self._state: State | None = EMPTY

    def add(self, entry: Any) -> Iterator[Break]:
        """What is wrong with the next entry."""
        where = f"export {self._row.id}, entry {entry.seq}"
        if entry.seq != self._seq + 1:
            yield Break(where, f"follows entry {self._seq}: {_missing(self._seq, entry.seq)}")
        if entry.previous_hash != self._previous:
            yield Break(where, "does not carry the hash of the entry before it")
        hashed = entry_hash(entry.previous_hash, seq=entry.seq, kind=entry.kind, at=entry.at, body=entry.body)
        if hashed != entry.hash:
            yield Break(where, "its content does not fit its hash")
        self._seq, self._previous = entry.seq, entry.hash
        yield from self._folded(where, entry)

    def end(self) -> Iterator[Break]:
        """What is wrong with the current row, once all entries were added."""
        where = f"export {self._row.id}"
        if self._seq == 0:
            yield Break(where, "has no entries")
            return
        if self._row.last_hash != self._previous:
            yield Break(where, "its row does not carry the hash of its last entry")
        if self._state is not None:
            yield from (Break(where, told) for told in _differences(self._row, self._state))

    def _folded(self, where: str, entry: Any) -> Iterator[Break]:
        if self._state is None:
            return
        before = self._state
        try:
            self._state = apply(before, body_from_json(entry.body), entry.at)
        except WrittenByNewer as newer:
            self._state = None
            yield Break(where, f"cannot be read: {newer}")
            return
        except ValidationError as error:
            self._state = None
            first = error.errors(include_input=False, include_url=False)[0]
            yield Break(where, f"cannot be read: {'.'.join(map(str, first['loc']))}: {first['msg']}")
            return
        except ImpossibleTransition as error:
            self._state = None
            yield Break(where, f"cannot follow the entries before it: {error}")
            return
        if entry.status_before != before.status.value:
            yield Break(where, f"says the status before was {entry.status_before}, its entries say {before.status}")
        if entry.status != self._state.status.value:
            yield Break(where, f"says the status is {entry.status}, its entries say {self._state.status}")


def _missing(last: int, seq: int) -> str:
    first = last + 1
    if seq <= last:
        return "the numbering goes back"
    return f"entry {first} is missing" if seq == first + 1 else f"entries {first} to {seq - 1} are missing"


def _differences(row: Any, state: State) -> Iterator[str]:
    for column, value in row_of(state).items():
        if column == "state":
            yield from _state_differences(row.state, value)
        elif getattr(row, column) != value:
            yield f"its row says {column} is {getattr(row, column)}, its entries say {value}"


def _state_differences(stored: Any, folded: dict[str, Any]) -> Iterator[str]:
    """Through the model, so that a field which is newer than the row counts with its default."""
    try:
        kept = state_from_json(stored).model_dump(mode="json")
    except WrittenByNewer as newer:
        yield f"its row's state cannot be read: {newer}"
        return
    except ValidationError:
        yield "its row's state cannot be read"
        return
    differing = sorted(name for name in {*kept, *folded} if kept.get(name) != folded.get(name))
    if differing:
        yield f"its row's state differs from its entries in {', '.join(differing)}"
