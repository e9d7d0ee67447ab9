"""What ERPNext's answers mean. Pure: the same answer and moment always mean the same.

Frappe rolls back whenever an exception ends a request, so whatever comes with the name of one was not done; that holds
for the status 500 too, which ERPNext gives to some bad input. Left open is what may have come just after the commit:
a database that was lost on the way, and a 500 with an exception that we know nothing of. An answer without such a
name is not ERPNext's own: a plain 4xx was turned away, anything else may come from something in between while the
work went on.
"""

import re
from datetime import datetime

from services.export_worker.core.outcomes import (
    AuthExpired,
    Failure,
    Refusal,
    Refused,
    Reread,
    Unavailable,
    Unknown,
)
from services.export_worker.erp.erpnext.messages import Told, told_in
from services.export_worker.erp.http import NO_ACCESS, Answer, retry_at, shortened

NOT_FOUND, TOO_MANY, BROKEN = 404, 429, 500
SOMETHING_BETWEEN = frozenset({502, 504})
GONE = "DoesNotExistError"

NOT_UNIQUE = "UniqueValidationError"
LOOK_AGAIN = frozenset({"TimestampMismatchError", "UpdateAfterSubmitError", "DocstatusTransitionError"})
NOT_NOW = frozenset(
    {
        "QueryDeadlockError",
        "QueryTimeoutError",
        "DocumentLockedError",
        "SessionStopped",
        "InReadOnlyMode",
        "TooManyRequestsError",
        "RateLimitExceededError",
    }
)
DATABASE = frozenset({"OperationalError", "InternalError", "InterfaceError"})
DATABASE_LOST = re.compile(r"lost connection|gone away|\b(2006|2013)\b", re.IGNORECASE)
CRASHES = frozenset(
    {"AttributeError", "TypeError", "KeyError", "IndexError", "ValueError", "UnboundLocalError", "ZeroDivisionError"}
)

THIS_PERIOD = "The period of this invoice"
CLOSED = "{period} is closed in ERPNext. Open it, or change the connection's accounting-date rule, then replay."
NO_YEAR = "ERPNext has no fiscal year for the date of this invoice. Make one there, then replay."
NO_FIELD = (
    "ERPNext does not have the field that carries our reference. Run `invoice-export connections check --prepare`, "
    "then replay."
)
NO_RIGHT = (
    "The user of this connection may not do this in ERPNext. Give the right to one of the user's roles, then replay."
)
NOT_THERE = (
    "Something that the mappings name does not exist in ERPNext, or is not in use there. Correct the mapping, then "
    "replay."
)
WRONG_CURRENCY = "ERPNext cannot book this currency for this customer or account. Correct it there, then replay."
WANTS = "ERPNext wants a field that is empty. Fill it, or give it a default there, then replay."
TOO_LONG = "A text is longer than ERPNext takes. Shorten it in Procore."
CRASHED = (
    "ERPNext failed inside on this invoice and took everything back. As a rule something in it is not set up: look at "
    "the customer, the items and the accounts there, then replay."
)
ANY_OTHER = "ERPNext does not take this invoice as it is."

BY_KIND = {
    "ClosedAccountingPeriod": (Refusal.PERIOD_CLOSED, CLOSED),
    "FiscalYearError": (Refusal.PERIOD_CLOSED, NO_YEAR),
    "DuplicateEntryError": (
        Refusal.DUPLICATE_NUMBER,
        "ERPNext's naming series gives a number that is in use. Correct its counter there, then replay.",
    ),
    "LinkValidationError": (Refusal.MISSING_MAPPING, NOT_THERE),
    "CancelledLinkError": (Refusal.MISSING_MAPPING, NOT_THERE),
    "PartyDisabled": (Refusal.MISSING_MAPPING, NOT_THERE),
    GONE: (Refusal.MISSING_MAPPING, NOT_THERE),
    "MandatoryError": (Refusal.MISSING_FIELD, WANTS),
    "CharacterLengthExceededError": (Refusal.TOO_LONG, TOO_LONG),
    "InvalidAccountCurrency": (Refusal.CURRENCY, WRONG_CURRENCY),
    "InvalidCurrency": (Refusal.CURRENCY, WRONG_CURRENCY),
    "PermissionError": (Refusal.NOT_ALLOWED, NO_RIGHT),
    "PartyFrozen": (Refusal.NOT_ALLOWED, "The customer is frozen in ERPNext. Lift that, then replay."),
    "WorkflowPermissionError": (
        Refusal.NOT_ALLOWED,
        "A workflow in ERPNext decides who may take this step. Let the connection's user take it, then replay.",
    ),
}
# One exception for most rules: only its words tell them apart, which are English if the user's language is.
BY_WORDS: tuple[tuple[str, Refusal, str], ...] = (
    (r"unknown column|field not permitted", Refusal.NOT_ALLOWED, NO_FIELD),
    (r"not authori[sz]ed to add or update entries|books have been closed", Refusal.PERIOD_CLOSED, CLOSED),
    (r"not in any active fiscal year", Refusal.PERIOD_CLOSED, NO_YEAR),
    (
        r"debit and credit not equal",
        Refusal.AMOUNT_MISMATCH,
        "ERPNext cannot balance the entry that belongs to this invoice.",
    ),
    (
        r"(rate|quantity) must be (a )?positive",
        Refusal.UNSUPPORTED,
        (
            "A line is below zero. Tick Allow Negative rates for Items in ERPNext's Selling Settings, or take the "
            "lines together, then replay."
        ),
    ),
    (
        r"credit limit|exceeds limits|is frozen|frozen account",
        Refusal.NOT_ALLOWED,
        "A limit or a freeze in ERPNext stands in the way. Lift it there, then replay.",
    ),
    (r"is disabled|is inactive|group account|does not belong to", Refusal.MISSING_MAPPING, NOT_THERE),
    (r"currenc|exchange rate", Refusal.CURRENCY, WRONG_CURRENCY),
    (r"data too long|will get truncated", Refusal.TOO_LONG, TOO_LONG),
    (r"out of range value", Refusal.UNSUPPORTED, "An amount is larger than ERPNext keeps."),
    (r"due date|payment schedule", Refusal.UNSUPPORTED, "The due date does not fit the customer's terms in ERPNext."),
    (r"is mandatory|is required|please (set|enter|select)|value missing", Refusal.MISSING_FIELD, WANTS),
)
CANCELLED = re.compile(r"cannot edit cancelled", re.IGNORECASE)


class Crashed(Refused):
    """ERPNext broke on what was sent and rolled it back: what of it was wrong is for a look at each part to tell."""


class Taken(Reread):
    """A field that is unique has this value in another document: as a rule ours, and the other one ours too."""


def failure_of(answer: Answer, now: datetime, period: str = THIS_PERIOD) -> Failure | None:
    """What an answer refuses or leaves open; None when it claims success. `period` names the invoice's own."""
    if answer.is_success:
        return None
    if answer.status == TOO_MANY:
        return Unavailable("ERPNext limits the rate (429).", retry_at(answer, now))
    told = None if answer.status in SOMETHING_BETWEEN else told_in(answer)
    if told is not None:
        return meaning_of(told, answer.status, period)
    if answer.status == NO_ACCESS:
        return AuthExpired("ERPNext refuses the log-in.")
    text = f"ERPNext answered {answer.status} without a readable reason."
    return Unavailable(text) if answer.is_turned_away else Unknown(text)


def says_gone(answer: Answer) -> bool:
    """Whether ERPNext itself says that there is no such document."""
    told = told_in(answer) if answer.status == NOT_FOUND else None
    return told is not None and told.kind == GONE


def meaning_of(told: Told, status: int, period: str) -> Failure:
    """What an exception of ERPNext's makes of a call."""
    if told.kind == NOT_UNIQUE:
        return Taken(said("ERPNext has an invoice with this reference.", told))
    if told.kind in LOOK_AGAIN or CANCELLED.search(told.text):
        return Reread(said("The invoice stands otherwise in ERPNext than when it was looked at.", told))
    if told.kind in NOT_NOW:
        return Unavailable(said("ERPNext is busy or being maintained and did nothing.", told))
    if told.kind in CRASHES:
        return Crashed(Refusal.UNSUPPORTED, said(CRASHED, told))
    rule = BY_KIND.get(told.kind) or rule_in(told.text)
    if rule is not None:
        refusal, sentence = rule
        return Refused(refusal, said(sentence.format(period=period), told))
    return otherwise(told, status)


def rule_in(text: str) -> tuple[Refusal, str] | None:
    """Which of ERPNext's rules its words tell of."""
    told = ((refusal, sentence) for words, refusal, sentence in BY_WORDS if re.search(words, text, re.IGNORECASE))
    return next(told, None)


def otherwise(told: Told, status: int) -> Refused | Unavailable | Unknown | AuthExpired:
    """An exception that we know nothing of may come from what Frappe does once it has committed."""
    if told.kind == "AuthenticationError":
        return AuthExpired("ERPNext refuses the log-in.")
    if told.kind in DATABASE:
        return database_failure(told)
    if status >= BROKEN:
        return Unknown(said(f"ERPNext failed inside ({status}).", told))
    return Refused(Refusal.UNSUPPORTED, said(ANY_OTHER, told))


def database_failure(told: Told) -> Unavailable | Unknown:
    """Rolled back, unless the database went away and may have committed before."""
    if DATABASE_LOST.search(told.text):
        return Unknown(said("ERPNext lost its database on the way.", told))
    return Unavailable(said("ERPNext's database could not do this now; nothing was changed.", told))


def said(sentence: str, told: Told) -> str:
    """Our own sentence, with ERPNext's beside it."""
    return shortened(f"{sentence} ERPNext says: {told.text or told.kind}")
