"""`load`: create-or-update by external id, with rows of text, in one transaction."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deploy.sandbox.odoo.errors import VALUE, OdooError
from deploy.sandbox.odoo.models import Kind, fields_of

if TYPE_CHECKING:
    from deploy.sandbox.odoo.database import Database, Record

Cells = dict[str, str]


async def load(
    database: "Database", model: str, columns: Sequence[str], rows: Sequence[Sequence[str]], context: Mapping[str, Any]
) -> dict[str, Any]:
    """Ids, or messages that tell why there are none. Raises OdooError for a column that the model does not have.

    Two of them at once for one external id: the second finds on commit that the first was faster.
    """
    check_columns(model, columns)
    try:
        external_id, values = record_of(database, model, columns, rows)
    except OdooError as error:
        return refused(error.message, unknown=error.name == VALUE)
    was_free = database.claimed(external_id) is None
    await asyncio.sleep(database.rules.slow_load_seconds)
    claim = database.claimed(external_id)
    if was_free and claim is not None:
        return refused("could not serialize access due to concurrent update", unknown=False)
    try:
        keeps = context.get("mode", "init") == "update"
        if claim is None:
            made = created(database, model, external_id, values, marked=bool(context.get("noupdate", False)))
        else:
            made = updated(database, model, claim, {} if keeps and claim.get("noupdate") else values)
    except OdooError as error:
        return refused(error.message, unknown=error.name == VALUE)
    return {"ids": [made], "messages": [], "nextrow": 0}


def created(database: "Database", model: str, external_id: str, values: "Record", *, marked: bool) -> int:
    """A record and its external id."""
    made = database.create(model, values)
    module, _, name = external_id.partition(".")
    claim = {"module": module, "name": name, "model": model, "res_id": made, "noupdate": marked}
    database.create("ir.model.data", claim)
    return made


def updated(database: "Database", model: str, claim: "Record", values: "Record") -> int:
    """Changed, posted or not, and lines are not doubled: as seen with a real one. No values leave it alone."""
    number: int = claim["res_id"]
    lines = {name: [[5, 0, 0], *value] for name, value in values.items() if name == "invoice_line_ids"}
    database.write(model, [number], values | lines)
    return number


def check_columns(model: str, columns: Sequence[str]) -> None:
    """Only fields that there are."""
    for column in columns:
        name, _, rest = column.partition("/")
        known = fields_of(model)
        if name not in known:
            raise OdooError(VALUE, f"Invalid field name {name!r}")
        if known[name].kind is Kind.LINES:
            check_columns(known[name].to, [rest])


def record_of(
    database: "Database", model: str, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> "tuple[str, Record]":
    """One record from its first row and the rows after it, which hold nothing but lines."""
    lines: list[Any] = []
    head: Cells = {}
    for number, row in enumerate(rows):
        if not all(isinstance(cell, str) for cell in row) or len(row) != len(columns):
            raise OdooError(VALUE, f"row {number} is not a row of {len(columns)} texts")
        cells = dict(zip(columns, row, strict=True))
        own = {column: cell for column, cell in cells.items() if not column.startswith("invoice_line_ids/")}
        line = {c.partition("/")[2]: cell for c, cell in cells.items() if c.startswith("invoice_line_ids/")}
        if number and any(own.values()):
            raise OdooError(VALUE, "the sandbox loads one record at a time")
        head = head or own
        if any(line.values()):
            lines.append([0, 0, converted(database, "account.move.line", line)])
    external_id = head.pop("id", "")
    values = converted(database, model, head)
    return external_id, values | ({"invoice_line_ids": lines} if lines else {})


def converted(database: "Database", model: str, cells: Cells) -> "Record":
    """Cells as values; an empty one is nothing."""
    return {
        column.partition("/")[0]: value_of(database, model, column, cell) if cell else False
        for column, cell in cells.items()
    }


def value_of(database: "Database", model: str, column: str, cell: str) -> Any:
    """One cell."""
    name, _, by = column.partition("/")
    field = fields_of(model)[name]
    if field.kind in {Kind.ONE, Kind.MANY}:
        if by != ".id":
            raise OdooError(VALUE, f"the sandbox finds records by database id only, not by {by!r}")
        ids = [record_id(database, field.to, name, part) for part in cell.split(",")]
        return [[6, 0, ids]] if field.kind is Kind.MANY else ids[0]
    try:
        return CONVERTED[field.kind](cell) if field.kind in CONVERTED else cell
    except ValueError as error:
        raise OdooError(VALUE, f"'{cell}' does not seem to be a number for field '{name}'") from error


def record_id(database: "Database", model: str, name: str, cell: str) -> int:
    """A database id that is there."""
    if not cell.isdigit() or int(cell) not in database.table(model):
        raise OdooError("load", f"No matching record found for database id '{cell}' in field '{name}'")
    return int(cell)


CONVERTED: dict[Kind, Callable[[str], Any]] = {Kind.INTEGER: int, Kind.FLOAT: float, Kind.JSON: json.loads}


def refused(message: str, *, unknown: bool) -> dict[str, Any]:
    """No ids, and why."""
    words = f"Unknown error during import: <class 'ValueError'>: {message}" if unknown else message
    told = {"type": "error", "message": words, "record": 0, "rows": {"from": 0, "to": 0}}
    return {"ids": False, "messages": [told], "nextrow": 0}
