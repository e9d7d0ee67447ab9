"""What `up` started, kept in a file so that `down`, another process later, stops exactly that."""

import json
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.sandbox.local.identity import Identity, identify
from deploy.sandbox.local.parts import Part
from deploy.sandbox.local.processes import BackgroundProcess, stop_known

# PostgreSQL's word for "end now, in order"; its SIGTERM waits for every client to leave.
SIGNALS = {"postgres": signal.SIGINT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A process by pid and start time, or a container by id."""

    name: str
    pid: int = 0
    started: str = ""
    container: str = ""

    @property
    def identity(self) -> Identity:
        return Identity(self.pid, self.started)


class Started:
    """The list of what runs, in order of its start."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, name: str, part: Part | BackgroundProcess) -> None:
        """Remember a part, anew if its name is known; one that is not ours leaves no note."""
        note = _note(name, part)
        if note is not None:
            self._write([*(known for known in self._read() if known.name != name), note])

    def alive(self) -> list[str]:
        """The names of what still runs; a container counts until it is removed."""
        return [note.name for note in self._read() if note.container or identify(note.pid) == note.identity]

    def stop_all(self) -> list[str]:
        """Stop what still runs, last started first; the names of what was stopped."""
        stopped = [note.name for note in reversed(self._read()) if _stop(note)]
        self.forget()
        return stopped

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)

    def _read(self) -> list[Note]:
        if not self._path.exists():
            return []
        return [Note(**fields) for fields in json.loads(self._path.read_text(encoding="utf-8"))]

    def _write(self, notes: list[Note]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps([asdict(note) for note in notes], indent=1), encoding="utf-8")


def _note(name: str, part: Part | BackgroundProcess) -> Note | None:
    process = part if isinstance(part, BackgroundProcess) else getattr(part, "process", None)
    if isinstance(process, BackgroundProcess):
        return Note(name=name, pid=process.identity.pid, started=process.identity.started)
    container = getattr(part, "container_id", None)
    return Note(name=name, container=container) if container else None


def _stop(note: Note) -> bool:
    if not note.container:
        return stop_known(note.identity, SIGNALS.get(note.name, signal.SIGTERM))
    from deploy.sandbox.local.containers import remove_container

    return remove_container(note.container)
