"""What a benchmark found: rounds side by side, their ratio, the aim, and the machine that it was found on."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

FOLDER = Path(".local/bench")


class MissingError(Exception):
    """Something that this machine lacks; the text says what, and how to get it."""


@dataclass(frozen=True)
class Aim:
    """What a figure has to reach, or with `is_ceiling` must not go above."""

    bound: float
    is_ceiling: bool = False

    def is_met_by(self, figure: float) -> bool:
        return figure <= self.bound if self.is_ceiling else figure >= self.bound

    def __str__(self) -> str:
        return f"{'≤' if self.is_ceiling else '≥'} {self.bound:g}"


@dataclass(frozen=True)
class Row:
    """`ours` and `theirs` hold a figure for each round, in the same order; `theirs` is empty where nothing is beside.

    The aim is for the ratio where something is beside, else for the figure itself.
    """

    what: str
    unit: str
    ours: Sequence[float]
    beside: str = "-"
    theirs: Sequence[float] = ()
    aim: Aim | None = None

    @property
    def figure(self) -> float:
        """The median round."""
        return statistics.median(self.ours)

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios: what slows one round slows both of its sides."""
        if not self.theirs:
            return None
        return statistics.median(ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True))

    @property
    def is_met(self) -> bool:
        return self.aim is None or self.aim.is_met_by(self.figure if self.ratio is None else self.ratio)

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "unit": self.unit,
            "ours": list(self.ours),
            "beside": self.beside,
            "theirs": list(self.theirs),
            "figure": self.figure,
            "ratio": self.ratio,
            "aim": None if self.aim is None else str(self.aim),
            "is_met": self.is_met,
        }


@dataclass(frozen=True)
class Machine:
    """`load` is the average of the last minute, when the benchmark began and when it ended."""

    began_at: datetime
    load: tuple[float, ...]
    cores: int
    system: str
    python: str
    commit: str

    @classmethod
    def here(cls) -> "Machine":
        """As a benchmark begins."""
        return cls(
            began_at=datetime.now(UTC),
            load=(os.getloadavg()[0],),
            cores=os.cpu_count() or 0,
            system=f"{platform.system()} {platform.machine()}, {_processor()}",
            python=platform.python_version(),
            commit=_commit(),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "date": self.began_at.isoformat(timespec="seconds"),
            "load": [*self.load, os.getloadavg()[0]],
            "cores": self.cores,
            "system": self.system,
            "python": self.python,
            "commit": self.commit,
        }


@dataclass(frozen=True)
class Findings:
    """A benchmark's table. `notes` are sentences that belong below it: sizes, fairness, what the limit is."""

    name: str
    title: str
    machine: Machine
    rows: Sequence[Row]
    notes: Sequence[str] = ()

    def publish(self, console: Console, folder: Path = FOLDER) -> int:
        """Prints the table and writes `folder`/NAME.json; 1 when an aim is missed."""
        console.print(self._table())
        for note in self.notes:
            console.print(f"- {note}")
        console.print(f"written: {self.write(folder)}")
        return 0 if all(row.is_met for row in self.rows) else 1

    def write(self, folder: Path = FOLDER) -> Path:
        """For whoever makes the documents of it."""
        written: dict[str, Any] = {"name": self.name, "title": self.title, "machine": self.machine.as_json()}
        written |= {"rows": [row.as_json() for row in self.rows], "notes": list(self.notes)}
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return path

    def _table(self) -> Table:
        table = Table(title=self.title)
        for heading in ("what", "beside", "aim"):
            table.add_column(heading)
        for heading in ("ours", "theirs", "ratio"):
            table.add_column(heading, justify="right")
        table.add_column("")
        for row in self.rows:
            table.add_row(
                f"{row.what}, {row.unit}",
                row.beside,
                "" if row.aim is None else str(row.aim),
                shown(row.figure),
                shown(statistics.median(row.theirs)) if row.theirs else "",
                "" if row.ratio is None else f"{row.ratio:.2f}",
                "" if row.aim is None else "met" if row.is_met else "missed",
                style=None if row.is_met else "bold",
            )
        return table


def terminal() -> Console:
    """Where nobody looks, as in a file, wide enough for the tables."""
    return Console() if Console().is_terminal else Console(width=160)


def shown(figure: float) -> str:
    """With as many digits as mean something."""
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"


def _processor() -> str:
    """As Linux names it; elsewhere as Python does."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text(encoding="utf-8").splitlines() if known.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())


def _commit() -> str:
    """With a plus when the tree holds more than the commit."""
    asked = subprocess.run(["git", "describe", "--always", "--dirty=+"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "unknown"
