"""Reads a small CSV file that people write by hand or export from a spreadsheet. Pure.

All or nothing: a file with one bad cell gives no rows, and names every bad cell at once.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Generic, TypeVar

T = TypeVar("T")

WIDEST_EXCERPT = 60


@dataclass(frozen=True)
class CsvProblem:
    """One bad cell. `row` counts as spreadsheets do: the header is row 1. `column` may be empty."""

    row: int
    column: str
    value: str
    message: str


@dataclass(frozen=True)
class CsvResult(Generic[T]):
    """Either rows or problems, never both."""

    rows: tuple[T, ...] = ()
    problems: tuple[CsvProblem, ...] = ()


@dataclass
class Row:
    """One line under the header; collects what is wrong with it."""

    number: int
    cells: dict[str, str]
    problems: list[CsvProblem] = field(default_factory=list)

    def text(self, column: str) -> str:
        """The cell without surrounding blanks; empty when the column is missing."""
        return self.cells.get(column, "")

    def read(self, column: str, reader: Callable[[str], T], default: T) -> T:
        """The cell through `reader`, whose ValueError becomes this cell's problem; `default` when empty."""
        text = self.text(column)
        if not text:
            return default
        try:
            return reader(text)
        except ValueError as error:
            self.refuse(column, str(error))
            return default

    def require(self, column: str, reader: Callable[[str], T], placeholder: T) -> T:
        """Like `read`, but an empty cell is a problem. The placeholder never leaves a file with problems."""
        if not self.text(column):
            self.refuse(column, "may not be empty")
        return self.read(column, reader, placeholder)

    def refuse(self, column: str, message: str) -> None:
        """Notes a problem with one cell."""
        self.problems.append(
            CsvProblem(self.number, column, self.text(column)[:WIDEST_EXCERPT], message),
        )


def read_csv(
    content: bytes,
    *,
    known: Sequence[str],
    required: Sequence[str],
    parse: Callable[[Row], T],
    identity: Callable[[T], object],
) -> CsvResult[T]:
    """Parses UTF-8 (with or without BOM), any column order, any line ends.

    `parse` turns a row into a value and notes problems on the row; two rows of one `identity` are a problem.
    """
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except UnicodeDecodeError:
        return CsvResult(problems=(CsvProblem(1, "", "", "the file is not UTF-8; save it as 'CSV UTF-8'"),))
    except csv.Error as error:
        return CsvResult(problems=(CsvProblem(1, "", "", f"the file is not readable as CSV: {error}"),))
    header = [name.strip().casefold().replace(" ", "_") for name in (lines[0] if lines else [])]
    while header and not header[-1]:
        header.pop()
    if wrong := tuple(header_problems(header, known, required)):
        return CsvResult(problems=wrong)
    rows = list(rows_below(header, lines))
    if not rows:
        return CsvResult(problems=(CsvProblem(2, "", "", "there is no row below the header"),))
    return parsed(rows, parse, identity)


def read_form(cells: Mapping[str, str], parse: Callable[[Row], T]) -> CsvResult[T]:
    """What somebody typed into a form, read as if it were a row of a file; the problems' row is 0."""
    row = without_nul(Row(0, {column: cell.strip() for column, cell in cells.items()}))
    return parsed([row], parse, lambda _: None)


def header_problems(header: Sequence[str], known: Sequence[str], required: Sequence[str]) -> Iterator[CsvProblem]:
    for position, name in enumerate(header):
        if name not in known:
            nearest = get_close_matches(name, known, n=1)
            guess = f" (did you mean {nearest[0]}?)" if nearest else ""
            message = f"unknown column{guess}; the known ones are {', '.join(known)}"
            yield CsvProblem(1, name[:WIDEST_EXCERPT], "", message)
        elif name in header[:position]:
            yield CsvProblem(1, name, "", "the column is there twice")
    for name in required:
        if name not in header:
            yield CsvProblem(1, name, "", "the column is missing")


def rows_below(header: Sequence[str], lines: Sequence[Sequence[str]]) -> Iterator[Row]:
    for number, line in enumerate(lines[1:], start=2):
        cells = [cell.strip() for cell in line]
        if not any(cells):
            continue
        row = Row(number, dict(zip(header, cells, strict=False)))
        if any(cells[len(header) :]):
            row.refuse("", "has more cells than the header")
        yield without_nul(row)


def without_nul(row: Row) -> Row:
    """The same; no database keeps a NUL."""
    for column, cell in row.cells.items():
        if "\0" in cell:
            row.refuse(column, "holds a NUL character")
    return row


def parsed(rows: Sequence[Row], parse: Callable[[Row], T], identity: Callable[[T], object]) -> CsvResult[T]:
    first_seen: dict[object, int] = {}
    values = []
    for row in rows:
        value = parse(row)
        earlier = first_seen.setdefault(identity(value), row.number)
        if earlier != row.number and not row.problems:
            row.refuse("", f"says the same again as row {earlier}")
        values.append(value)
    problems = tuple(problem for row in rows for problem in row.problems)
    return CsvResult(problems=problems) if problems else CsvResult(rows=tuple(values))
