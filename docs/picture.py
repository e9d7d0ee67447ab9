"""Draws docs/demo.svg from what the demo prints:

TTY_COMPATIBLE=1 TTY_INTERACTIVE=0 COLUMNS=120 invoice-export demo --once | python docs/picture.py
"""

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

FILE = Path(__file__).with_name("demo.svg")
COLUMNS = 120
FIRST, LAST = 26, 44
LEFT_OUT = "  ..."
FETCHED_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # a picture fetches nothing
PROGRESS = "owner invoices where they belong"


def main() -> None:
    """Reads standard input, shows it as it comes, and writes the picture: the beginning and the end of the run."""
    lines = []
    for line in sys.stdin:
        sys.stdout.write(line)
        lines.append(line.rstrip("\n"))
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for line in shortened([line for line in lines if is_drawn(line)]):
        console.print(Text.from_ansi(line), soft_wrap=True)
    drawn = console.export_svg(title="make demo ARGS=--once")
    FILE.write_text(FETCHED_FONT.sub("", drawn), encoding="utf-8")


def is_drawn(line: str) -> bool:
    """Neither the progress bar nor the summary for programs."""
    return PROGRESS not in line and not line.startswith("{")


def shortened(lines: list[str]) -> list[str]:
    return lines if len(lines) <= FIRST + LAST else [*lines[:FIRST], LEFT_OUT, *lines[-LAST:]]


if __name__ == "__main__":
    main()
