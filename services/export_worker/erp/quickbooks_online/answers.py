"""What QuickBooks' answers mean. Pure: the same answer and moment always mean the same.

Assumed: a 4xx with a fault of QuickBooks' own was not carried out; any 5xx may have come after the work was done.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.export_worker.core.outcomes import (
    AuthExpired,
    Failure,
    Refusal,
    Refused,
    Reread,
    Unavailable,
    Unknown,
)
from services.export_worker.erp import exact
from services.export_worker.erp.http import NO_ACCESS, Answer, retry_at, shortened

TOO_MANY, FORBIDDEN = 429, 403
# Told nowhere in the answer, only in the vendor's page on limits.
WAIT_WHEN_LIMITED = timedelta(seconds=60)

DUPLICATE_NUMBER, GONE, BAD_ID = "6140", "610", "2030"
NO_SUCH = frozenset({GONE, BAD_ID})
LOOK_AGAIN = frozenset({"5010", "6240"})  # somebody changed it meanwhile; the name exists already
LIMITED = frozenset({"3001", "003001"})
LOG_IN = frozenset({"3200", "003200", "270"})
ENDED = "6190"
BUSINESS_RULE = "6000"

REFUSALS = {
    "6210": (
        Refusal.PERIOD_CLOSED,
        "The books are closed for this date in QuickBooks. Move the closing date or change the accounting-date rule",
    ),
    DUPLICATE_NUMBER: (
        Refusal.DUPLICATE_NUMBER,
        "Another transaction has this number in QuickBooks. Change its number there",
    ),
    GONE: (
        Refusal.MISSING_MAPPING,
        (
            "A customer, job, item or tax code of this invoice is gone or inactive in QuickBooks. Make it active or "
            "correct the mapping"
        ),
    ),
    "2500": (
        Refusal.MISSING_MAPPING,
        "A customer, job, item or tax code of this invoice does not exist in QuickBooks. Correct the mapping",
    ),
    "2020": (Refusal.MISSING_FIELD, "QuickBooks wants a field that this invoice does not have. Fill it in Procore"),
    "2050": (Refusal.TOO_LONG, "A text is too long for QuickBooks. Shorten it in Procore"),
    "6070": (Refusal.AMOUNT_MISMATCH, "An amount does not add up in QuickBooks. Correct the invoice in Procore"),
    "120": (
        Refusal.NOT_ALLOWED,
        "The user who connected QuickBooks may not do this there. Give the right, or connect as another user",
    ),
    "5020": (
        Refusal.NOT_ALLOWED,
        "The user who connected QuickBooks may not do this there. Give the right, or connect as another user",
    ),
}
ANY_OTHER = (Refusal.UNSUPPORTED, "QuickBooks does not take this invoice as it is. Correct what it names")
# One code for many rules: only the words tell them apart.
BY_WORDS = (
    ("account period", REFUSALS["6210"]),
    (
        "currency",
        (
            Refusal.CURRENCY,
            "QuickBooks does not take this currency here. Switch it on there, or give the customer this currency",
        ),
    ),
)


@dataclass(frozen=True)
class SaidError:
    """One error of a fault. `field` is the element that it names."""

    code: str
    text: str
    field: str | None = None


def failure_of(answer: Answer, now: datetime) -> Failure | None:
    """What an answer refuses or leaves open; None when it claims success."""
    errors = errors_in(exact.read(answer.content))
    if answer.status == TOO_MANY or any(error.code in LIMITED for error in errors):
        return Unavailable("QuickBooks limits the rate (429).", retry_at(answer, now) or now + WAIT_WHEN_LIMITED)
    if answer.is_success:
        return refused(errors) if errors else None
    if not answer.is_turned_away:
        told = f": {shortened(told_of(errors))}" if errors else " without a readable reason"
        return Unknown(f"QuickBooks answered {answer.status}{told}.")
    if errors:
        return refused(errors)
    if answer.status == FORBIDDEN:
        return Refused(*REFUSALS["120"])
    return Unavailable(f"QuickBooks answered {answer.status} without a readable reason.")


def refused(errors: tuple[SaidError, ...]) -> Failure:
    """The first error decides; all are told."""
    first, told = errors[0], shortened(told_of(errors))
    if first.code in LOOK_AGAIN:
        return Reread(f"Somebody else was faster in QuickBooks. It says: {told}")
    if first.code == ENDED:
        return Unavailable(f"The company's QuickBooks subscription has ended or is on hold. It says: {told}")
    if first.code in LOG_IN:
        return AuthExpired(f"QuickBooks does not take the log-in. It says: {told}")
    refusal, sentence = meaning_of(first)
    return Refused(refusal, f"{sentence}, then replay. QuickBooks says: {told}", first.field)


def meaning_of(error: SaidError) -> tuple[Refusal, str]:
    """By the code; where that says little, by the words."""
    if error.code in REFUSALS:
        return REFUSALS[error.code]
    words = error.text.casefold()
    return next((meaning for word, meaning in BY_WORDS if word in words), ANY_OTHER)


def says(answer: Answer, codes: frozenset[str]) -> bool:
    """Whether QuickBooks turned it away with one of these codes."""
    errors = errors_in(exact.read(answer.content))
    return answer.is_turned_away and answer.status != NO_ACCESS and bool(errors) and errors[0].code in codes


def errors_in(body: Any) -> tuple[SaidError, ...]:
    """The errors of a fault. The gateway before QuickBooks writes the same keys in small letters."""
    fault = folded(body).get("fault")
    errors = folded(fault).get("error")
    return tuple(error_of(folded(one)) for one in errors) if isinstance(errors, list) else ()


def error_of(said: dict[str, Any]) -> SaidError:
    """Message and detail often say the same: the longer one holds both."""
    parts = [str(said[key]) for key in ("message", "detail") if said.get(key)]
    text = max(parts, key=len, default="no reason told")
    return SaidError(str(said.get("code", "")), text, str(said["element"]) if said.get("element") else None)


def told_of(errors: tuple[SaidError, ...]) -> str:
    """All errors in one line."""
    return "; ".join(f"{error.text} (code {error.code})" for error in errors)


def folded(value: Any) -> dict[str, Any]:
    """An object with small letters for keys; empty for anything else."""
    return {str(key).casefold(): one for key, one in value.items()} if isinstance(value, dict) else {}
