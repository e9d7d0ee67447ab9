"""What an invoice adds up to, and what posting it needs."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from deploy.sandbox.odoo.errors import USER, OdooError

Record = dict[str, Any]
Records = Mapping[str, dict[int, Record]]
MOVE, LINE = "account.move", "account.move.line"


def new_move(values: Record) -> Record:
    """A draft. `by_hand` is what a bookkeeper added to the total."""
    return {
        "move_type": "entry",
        "state": "draft",
        "posted_before": False,
        "payment_state": "not_paid",
        "name": "/",
        "by_hand": 0.0,
    } | values


def line_ids(records: Records, move_id: int) -> list[int]:
    """An invoice's lines, in order."""
    return [number for number, line in sorted(records[LINE].items()) if line["move_id"] == move_id]


def computed(records: Records, model: str, record_id: int, name: str) -> Any:
    """What is worked out; None for a field that is kept."""
    if model == LINE:
        return subtotal(records[LINE][record_id]) if name == "price_subtotal" else None
    if name == "invoice_line_ids":
        return line_ids(records, record_id)
    untaxed = sum(subtotal(records[LINE][number]) for number in line_ids(records, record_id))
    tax = sum(tax_of(records, records[LINE][number]) for number in line_ids(records, record_id))
    tax += records[MOVE][record_id]["by_hand"]
    amounts = {"amount_untaxed": untaxed, "amount_tax": tax, "amount_total": untaxed + tax}
    amounts["amount_residual"] = amounts["amount_total"]
    return amounts.get(name)


def subtotal(line: Record) -> float:
    """Before tax. Only rounded, never exact: it is a float."""
    return round(float(line.get("price_unit") or 0.0) * float(line.get("quantity") or 0.0), 2)


def tax_of(records: Records, line: Record) -> float:
    """Worked out and rounded for each line."""
    rates = [records["account.tax"][tax]["amount"] for tax in line.get("tax_ids") or []]
    return float(sum(round(subtotal(line) * rate / 100, 2) for rate in rates))


def check_posting(records: Records, move_id: int, move: Record) -> None:
    """Raises OdooError for what may not be posted."""
    if move["state"] != "draft":
        raise OdooError(USER, f"The entry {move['name']} (id {move_id}) must be in draft.")
    if not move.get("partner_id"):
        words = "The field 'Customer' is required, please complete it to validate the Customer Invoice."
        raise OdooError(USER, words)
    if not line_ids(records, move_id):
        raise OdooError(USER, "You need to add a line before posting.")
    if round(computed(records, MOVE, move_id, "amount_total"), 2) < 0:
        words = (
            "You cannot validate an invoice with a negative total amount."
            " You should create a credit note instead."
            " Use the action menu to transform it into a credit note or refund."
        )
        raise OdooError(USER, words)
    currency = records["res.currency"].get(move.get("currency_id") or 1, {})
    if not currency.get("active"):
        raise OdooError(USER, f"You cannot validate a document with an inactive currency: {currency.get('name')}")


def accounting_date(invoice_date: str, locked: date | None) -> str:
    """Odoo quietly books on the first open day what belongs to a closed one."""
    day = date.fromisoformat(invoice_date)
    return (day if locked is None or locked < day else locked + timedelta(days=1)).isoformat()
