"""CSV that a spreadsheet opens as it was meant. Pure."""

import csv
import io
from collections.abc import Iterable
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_line(cells: Iterable[Any]) -> str:
    """A text that a spreadsheet would take for a formula is told to be text; numbers stay numbers."""
    out = io.StringIO()
    told = ("" if cell is None else cell for cell in cells)
    safe = (f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell for cell in told)
    csv.writer(out).writerow(safe)
    return out.getvalue()
