"""The outbox on disk: manifests, staged files, and what people put beside them. One visitor at a time.

    outbox/IE261123-001.csv             closed, to be imported
    outbox/IE261123-001.confirmed.csv   what became of it (see answers)
    outbox/batches/IE261123-001.json    its manifest: the truth of what was handed over
    outbox/batches/IE261123-001.csv     staged: between "closed" and "in the outbox"
    outbox/batches/connection           whose outbox it is; without it nothing is written

A line is in a manifest before anybody hears of it, and a manifest is replaced whole. To close: stage the file, say
"closed" in the manifest, move the file. A staged file of a closed batch was not moved yet; that is all a visitor
after a crash has to know, also when the first one's file was taken away in the meantime.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from services.export_worker.core.document import Document
from services.export_worker.erp.sage_file.answers import CONFIRMED, IMPORT, WAITS, Answers, Told, answers
from services.export_worker.erp.sage_file.batch import Batch, BatchLine
from services.export_worker.erp.sage_file.durable import NotDone, locked, move, write_whole
from services.export_worker.erp.sage_file.settings import SageSettings

PATIENCE = 10.0
MANIFEST = ".json"
Stamp = tuple[int, int, int]
Render = Callable[[Document, str], str]


@dataclass(frozen=True)
class Known:
    """One line that was handed over, in its batch, and what became of it."""

    batch: Batch
    line: BatchLine
    told: Told


class Outbox:
    """One connection's folder. Blocking; every method raises NotDone where nothing was changed, else OSError."""

    def __init__(self, connection: str, settings: SageSettings) -> None:
        self.connection = connection
        self.settings = settings
        self.patience = PATIENCE
        self.folder = settings.outbox
        self.batches_folder = settings.outbox / "batches"
        self.owner = self.batches_folder / "connection"
        self._read: dict[Path, tuple[Stamp, Batch]] = {}

    @contextmanager
    def visit(self, now: datetime) -> Iterator["Visit"]:
        """Alone in the outbox; what is due to be closed or moved is, first."""
        self.belongs_to_us()
        with locked(self.batches_folder / "lock", self.patience):
            visit = Visit(self)
            visit.settle(now)
            yield visit

    def belongs_to_us(self) -> None:
        """An empty folder may be the mount point of a share that is away: nothing is begun anew there."""
        try:
            owner = self.owner.read_text(encoding="utf-8").strip()
        except OSError:
            told = f"{self.folder} is not prepared (is the share mounted?): run `connections check --prepare`"
            raise NotDone(told) from None
        if owner != self.connection:
            raise NotDone(f"{self.folder} is the outbox of the connection {owner}")

    def batches(self) -> list[Batch]:
        """All of them, oldest first. An unreadable manifest stops everything: it may hold what must not go twice."""
        read = {path: self.manifest(path) for path in self.batches_folder.glob(f"*{MANIFEST}")}
        self._read = read
        return sorted((batch for _, batch in read.values()), key=lambda batch: (batch.opened_at, batch.id))

    def manifest(self, path: Path) -> tuple[Stamp, Batch]:
        """From memory while the file is the same one."""
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
        known = self._read.get(path)
        if known and known[0] == stamp:
            return known
        try:
            return stamp, Batch.model_validate_json(path.read_bytes())
        except ValueError:
            raise NotDone(f"the manifest {path.name} is not readable: restore it from a backup") from None

    def answers_to(self, batch: Batch) -> Answers:
        """What people and agents told of a batch by now; of an open one nobody can know."""
        if batch.is_open:
            return Answers({})
        names = {path.name for path in self.folder.glob(f"{batch.id}.*")}
        told = batch.id + CONFIRMED
        return answers(batch, names, (self.folder / told).read_bytes() if told in names else None)


class Visit:
    """What may be done while the outbox is ours."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.batches = outbox.batches()

    def settle(self, now: datetime) -> None:
        """Move what a crash left staged; close what is full or has collected for long enough."""
        for batch in self.batches:
            if not batch.is_open and self.staged(batch).exists():
                self.release(batch)
            elif batch.is_open and self.is_due(batch, now):
                self.close(batch, now)

    def is_due(self, batch: Batch, now: datetime) -> bool:
        return now >= batch.closes_at or len(batch.lines) >= self.outbox.settings.batch_size

    def known(self, fits: Callable[[BatchLine], bool]) -> list[Known]:
        """The lines that fit, oldest first."""
        found = []
        for batch in self.batches:
            lines = [line for line in batch.lines if fits(line)]
            if lines:
                told = self.outbox.answers_to(batch)
                found += [Known(batch, line, told.of(line)) for line in lines]
        return found

    def add(self, document: Document, render: Render, now: datetime) -> Known:
        """One more line in the open batch; durable when this returns. Raises what `render` raises."""
        batch = next((batch for batch in self.batches if batch.is_open), None) or self.new_batch(now)
        text = render(document, batch.next_ref)
        batch = self.put(batch.with_invoice(document, text))
        return Known(batch, batch.lines[-1], WAITS)

    def new_batch(self, now: datetime) -> Batch:
        settings = self.outbox.settings
        day = f"{settings.batch_prefix}{now:%y%m%d}"
        numbers = [int(batch.id.rpartition("-")[2]) for batch in self.batches if batch.id.startswith(f"{day}-")]
        closes_at = now + timedelta(minutes=settings.batch_minutes)
        return Batch(
            id=f"{day}-{max(numbers, default=0) + 1:03}",
            connection=self.outbox.connection,
            product=settings.product,
            opened_at=now,
            closes_at=closes_at,
        )

    def tell(self, known: Known) -> None:
        """Its refusal was passed on: the next create of it is a new sending."""
        self.put(known.batch.with_told(known.line.ref))

    def close(self, batch: Batch, now: datetime) -> None:
        """Complete, and on its way to the importer."""
        closed = batch.closed(now)
        write_whole(self.staged(closed), closed.content)
        self.put(closed)
        self.release(closed)

    def release(self, batch: Batch) -> None:
        move(self.staged(batch), self.outbox.folder / (batch.id + IMPORT))

    def staged(self, batch: Batch) -> Path:
        return self.outbox.batches_folder / (batch.id + IMPORT)

    def put(self, batch: Batch) -> Batch:
        path = self.outbox.batches_folder / (batch.id + MANIFEST)
        write_whole(path, batch.model_dump_json(indent=2).encode())
        self.batches = [each for each in self.batches if each.id != batch.id] + [batch]
        return batch
