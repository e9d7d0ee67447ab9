"""What the demo shows: a line for each change, a progress bar, and the summary."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from deploy.sandbox.demo.tale import Ending
from deploy.sandbox.demo.watching import Row
from shared.ledger.words import NEXT_STEP, Reason, Status

STYLES = {
    Status.EXPORTED: "green",
    Status.HELD: "yellow",
    Status.FAILED: "red",
    Status.RETRYING: "cyan",
    Status.WAITING: "cyan",
    Status.SKIPPED: "dim",
}
UNTOLD = {Status.EXPORTING}


class Telling:
    """Use as a context manager while the tales are played."""

    def __init__(self, console: Console, invoices: int) -> None:
        self.console = console
        self._started = time.monotonic()
        self._known: dict[str, tuple[str, Ending]] = {}
        self._arrived: set[str] = set()
        self._bar = Progress(
            TextColumn("owner invoices where they belong"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=invoices)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def introduce(self, invoice_id: int, project: str, ends: Ending) -> None:
        """Who the invoice is, before its first change is told."""
        self._known[str(invoice_id)] = (project, ends)

    def say(self, line: str, style: str = "bold") -> None:
        """A line of our own."""
        self.console.print(Text(line, style=style), soft_wrap=True)

    def changed(self, row: Row) -> None:
        """One line for each export as it happens; drafts that are merely seen are not worth one."""
        project, ends = self._known.get(row.payment_application_id, ("", None))
        if ends is not None:
            count = self._arrived.add if ends.fits(row.status, row.reasons) else self._arrived.discard
            count(row.payment_application_id)
            self._bar.update(self._task, completed=len(self._arrived))
        told = row.status not in UNTOLD and (row.reasons or row.status is Status.EXPORTED)
        if told and row.reasons != (Reason.NOT_APPROVED,):
            self.console.print(self._line(row, project), soft_wrap=True)

    def _line(self, row: Row, project: str) -> Text:
        amount = f"{row.amount:,.2f} {row.currency}" if row.amount is not None else ""
        why = ", ".join(dict.fromkeys(row.reasons)) or row.erp_number or ""
        line = Text(f"{time.monotonic() - self._started:6.1f} s  ")
        line.append(f"{row.status.value:<9}", style=STYLES.get(row.status, ""))
        line.append(f" {row.connection or '-':<16} {project:<18} {row.invoice_number or '-':<21} {amount:>16}  {why}")
        return line


def summary_table(rows: Iterable[Row]) -> Table:
    """Exports by status and first reason, each with what a person does next."""
    counts = Counter((row.status, row.reasons) for row in rows)
    table = Table("Status", "Reasons", "Exports", "What to do next", title="The month-end")
    order = list(Status)
    for (status, reasons), count in sorted(counts.items(), key=lambda pair: (order.index(pair[0][0]), pair[0][1])):
        next_step = NEXT_STEP[reasons[0]] if reasons else ""
        table.add_row(Text(status.value, STYLES.get(status, "")), "\n".join(reasons), str(count), next_step)
    return table


def by_status(rows: Sequence[Row]) -> dict[str, int]:
    """Status to count."""
    return dict(sorted(Counter(row.status.value for row in rows).items()))


def by_reason(rows: Sequence[Row]) -> dict[str, int]:
    """Reason to count of exports that stand for it now."""
    return dict(sorted(Counter(reason.value for row in rows for reason in row.reasons).items()))
