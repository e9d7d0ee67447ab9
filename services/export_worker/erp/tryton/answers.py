"""What Tryton's answers mean. Pure: the same answer and moment always mean the same.

HTTP status alone is not trusted: an error that the program told comes with 200. Only the errors that Tryton raises on
purpose are known to have undone everything; any other may have come after the work was kept.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

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
from services.export_worker.erp.tryton.refusals import LOOK_AGAIN, MISSING, beside, refusal_in

OK, TOO_MANY = HTTPStatus.OK, HTTPStatus.TOO_MANY_REQUESTS
# What Python says of a key that is not there: a field or a model.
UNKNOWN_NAME = re.compile(r"'[\w.]+'")
USER_ERROR, USER_WARNING, CONCURRENCY = "UserError", "UserWarning", "ConcurrencyException"
LOG_IN = "LoginException"


@dataclass(frozen=True)
class Misunderstood(Unknown):
    """Tryton does not have what the call names. As a rule nothing was done; only a look tells whether that is so."""

    @property
    def refused(self) -> Refused:
        """Once that is seen: trying again would change nothing, and other invoices need not go wrong."""
        return Refused(Refusal.UNSUPPORTED, self.text)


def only_words(said: object) -> tuple[str, ...]:
    """Tryton tells text, description and more, or a text alone."""
    parts = said if isinstance(said, list) else [said]
    return tuple(part for part in parts if isinstance(part, str))


class SaidError(BaseModel):
    """The body of an answer that says no: what kind, and in which words."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    error: Annotated[tuple[str, Any], BeforeValidator(lambda said: tuple(said) if isinstance(said, list) else said)]

    @property
    def kind(self) -> str:
        """The name of the exception, or what an unforeseen one said."""
        return self.error[0]

    @property
    def words(self) -> tuple[str, ...]:
        """Its texts."""
        return only_words(self.error[1])


def failure_of(answer: Answer, now: datetime) -> Failure | None:
    """What an answer refuses, asks or leaves open; None when it holds a result."""
    if answer.status != OK:
        return failure_by_status(answer, now)
    if isinstance(answer.body, dict) and "result" in answer.body:
        return None
    said = error_in(answer)
    return Unknown("Tryton answered 200 without a readable result.") if said is None else failure_told(said)


def failure_by_status(answer: Answer, now: datetime) -> Failure:
    """What a bare status means, which mostly comes from below Tryton."""
    match answer.status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Unavailable("Tryton limits the rate (429).", retry_at(answer, now))
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return Unavailable("Tryton is busy or has no database, and gave up (503).", retry_at(answer, now))
        case HTTPStatus.FORBIDDEN:
            return Refused(Refusal.NOT_ALLOWED, "Tryton does not let this user call what the export needs (403).")
        case HTTPStatus.UNPROCESSABLE_ENTITY:
            return Misunderstood(beside(MISSING, "422, the call does not fit"))
    text = f"Tryton answered {answer.status} without a readable reason."
    return Unavailable(text) if answer.is_turned_away else Unknown(text)


def error_in(answer: Answer) -> SaidError | None:
    """The error that the body tells."""
    try:
        return SaidError.model_validate(answer.body)
    except ValidationError:
        return None


def failure_told(said: SaidError) -> Failure:
    """What Tryton's own words refuse or ask."""
    text = shortened(" ".join(word for word in said.words if word) or said.kind)
    match said.kind:
        case "UserError":
            return Reread(text) if LOOK_AGAIN.search(text) else refusal_in(text)
        case "UserWarning":
            name, *asked = said.words or ("",)
            return NeedsDecision(name, shortened(" ".join(word for word in asked if word) or name))
        case "ConcurrencyException":
            return Reread(text)
        case "RateLimitException":
            return Unavailable(f"Tryton limits the rate. {text}")
        case name if UNKNOWN_NAME.fullmatch(name):
            return Misunderstood(beside(MISSING, f"{name} is not known"))
        case _:
            return Unknown(f"Tryton failed inside: {shortened(said.kind)}")
