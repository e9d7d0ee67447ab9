"""What people do in Tryton beside the export: cancel, delete, close periods, take entries back."""

from datetime import date
from typing import Any

from deploy.sandbox.tryton.rpc import SaidNo
from deploy.sandbox.tryton.server import RunningTryton

CREDIT, CANCEL_MOVES = "wizard.account.invoice.credit", "wizard.account.move.cancel"
EMPTIED = (
    'DELETE FROM "account_invoice-account_move_line"',
    'DELETE FROM "account_invoice-additional-account_move"',
    "DELETE FROM account_invoice_tax",
    "UPDATE account_move_line SET reconciliation = NULL",
    "DELETE FROM account_move_reconciliation",
    "DELETE FROM account_invoice_line",
    "UPDATE account_invoice SET move = NULL, cancel_move = NULL",
    "DELETE FROM account_move_line",
    "DELETE FROM account_move",
    "DELETE FROM account_invoice",
    "DELETE FROM account_journal_period",
    "DELETE FROM ir_attachment",
    "DELETE FROM ir_queue",
    "DELETE FROM res_user_warning",
    "UPDATE ir_sequence_strict SET number_next_internal = 1",
    "UPDATE account_period SET state = 'open'",
)


class Bookkeeper:
    """Works as the administrator. Use it from one thread at a time, and close it."""

    def __init__(self, running: RunningTryton) -> None:
        self.running = running
        self.tryton = running.administrator()

    def cancel(self, invoice: int) -> None:
        """A draft plainly; what is posted by a credit note of the same date that settles it."""
        said = self.tryton.call("account.invoice", "read", [invoice], ["state", "invoice_date"])[0]
        if said["state"] in {"draft", "validated"}:
            self.tryton.call("account.invoice", "cancel", [invoice])
            return
        start = {"with_refund": True, "with_refund_allowed": True, "invoice_date": said["invoice_date"]}
        self.wizard(CREDIT, "credit", {"start": start}, "account.invoice", invoice)

    def cancel_entry(self, move: int) -> None:
        """Take a posted entry back by another."""
        values = {"default": {"description": "Taken back", "reversal": False}}
        self.wizard(CANCEL_MOVES, "cancel", values, "account.move", move)

    def delete(self, invoice: int) -> None:
        """A draft."""
        self.tryton.call("account.invoice", "delete", [invoice])

    def close_period(self, day: date) -> None:
        """The month that the day is in."""
        self.tryton.call("account.period", "close", [self.period(day)])

    def reopen_period(self, day: date) -> None:
        """Likewise."""
        self.tryton.call("account.period", "reopen", [self.period(day)])

    def period(self, day: date) -> int:
        """The month that the day is in."""
        within = (["start_date", "<=", day], ["end_date", ">=", day])
        return self.tryton.the("account.period", ["type", "=", "standard"], *within)

    def wizard(self, wizard: str, state: str, values: dict[str, Any], model: str, record: int) -> None:
        """One that asks once and is done; what Tryton warns of is meant."""
        session = self.tryton.rpc(f"{wizard}.create", self.tryton.context)[0]
        chosen = {"active_model": model, "active_id": record, "active_ids": [record]}
        params = (f"{wizard}.execute", session, values, state, self.tryton.context | chosen)
        try:
            self.tryton.rpc(*params)
        except SaidNo as warned:
            if warned.kind != "UserWarning":
                raise
            self.tryton.call("res.user.warning", "skip", warned.text, False)
            self.tryton.rpc(*params)
        self.tryton.rpc(f"{wizard}.delete", session, self.tryton.context)

    def empty(self) -> None:
        """No invoices, no entries, periods open: as after the seeding, behind Tryton's back. Nobody may be writing."""
        self.running.execute(*EMPTIED)

    def close(self) -> None:
        """Let go of the connection."""
        self.tryton.close()
