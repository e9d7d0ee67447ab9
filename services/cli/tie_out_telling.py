"""How a month's tie-out reads: on the terminal, as JSON, and as lines of a CSV file."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console

from services.cli.terminal import WRONG_INPUT, cells, headed, say, stop, worded
from services.export_worker.core.tie_out import Told
from shared.ledger.tie_out import NOT_HELD, REASON_OF, VERDICT_TOLD, Part, Period, Sum, Tally, Verdict
from shared.ledger.tie_out_reader import Approved, Finding, tally_to_json
from shared.ledger.words import NEXT_STEP

COLUMNS = (
    "connection",
    "period",
    "export",
    "owner_invoice",
    "invoice_number",
    "owner",
    "amount",
    "currency",
    "status",
    "reasons",
    "erp_ref",
    "erp_number",
    "in_the_erp",
    "particulars",
)
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass
class Month:
    """One connection's month as it is told. `as_of` is None while no tie-out came to its end."""

    connection: str
    period: Period
    as_of: datetime | None
    tally: Tally = field(default_factory=Tally)
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    failure: str | None = None

    @property
    def ties(self) -> bool:
        """Whether everything adds up, could be asked and stands."""
        troubles = sum(self.verdicts[verdict] for verdict in (Verdict.NOT_ASKED, *REASON_OF))
        return self.as_of is not None and self.tally.adds_up and not troubles and self.failure is None


def tell(month: Month) -> None:
    """The sums, what the ERP says, and a line for each that does not simply stand."""
    say(f"{month.connection}, {month.period}")
    if month.as_of is None:
        say("  No tie-out came to its end yet.")
        return
    say(f"  As of {month.as_of:%Y-%m-%d %H:%M} UTC" + (f"; stopped asking: {month.failure}" if month.failure else ""))
    table = headed("Currency", "Approved", *(part.value.title() for part in Part), "Adds up")
    for account in month.tally.accounts:
        sums = (account.approved, *(account.parts.get(part, Sum()) for part in Part))
        table.add_row(*cells(account.currency or "unknown", *map(_sum, sums), "yes" if account.adds_up else "NO"))
    Console().print(table)
    for verdict in Verdict:
        if month.verdicts[verdict]:
            say(f"  {month.verdicts[verdict]} {verdict.value}: {worded(VERDICT_TOLD[verdict])}")
    if month.findings:
        found = headed("Export", "Invoice", "Owner", "Amount", "ERP number", "In the ERP", "Particulars", "Do")
        for finding in month.findings:
            found.add_row(*cells(*_columns(finding)))
        Console().print(found)


def _sum(one: Sum) -> str:
    return f"{one.count}: {one.amount:,.2f}"


def _columns(finding: Finding) -> tuple[object, ...]:
    amount = "" if finding.amount is None else f"{finding.amount:,.2f} {finding.currency or ''}"
    invoice, owner = finding.invoice_number or "", finding.customer_name or ""
    number = finding.erp_number or ""
    particulars, todo = worded(finding.detail), worded(_do(finding))
    return (finding.export_id, invoice, owner, amount, number, finding.verdict.value, particulars, todo)


def _do(finding: Finding) -> str:
    reason = REASON_OF.get(finding.verdict)
    return NEXT_STEP[reason] if reason else NOT_HELD.get(finding.verdict, "")


def as_told(month: Month) -> Mapping[str, Any]:
    """For `--json`."""
    return {
        "connection": month.connection,
        "period": str(month.period),
        "as_of": month.as_of,
        "ties": month.ties,
        "adds_up": month.tally.adds_up,
        "failure": month.failure,
        "accounts": tally_to_json(month.tally),
        "in_the_erp": {verdict.value: month.verdicts[verdict] for verdict in Verdict},
        "findings": [vars(each) | {"told": VERDICT_TOLD[each.verdict], "do": _do(each)} for each in month.findings],
    }


class Lines(Protocol):
    """Where a CSV file's lines go."""

    def writerow(self, row: Mapping[str, str], /) -> object:
        """One more."""


@contextmanager
def lines_of(path: Path | None) -> Iterator[Lines | None]:
    """The file's lines under their heading; None without a file. A file that cannot be written stops the command."""
    if path is None:
        yield None
        return
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            yield writer
    except OSError as error:
        stop(f"{path} cannot be written: {error.strerror}.", WRONG_INPUT)


def line(month: Month, export: Approved, told: Told | None) -> dict[str, str]:
    """One approved invoice, safe to open in a spreadsheet; `told` where it is exported."""
    values = {
        "connection": month.connection,
        "period": str(month.period),
        "export": export.id,
        "owner_invoice": export.payment_application_id,
        "invoice_number": export.invoice_number,
        "owner": export.customer_name,
        "amount": export.amount,
        "currency": export.currency,
        "status": export.status.value,
        "reasons": " ".join(export.reasons),
        "erp_ref": export.erp_ref,
        "erp_number": export.erp_number,
        "in_the_erp": told.verdict.value if told else None,
        "particulars": told.detail if told else None,
    }
    return {name: _cell(value) for name, value in values.items()}


def _cell(value: object) -> str:
    """Text that a spreadsheet would take for a formula is quoted; amounts are ours."""
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(BEGINS_A_FORMULA) else text
