"""What the sandbox's answers mean. Pure: the same answer and moment always mean the same.

HTTP status alone is not trusted. Assumed of this ERP: 503 with the code `try_again` was turned away before
any work; every other 503, and each 502 and 504, may come from something in between while the work went on.
"""

from datetime import datetime

from pydantic import ValidationError

from services.export_worker.core.outcomes import (
    Failure,
    NeedsDecision,
    Refusal,
    Refused,
    Reread,
    Unavailable,
    Unknown,
)
from services.export_worker.erp.http import Answer, retry_at, shortened
from services.export_worker.erp.sandbox.wire import Refusals, SaidError

NOT_FOUND, TOO_MANY, CRASHED, BUSY = 404, 429, 500, 503

REFUSALS = {
    "period_closed": Refusal.PERIOD_CLOSED,
    "date_out_of_sequence": Refusal.DATE_OUT_OF_SEQUENCE,
    "duplicate_number": Refusal.DUPLICATE_NUMBER,
    "unknown_customer": Refusal.MISSING_MAPPING,
    "unknown_job": Refusal.MISSING_MAPPING,
    "unknown_account": Refusal.MISSING_MAPPING,
    "missing_field": Refusal.MISSING_FIELD,
    "number_too_long": Refusal.TOO_LONG,
    "text_too_long": Refusal.TOO_LONG,
    "job_not_synced": Refusal.CONTRACT_NOT_SYNCED,
    "lines_do_not_add_up": Refusal.AMOUNT_MISMATCH,
    "currency_not_enabled": Refusal.CURRENCY,
    "not_permitted": Refusal.NOT_ALLOWED,
}
LOOK_AGAIN = frozenset({"reference_taken", "stale_version", "not_draft", "not_found", "replay_mismatch"})


def failure_of(answer: Answer, now: datetime) -> Failure | None:
    """What a write's answer refuses, asks or leaves open; None when it claims success."""
    if answer.status == TOO_MANY:
        return Unavailable("The ERP limits the rate (429).", retry_at(answer, now))
    said = refusals_in(answer)
    if says(answer, "try_again") and answer.status == BUSY:
        return Unavailable("The ERP is busy and did nothing (503).", retry_at(answer, now))
    if said is None or not (answer.is_success or answer.is_turned_away):
        return crashed(said) if said is not None and answer.status == CRASHED else unreadable(answer)
    failure = failure_told(said)
    return failure if failure is not None or answer.is_success else unreadable(answer)


def failure_told(said: Refusals) -> Failure | None:
    """What the ERP's own words refuse or ask; None when they do neither."""
    if said.warning is not None:
        return NeedsDecision(said.warning.name, shortened(said.warning.message))
    errors = said.errors or ((said.error,) if said.error else ())
    return refused(errors) if errors else None


def refusals_in(answer: Answer) -> Refusals | None:
    """The ways to say no that the body holds, perhaps none; None when the body is not this ERP's."""
    try:
        return Refusals.model_validate(answer.body)
    except ValidationError:
        return None


def says(answer: Answer, code: str) -> bool:
    """Whether the single error told has this code."""
    said = refusals_in(answer)
    return said is not None and said.error is not None and said.error.code == code


def unreadable(answer: Answer) -> Unavailable | Unknown:
    """Not this ERP's own words. A plain 4xx was turned away; anything else may have been done."""
    text = f"The ERP answered {answer.status} without a readable reason."
    return Unavailable(text) if answer.is_turned_away else Unknown(text)


def refused(errors: tuple[SaidError, ...]) -> Refused | Reread:
    """The first error decides; all are told."""
    first = errors[0]
    text = shortened("; ".join(one_line(error, alone=len(errors) == 1) for error in errors))
    if first.code in LOOK_AGAIN:
        return Reread(text)
    return Refused(REFUSALS.get(first.code, Refusal.UNSUPPORTED), text, first.field)


def one_line(error: SaidError, *, alone: bool) -> str:
    """The vendor's sentence, with its field where several are told."""
    message = error.message or error.code
    return message if alone or not error.field else f"{error.field}: {message}"


def crashed(said: Refusals) -> Refused | Unknown:
    """This ERP answers 500 to one kind of bad input; any other crash may have come after the commit."""
    text = shortened(said.exc_message)
    if said.exc_type == "DataError" and "too long" in text.lower():
        return Refused(Refusal.TOO_LONG, text, said.column)
    return Unknown(f"The ERP failed inside (500): {text or said.exc_type or 'no reason told'}")
