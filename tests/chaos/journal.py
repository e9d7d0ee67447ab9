"""What a run did, in order: one JSON object a line, and in memory for the checker."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Line = dict[str, Any]


class Journal:
    """`says` is told each line as a sentence, for whoever watches."""

    def __init__(self, path: Path, says: Callable[[str], None]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.lines: list[Line] = []
        self._begun = time.monotonic()
        self._file = path.open("w", encoding="utf-8")
        self._says = says

    def begin(self) -> None:
        """Seconds count from now on."""
        self._begun = time.monotonic()
        self.note("begun")

    @property
    def seconds(self) -> float:
        """Since the begin."""
        return time.monotonic() - self._begun

    def note(self, what: str, **about: Any) -> None:
        """`what` is one of a small set of words that the checker knows, or for readers only."""
        line = {"seconds": round(self.seconds, 3), "at": datetime.now(UTC).isoformat(), "what": what, **about}
        self.lines.append(line)
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def tell(self, what: str, **about: Any) -> None:
        """Note it, and say it."""
        self.note(what, **about)
        details = ", ".join(f"{name} {value}" for name, value in about.items() if value not in ("", None))
        self._says(f"{self.seconds:7.1f} s  {what}{f': {details}' if details else ''}")

    def close(self) -> None:
        """The file is whole."""
        self._file.close()
