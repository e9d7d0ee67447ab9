"""How Odoo says no: an exception's full name and its words, in the form of the interface that was asked."""

from typing import Any

USER = "odoo.exceptions.UserError"
INVALID = "odoo.exceptions.ValidationError"
MISSING = "odoo.exceptions.MissingError"
DENIED = "odoo.exceptions.AccessDenied"
NO_RIGHT = "odoo.exceptions.AccessError"
VALUE = "builtins.ValueError"
ATTRIBUTE = "builtins.AttributeError"
TYPE = "builtins.TypeError"
NOT_FOUND = "werkzeug.exceptions.NotFound"
UNPROCESSABLE = "werkzeug.exceptions.UnprocessableEntity"
UNAUTHORIZED = "werkzeug.exceptions.Unauthorized"

STATUS = {
    USER: 422,
    INVALID: 422,
    MISSING: 404,
    DENIED: 403,
    NO_RIGHT: 403,
    NOT_FOUND: 404,
    UNPROCESSABLE: 422,
    UNAUTHORIZED: 401,
}
TRACEBACK = 'Traceback (most recent call last):\n  File "/opt/odoo/odoo/http.py", line 1783, in _serve_db\n'

# What tests and demos order by a code of ours.
ORDERED: dict[str, tuple[str, str]] = {
    "period_closed": (
        USER,
        "You cannot add/modify entries prior to and inclusive of the lock date 10/31/2026.",
    ),
    "date_out_of_sequence": (
        INVALID,
        "The Date (10/30/2026) doesn't match the existing sequence number (INV/2026/00001).",
    ),
    "duplicate_number": (INVALID, "Posted journal entry must have an unique sequence number per company."),
    "unknown_record": (MISSING, "Record does not exist or has been deleted.\n(Record: res.partner(999,), User: 2)"),
    "missing_field": (USER, "The field 'Customer' is required, please complete it to validate the Customer Invoice."),
    "too_long": ("psycopg2.errors.StringDataRightTruncation", "value too long for type character varying(64)"),
    "negative_total": (
        USER,
        "You cannot validate an invoice with a negative total amount. You should create a credit note instead.",
    ),
    "not_balanced": (USER, "The move (Draft Invoice (* 7)) is not balanced."),
    "inactive_currency": (USER, "You cannot validate a document with an inactive currency: EUR"),
    "not_permitted": (NO_RIGHT, "You are not allowed to modify 'Journal Entry' (account.move) records."),
    "could_not_serialize": (
        "psycopg2.errors.SerializationFailure",
        "could not serialize access due to concurrent update",
    ),
}


class OdooError(Exception):
    """An exception inside Odoo: everything that the call did is rolled back."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message

    @property
    def told(self) -> dict[str, Any]:
        """As both interfaces put it, traceback and all."""
        return {
            "name": self.name,
            "message": self.message,
            "arguments": [self.message],
            "context": {},
            "debug": f"{TRACEBACK}{self.name}: {self.message}\n",
        }


def rpc_answer(error: OdooError) -> tuple[int, dict[str, Any]]:
    """JSON-RPC: 200, with the error inside."""
    inside = {"code": 200, "message": "Odoo Server Error", "data": error.told}
    return 200, {"jsonrpc": "2.0", "id": 1, "error": inside}


def json2_answer(error: OdooError) -> tuple[int, dict[str, Any]]:
    """JSON-2: a real status, and the error as the body."""
    return STATUS.get(error.name, 500), error.told
