"""How Tryton speaks, told to the faults that are ordered for it."""

import json
import re
from typing import Any

from deploy.sandbox.faulty.desk import Asked, Request, Said
from deploy.sandbox.faulty.orders import ErpStep

STEPS = {
    "common.db.login": ErpStep.LOG_IN,
    "model.account.invoice.create": ErpStep.CREATE,
    "model.account.invoice.post": ErpStep.FINISH,
    "model.account.move.create": ErpStep.RECLASSIFY,
    "model.account.move.post": ErpStep.RECLASSIFY,
    "model.ir.attachment.create": ErpStep.ATTACH,
}
INVOICES = "model.account.invoice.search_read"
LOOKS = re.compile(r"model\..+\.(search_read|get_preferences|get_access)")
WRITES = "model.account.invoice.write"
SKIPS = "model.res.user.warning.skip"
STALE_VERSION = "stale_version"
CARRIES = frozenset({"reference", "external_key"})

# As a real server of 8.2 told them.
USER_ERRORS = {
    "period_closed": (
        'To continue, you must reopen the period "2026-10" of company "Summit Ridge Builders" for the date "10/31/2026"'
        "."
    ),
    "no_period": (
        'To continue, you must create a period for the date "10/31/2031" and company "Summit Ridge Builders".'
    ),
    "date_out_of_sequence": (
        'To number the invoice "(9)", you must set an invoice date after "10/01/2026" because the sequence '
        '"Invoices 2026" has already been used for invoice "INV-2026-00001 [ironside:1001:90001:0]".'
    ),
    "not_in_domain": (
        'The value "1180 - Retainage receivable" for field "Account" in record "1.0 a @ (1)" of '
        '"Account Invoice Line" is not valid according to its domain.'
    ),
    "required": 'A value is required for field "Account" in record "[big]" of "Account Invoice".',
    "too_long": (
        'The value "xxxx" for field "Reference" in record "(1)" of "Account Invoice" is too long (300 > 255).'
    ),
    "unforeseen": "The moon is in the wrong quarter for customer invoices.",
    "unbalanced": 'To post move "(1)", you must balance all its lines debits and credits.',
    "no_rate": 'No rate found for currency "EUR" on "10/31/2026".',
    "no_right": 'You are not allowed to access "Account Invoice".',
}


# Likewise: what it says to a field or model that it does not have, and to a call without its context.
MISSING = {
    "unknown_name": Said(200, {"id": 1, "error": ["'external_key'", ""]}),
    "no_context": Said(422, "<!doctype html><title>422</title><p>Missing context argument</p>", "text/html"),
}


class TrytonVendor:
    """One database's way to speak. `log_in_seconds` 0: every log-in has ended before it is used."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.ended: set[str] = set()
        self.confirmed: set[str] = set()
        self.log_in_seconds: float | None = None

    def asked(self, request: Request) -> Asked:
        """By the method called, and by what a search looks for."""
        if header := request.headers.get("authorization"):
            self.seen.add(header)
        method, params = called(request.body)
        if method == SKIPS and params:
            self.confirmed.add(str(params[0]))
        return Asked(step_of(method, params), number_in(method, params), frozenset(self.confirmed))

    def refusal(self, code: str, text: str) -> Said:
        """An error that Tryton raises on purpose comes with 200, and so does a name that it does not know."""
        if code == STALE_VERSION:
            return Said(200, {"id": 1, "error": ["ConcurrencyException", "Records were modified in the meanwhile"]})
        if code in MISSING:
            return MISSING[code]
        return Said(200, {"id": 1, "error": ["UserError", [USER_ERRORS.get(code, text), "", None]]})

    def warning(self, name: str, text: str) -> Said:
        """Likewise."""
        return Said(200, {"id": 1, "error": ["UserWarning", [name, text, ""]]})

    def busy(self, status: int) -> Said:
        """As Werkzeug says it, which is below Tryton."""
        return Said(status, f"<!doctype html><title>{status}</title><p>couldn't get a connection</p>", "text/html")

    def expire_log_ins(self) -> int:
        """End every session that was seen."""
        ended = len(self.seen - self.ended)
        self.ended |= self.seen
        return ended

    def turned_away(self, request: Request) -> Said | None:
        """401 without a word for a session that ended."""
        header = request.headers.get("authorization")
        if header is not None and (header in self.ended or self.log_in_seconds == 0):
            return Said(401, "", "text/html")
        return None

    def reset(self) -> None:
        """As new."""
        self.seen.clear()
        self.ended.clear()
        self.confirmed.clear()
        self.log_in_seconds = None


def called(body: bytes) -> tuple[str, list[Any]]:
    """Method and parameters; nothing of a body that is no call."""
    try:
        said = json.loads(body)
    except ValueError:
        return "", []
    return (str(said.get("method", "")), list(said.get("params") or [])) if isinstance(said, dict) else ("", [])


def step_of(method: str, params: list[Any]) -> ErpStep | None:
    """LIST: a look at something that an invoice needs."""
    if method == INVOICES:
        named = {clause[0] for clause in params[0] if isinstance(clause, list) and clause}
        return ErpStep.FIND if named & CARRIES else ErpStep.READ if "id" in named else ErpStep.LIST
    if method == WRITES:
        return ErpStep.SETTLE if "payment_lines" in params[1] else ErpStep.REPLACE
    return ErpStep.LIST if LOOKS.fullmatch(method) else STEPS.get(method)


def number_in(method: str, params: list[Any]) -> str | None:
    """The client's invoice number, as far as the request shows it."""
    if method != "model.account.invoice.create":
        return None
    values = params[0][0]
    if "external_key" in values:
        return str(values.get("reference"))
    return str(values.get("description", "")).partition(": ")[0]
