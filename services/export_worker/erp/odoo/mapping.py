"""Our document in Odoo's words, and Odoo's invoice in ours. Pure."""

import hashlib
import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document, Totals
from services.export_worker.core.outcomes import Found
from services.export_worker.erp.odoo.wire import Line, Move, State

HELD, RELEASED = "Retainage held", "Retainage released"
LINES = "invoice_line_ids"
SLUG_LENGTH, DIGEST_LENGTH = 40, 16
AGAIN = "__"
NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class Targets:
    """The database ids behind a document's codes. `retainage` None: no retainage moves."""

    accounts: Mapping[str | None, int]
    retainage: int | None
    customer: int
    currency: int
    journal: int | None
    job: int | None
    tax: int | None


@dataclass(frozen=True)
class Row:
    """One line as Odoo takes it."""

    text: str
    amount: Decimal
    account: int
    tax: int | None
    job: int | None


def rows_of(document: Document, targets: Targets) -> list[Row]:
    """The work, then what of it is held back, then what is released of older work: net in total.

    A retainage line is known again by its text and by its account, which is an asset; the sign alone would not
    tell a negative amount held from one that is released.
    """
    rows = [
        Row(line.description, line.amount, targets.accounts[line.account], targets.tax, targets.job)
        for line in document.lines
    ]
    if targets.retainage is not None and document.retainage_held:
        rows.append(Row(HELD, -document.retainage_held, targets.retainage, None, targets.job))
    if targets.retainage is not None and document.retainage_released:
        rows.append(Row(RELEASED, document.retainage_released, targets.retainage, None, targets.job))
    return rows


def written(document: Document, targets: Targets) -> dict[str, Any]:
    """Values for `write`: the invoice, and its lines in place of those that stand."""
    # Odoo's interface knows no decimals here; the nearest float is what it stores to the cent.
    lines = [[0, 0, line_values(row) | {"price_unit": float(row.amount)}] for row in rows_of(document, targets)]
    return head_values(document, targets) | {LINES: [[5, 0, 0], *lines]}


def loaded(document: Document, targets: Targets, external_id: str) -> tuple[list[str], list[list[str]]]:
    """Columns and rows for `load`: the first row holds the invoice and its first line, the others one line each."""
    head = {"id": external_id, "move_type": "out_invoice"} | cells(head_values(document, targets))
    lines = [line_cells(line_values(row)) for row in rows_of(document, targets)] or [{}]
    columns = [*head, *lines[0]]
    rows = [head | lines[0], *lines[1:]]
    return columns, [[row.get(column, "") for column in columns] for row in rows]


def head_values(document: Document, targets: Targets) -> dict[str, Any]:
    """The invoice itself. With a due date of ours, none is computed from the customer's payment terms."""
    due: dict[str, Any] = {}
    if document.due_date is not None:
        due = {"invoice_payment_term_id": False, "invoice_date_due": document.due_date.isoformat()}
    return {
        "partner_id": targets.customer,
        "currency_id": targets.currency,
        **({} if targets.journal is None else {"journal_id": targets.journal}),
        "invoice_date": document.invoice_date.isoformat(),
        **due,
        "ref": document.number,
        "payment_reference": document.number,
        "invoice_origin": document.reference,
        "narration": narration(document),
    }


def line_values(row: Row) -> dict[str, Any]:
    """One line. Taxes are always told, since Odoo would put its own where nothing is said."""
    return {
        "name": row.text,
        "account_id": row.account,
        "quantity": 1,
        "price_unit": row.amount,
        "tax_ids": [[6, 0, [] if row.tax is None else [row.tax]]],
        **({} if row.job is None else {"analytic_distribution": {str(row.job): 100}}),
    }


def line_cells(line: Mapping[str, Any]) -> dict[str, str]:
    """As the columns of an invoice's rows."""
    return {f"{LINES}/{column}": cell for column, cell in cells(line).items()}


def cells(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as `load` takes them: text, records by their database id, and an empty cell for "none"."""
    told: dict[str, str] = {}
    for name, value in values.items():
        if name == "tax_ids":
            told[f"{name}/.id"] = ",".join(str(tax) for tax in value[0][2])
        elif name.endswith("_id"):
            told[f"{name}/.id"] = str(value or "")
        elif isinstance(value, dict):
            told[name] = json.dumps(value)
        elif isinstance(value, Decimal):
            told[name] = f"{value:f}"
        else:
            told[name] = str(value)
    return told


def narration(document: Document) -> str:
    """Shown below the lines; Odoo takes it as HTML."""
    return html.escape("\n".join(part for part in (document.description, document.source_url) if part))


def name_of(reference: str) -> str:
    """The second half of the external id: readable, and the digest makes it one reference's own."""
    slug = re.sub(r"[^a-z0-9]+", "_", reference.casefold()).strip("_")[:SLUG_LENGTH].strip("_")
    digest = hashlib.sha256(reference.encode()).hexdigest()[:DIGEST_LENGTH]
    return f"{slug}_{digest}" if slug else digest


def next_name(reference: str, taken: Iterable[str]) -> str:
    """The name of the next invoice under `reference`: a cancelled one keeps the name that it has."""
    name = name_of(reference)
    numbers = [number for one in taken if (number := place_of(reference, one)) is not None]
    return name if not numbers else f"{name}{AGAIN}{max(numbers) + 1}"


def place_of(reference: str, name: str) -> int | None:
    """1 for the first invoice under the reference, 2 for the next; None for another reference's name."""
    first = name_of(reference)
    if name == first:
        return 1
    rest = name.removeprefix(first + AGAIN)
    return int(rest) if rest != name and rest.isascii() and rest.isdigit() else None


def found(move: Move, lines: Sequence[Line], assets: frozenset[int], url: str) -> Found:
    """What stands, and which steps that makes. `assets` are the ids of the accounts that are assets.

    Tax is what Odoo's total has beyond the lines: whatever else it put there shows as a difference.
    """
    held = -total(line for line in lines if is_retainage(line, HELD, assets))
    released = total(line for line in lines if is_retainage(line, RELEASED, assets))
    net = total(lines)
    is_posted = move.state is State.POSTED or (move.state is State.CANCEL and move.posted_before)
    return Found(
        ref=str(move.id),
        done=frozenset({Step.CREATE, Step.FINISH} if is_posted else {Step.CREATE}),
        totals=Totals(
            gross=net + held - released,
            retainage_held=held,
            retainage_released=released,
            tax=move.amount_total - net,
        ),
        number=move.name if is_posted else None,
        url=f"{url.rstrip('/')}/mail/view?model=account.move&res_id={move.id}",
        cancelled=move.is_cancelled,
    )


def is_retainage(line: Line, text: str, assets: frozenset[int]) -> bool:
    """Whether this is the line that `rows_of` put there."""
    return line.account_id in assets and line.name.startswith(text)


def total(lines: Iterable[Line]) -> Decimal:
    """To the cent."""
    return sum((line.price_subtotal for line in lines), NOTHING)


def first_day_after(closed: date | None, day: date) -> date:
    """`day`, or the first one that is not closed."""
    return day if closed is None or closed < day else closed + timedelta(days=1)
