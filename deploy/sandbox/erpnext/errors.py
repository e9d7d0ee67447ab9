"""How ERPNext says no: an exception's name, and its messages as JSON in a list in JSON in a string."""

import json
from typing import Any

from deploy.sandbox.faulty.desk import Said

STATUS = {
    "AuthenticationError": 401,
    "PermissionError": 403,
    "DoesNotExistError": 404,
    "DuplicateEntryError": 409,
    "TooManyRequestsError": 429,
    "InReadOnlyMode": 503,
    "SessionStopped": 503,
}
# Not Frappe's own exceptions: they come with a traceback and no message for people.
CRASHES = frozenset(
    {
        "AttributeError",
        "TypeError",
        "KeyError",
        "DataError",
        "OperationalError",
        "ProgrammingError",
        "QueryDeadlockError",
    }
)
# Its class for everything that a rule forbids.
FORBIDDEN = 417

# What the control can order, by a word of ours: exception and message as ERPNext has them.
ORDERED = {
    "period_closed": (
        "ClosedAccountingPeriod",
        "You cannot create a Sales Invoice within the closed Accounting Period <strong>Oct 2026 - HB</strong>",
    ),
    "books_frozen": ("ValidationError", "You are not authorized to add or update entries before 31-10-2026"),
    "no_fiscal_year": (
        "FiscalYearError",
        "Posting Date 31-10-2031 is not in any active Fiscal Year for Harbor Builders",
    ),
    "name_taken": ("DuplicateEntryError", "Sales Invoice ACC-SINV-2026-00001 already exists"),
    "unknown_link": ("LinkValidationError", "Could not find Row #1: Income Account: Nowhere - HB"),
    "party_disabled": ("PartyDisabled", "Customer Harbor Library District is disabled"),
    "missing_field": ("MandatoryError", "[Sales Invoice, ACC-SINV-2026-00001]: customer"),
    "too_long": (
        "CharacterLengthExceededError",
        "Sales Invoice: 'Customer's Purchase Order' (NNNN) will get truncated, as max characters allowed is 140",
    ),
    "negative_rate": (
        "ValidationError",
        (
            "For item <strong>Work</strong>, rate must be a positive number. To Allow negative rates, enable "
            "<strong>`Allow Negative rates for Items`</strong> in Selling Settings"
        ),
    ),
    "not_balanced": (
        "ValidationError",
        "Debit and Credit not equal for Sales Invoice #ACC-SINV-2026-00001. Difference is 0.01.",
    ),
    "wrong_currency": (
        "InvalidAccountCurrency",
        "Party Account Debtors - HB currency (USD) and document currency (EUR) should be same",
    ),
    "stale_version": (
        "TimestampMismatchError",
        "Error: Document has been modified after you have opened it. Please refresh to get the latest document.",
    ),
    "not_permitted": ("PermissionError", "No permission for Sales Invoice"),
    "workflow": ("WorkflowPermissionError", "Workflow State transition not allowed from Draft to Approved"),
    "credit_limit": ("ValidationError", "Credit limit has been crossed for customer Harbor Library District (1.0/0.0)"),
    "crashed": ("AttributeError", "'NoneType' object has no attribute 'get'"),
    "deadlock": ("QueryDeadlockError", "(1213, 'Deadlock found when trying to get lock; try restarting transaction')"),
    "database_lost": ("OperationalError", "(2013, 'Lost connection to MySQL server during query')"),
    "read_only": ("InReadOnlyMode", "We are in read only mode"),
}


class FrappeError(Exception):
    """ERPNext says no, and rolls back. `kind` is the name of its exception."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text

    @property
    def said(self) -> Said:
        """As it goes over the wire: the traceback comes along, as in a real one."""
        body: dict[str, Any] = {
            "exception": f"{self.kind if self.kind in CRASHES else f'frappe.exceptions.{self.kind}'}: {self.text}",
            "exc_type": self.kind,
            "exc": json.dumps([f'Traceback (most recent call last):\n  File "apps/frappe/frappe/app.py"\n{self.kind}']),
        }
        if self.kind in CRASHES:
            return Said(500, body)
        message = {"message": self.text, "title": "Message", "indicator": "red", "raise_exception": 1}
        body["_server_messages"] = json.dumps([json.dumps(message)])
        return Said(STATUS.get(self.kind, FORBIDDEN), body)
