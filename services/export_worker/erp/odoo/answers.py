"""What Odoo's answers mean. Pure: the same answer and moment always mean the same.

HTTP status alone is not trusted: JSON-RPC answers 200 with an error in it. An exception that Odoo tells of has
rolled its transaction back, so the work is not done. 429, and 503 that says when to come again, come from what
stands before Odoo and turn a request away; every other answer that is not Odoo's own leaves a write open.
"""

import re
from datetime import datetime

from pydantic import ValidationError

from services.export_worker.core.outcomes import (
    AuthExpired,
    Done,
    Failure,
    Refusal,
    Refused,
    Reread,
    Unavailable,
    Unknown,
)
from services.export_worker.erp.http import NO_ACCESS, Answer, retry_at, shortened
from services.export_worker.erp.odoo.wire import Loaded, SaidError

TOO_MANY, BUSY = 429, 503

NO_LOG_IN = "odoo.exceptions.AccessDenied"
BY_NAME = {
    "odoo.exceptions.MissingError": (
        Refusal.MISSING_MAPPING,
        "Something that the mappings name does not exist in Odoo.",
    ),
    "odoo.exceptions.AccessError": (Refusal.NOT_ALLOWED, "The user of this connection may not do this."),
}
OUR_FAULT = re.compile(r"^(builtins\.|werkzeug\.exceptions\.(NotFound|UnprocessableEntity|BadRequest)$)")
DATABASE = re.compile(r"^psycopg2\.")

LOST_RACE = re.compile(r"could not serialize|deadlock detected|could not obtain lock|ir_model_data_module_name_uniq")
NOT_A_DRAFT = re.compile(r"must be in draft", re.IGNORECASE)
CONNECTION_LOST = re.compile(r"server closed the connection|terminating connection|connection already closed")

# Odoo's English words, which the context asks for, in the order in which they are tried.
REASONS: tuple[tuple[str, Refusal, str], ...] = (
    (
        r"credit note instead",
        Refusal.UNSUPPORTED,
        "Odoo takes no invoice whose total is below zero: make a credit note there.",
    ),
    (
        r"lock date|locked period|period is closed|prior to and inclusive of",
        Refusal.PERIOD_CLOSED,
        (
            "The accounting period of this invoice is closed in Odoo. Open it, or change the connection's"
            " accounting-date rule, then replay."
        ),
    ),
    (
        r"existing sequence number|date.{0,40}sequence",
        Refusal.DATE_OUT_OF_SEQUENCE,
        "The invoice date does not fit the numbers that Odoo has given already.",
    ),
    (r"unique sequence number|must have a unique", Refusal.DUPLICATE_NUMBER, "Odoo has this number already."),
    (r"inactive currency|currency .*not active", Refusal.CURRENCY, "This currency is not active in Odoo."),
    (
        r"not balanced|unbalanced",
        Refusal.AMOUNT_MISMATCH,
        "Odoo cannot balance the entry that belongs to this invoice.",
    ),
    (r"value too long", Refusal.TOO_LONG, "A text is longer than Odoo takes."),
    (
        (
            r"no matching record|invalid database id|does not exist or has been deleted|deprecated|archived"
            r"|analytic distribution"
        ),
        Refusal.MISSING_MAPPING,
        "Something that the mappings name does not exist in Odoo, or is no longer in use there.",
    ),
    (
        r"is required|missing required|mandatory|need to add a line",
        Refusal.MISSING_FIELD,
        "Odoo wants a field that is empty.",
    ),
)


def failure_of(answer: Answer, now: datetime) -> Failure | None:
    """What an answer refuses or leaves open; None when it claims success."""
    if answer.status == TOO_MANY:
        return Unavailable("The rate is limited (429).", retry_at(answer, now))
    if answer.status == BUSY and retry_at(answer, now) is not None:
        return Unavailable("Odoo is busy and did nothing (503).", retry_at(answer, now))
    if is_no_log_in(answer):
        return AuthExpired("Odoo refuses the log-in.")
    error = error_in(answer)
    if error is not None:
        return failure_told(error)
    if answer.is_success:
        return Unknown("Odoo tells of an error that cannot be read.") if envelope_error(answer) is not None else None
    text = f"Odoo answered {answer.status} without a readable reason."
    return Unavailable(text) if answer.is_turned_away else Unknown(text)


def is_no_log_in(answer: Answer) -> bool:
    """Whether the log-in is what was refused."""
    error = error_in(answer)
    return answer.status == NO_ACCESS or (error is not None and error.name == NO_LOG_IN)


def error_in(answer: Answer) -> SaidError | None:
    """The exception that is told of: inside JSON-RPC's envelope, or as the whole body of a JSON-2 refusal."""
    told = answer.body if not answer.is_success else envelope_error(answer)
    if isinstance(told, dict) and isinstance(told.get("error"), dict):
        told = told["error"]
    try:
        return SaidError.model_validate(told.get("data", told)) if isinstance(told, dict) else None
    except ValidationError:
        return None


def envelope_error(answer: Answer) -> object:
    """What JSON-RPC's envelope holds as an error; None for nothing."""
    return answer.body.get("error") if isinstance(answer.body, dict) and "jsonrpc" in answer.body else None


def failure_told(error: SaidError) -> Failure:
    """What an exception inside Odoo means. Its own words stand behind ours."""
    if LOST_RACE.search(error.message) and "ir_model_data" in error.message:
        return Reread(said("Another invoice carries this external id already.", error.message))
    if NOT_A_DRAFT.search(error.message):
        return Reread(said("The invoice is no longer a draft in Odoo.", error.message))
    if error.name in BY_NAME:
        refusal, sentence = BY_NAME[error.name]
        return Refused(refusal, said(sentence, error.message))
    if DATABASE.search(error.name) and "value too long" not in error.message:
        return database_failure(error)
    return refused(error.message, None, ours=bool(OUR_FAULT.search(error.name)))


def database_failure(error: SaidError) -> Unavailable | Unknown:
    """PostgreSQL rolled back, unless it went away and may have committed before."""
    if CONNECTION_LOST.search(error.message):
        return Unknown(said("Odoo lost its database on the way.", error.message))
    return Unavailable(said("Odoo's database could not do this now; nothing was changed.", error.message))


def outcome_of_load(loaded: Loaded) -> Done | Refused | Reread | Unknown:
    """The invoice that is there now, or why there is none. `load` tells errors in a list of its own."""
    if loaded.ids:
        return Done(str(loaded.ids[0])) if len(loaded.ids) == 1 else Unknown("Odoo made several of one.")
    errors = [message for message in loaded.messages if message.type == "error"]
    if not errors:
        return Unknown("Odoo made nothing, and does not say why.")
    text = "; ".join(message.message for message in errors)
    if LOST_RACE.search(text):
        return Reread(said("Another worker is at the same invoice.", text))
    return refused(text, errors[0].field, ours="Unknown error during import" in text)


def refused(text: str, field: str | None, *, ours: bool) -> Refused:
    """By what Odoo's words say; `ours` where they speak of a fault in what we sent."""
    for pattern, refusal, sentence in REASONS:
        if not ours and re.search(pattern, text, re.IGNORECASE):
            return Refused(refusal, said(sentence, text), field)
    sentence = "Odoo does not know something that we sent: a fault of ours, or a version that is not supported."
    return Refused(Refusal.UNSUPPORTED, said(sentence if ours else "Odoo refuses this invoice.", text), field)


def said(sentence: str, text: str) -> str:
    """Our own sentence, with Odoo's beside it."""
    words = " ".join(text.split())
    return shortened(f"{sentence} Odoo says: {words}" if words else sentence)
