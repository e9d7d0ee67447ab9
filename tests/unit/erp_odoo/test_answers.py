"""What Odoo's answers mean: its exceptions, its lists of messages, and what stands before it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

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
from services.export_worker.erp.http import Answer
from services.export_worker.erp.odoo.answers import failure_of, outcome_of_load
from services.export_worker.erp.odoo.wire import Loaded

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DEBUG = 'Traceback (most recent call last):\n  File "/opt/odoo/odoo/http.py", line 1783\n'


def over_json_rpc(name: str, message: str) -> Answer:
    """200 with an error in it."""
    data = {"name": name, "message": message, "debug": DEBUG, "arguments": [message], "context": {}}
    return Answer(
        200, {"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": data}}
    )


def over_json_2(name: str, message: str, status: int) -> Answer:
    """A real status."""
    return Answer(status, {"name": name, "message": message, "debug": DEBUG, "arguments": [message], "context": {}})


REFUSED = [
    ("odoo.exceptions.UserError", "You should create a credit note instead.", Refusal.UNSUPPORTED),
    (
        "odoo.exceptions.UserError",
        "You cannot add/modify entries prior to and inclusive of: Hard Lock Date (10/31/2026).",
        Refusal.PERIOD_CLOSED,
    ),
    ("odoo.exceptions.ValidationError", "The move (Draft Invoice) is not balanced.", Refusal.AMOUNT_MISMATCH),
    ("odoo.exceptions.ValidationError", "Missing required value for the field 'Customer'", Refusal.MISSING_FIELD),
    ("odoo.exceptions.UserError", "The account 4000 (Old) is deprecated.", Refusal.MISSING_MAPPING),
    (
        "odoo.exceptions.ValidationError",
        "One or more lines require a 100% analytic distribution.",
        Refusal.MISSING_MAPPING,
    ),
    (
        "odoo.exceptions.UserError",
        "You cannot validate a document with an inactive currency: EUR",
        Refusal.CURRENCY,
    ),
    ("odoo.exceptions.MissingError", "Record does not exist or has been deleted.", Refusal.MISSING_MAPPING),
    ("odoo.exceptions.AccessError", "You are not allowed to create records.", Refusal.NOT_ALLOWED),
    ("odoo.exceptions.UserError", "Something nobody has seen.", Refusal.UNSUPPORTED),
    ("builtins.ValueError", "Invalid field 'colour' on model 'account.move'", Refusal.UNSUPPORTED),
    # Ours, whatever else the words would be taken for.
    ("builtins.TypeError", "missing required argument", Refusal.UNSUPPORTED),
    ("psycopg2.errors.StringDataRightTruncation", "value too long for type character varying", Refusal.TOO_LONG),
]


@pytest.mark.parametrize(("name", "message", "refusal"), REFUSED)
def test_each_exception_is_refused_by_its_class(name: str, message: str, refusal: Refusal) -> None:
    for answer in (over_json_rpc(name, message), over_json_2(name, message, 422)):
        failure = failure_of(answer, NOW)
        assert isinstance(failure, Refused)
        assert failure.refusal is refusal
        assert failure.text.endswith(f"Odoo says: {message}")
        assert not failure.text.startswith("Odoo says")


def test_a_traceback_is_never_told() -> None:
    for name, message, _ in REFUSED:
        assert "opt/odoo" not in repr(failure_of(over_json_rpc(name, message), NOW))


OPEN_OR_NOT: list[tuple[Answer, type[Failure]]] = [
    (over_json_rpc("odoo.exceptions.AccessDenied", "Access Denied"), AuthExpired),
    (over_json_2("werkzeug.exceptions.Unauthorized", "401 Unauthorized", 401), AuthExpired),
    (over_json_rpc("psycopg2.errors.SerializationFailure", "could not serialize access"), Unavailable),
    (over_json_rpc("psycopg2.OperationalError", "could not connect to server"), Unavailable),
    (over_json_rpc("psycopg2.OperationalError", "server closed the connection unexpectedly"), Unknown),
    (over_json_rpc("odoo.exceptions.UserError", "The entry INV/1 (id 7) must be in draft."), Reread),
    (
        over_json_rpc("odoo.exceptions.ValidationError", 'constraint "ir_model_data_module_name_uniq_index"'),
        Reread,
    ),
    (Answer(200, {"jsonrpc": "2.0", "error": "odd"}), Unknown),
    (Answer(404, None), Unavailable),
    (Answer(502, None), Unknown),
    (Answer(503, None), Unknown),
    (Answer(504, None), Unknown),
    (Answer(302, None), Unknown),
]


@pytest.mark.parametrize(("answer", "kind"), OPEN_OR_NOT)
def test_what_is_certain_is_told_from_what_is_not(answer: Answer, kind: type[Failure]) -> None:
    assert type(failure_of(answer, NOW)) is kind


@pytest.mark.parametrize("status", [429, 503])
def test_a_request_that_is_turned_away_tells_when_to_come(status: int) -> None:
    failure = failure_of(Answer(status, None, {"retry-after": "7"}), NOW)
    assert isinstance(failure, Unavailable)
    assert failure.retry_at == NOW + timedelta(seconds=7)


def test_a_success_over_either_interface_is_no_failure() -> None:
    assert failure_of(Answer(200, {"jsonrpc": "2.0", "id": 1, "result": False}), NOW) is None
    assert failure_of(Answer(200, [{"name": "INV/1", "message": "a field of its own"}]), NOW) is None
    assert failure_of(Answer(200, {"name": {"type": "char"}, "message": {"type": "text"}}), NOW) is None


def loaded(ids: Any, *messages: str) -> Loaded:
    """What `load` answers."""
    told = [{"type": "error", "message": message, "rows": {"from": 0, "to": 0}} for message in messages]
    return Loaded.model_validate({"ids": ids, "messages": told, "nextrow": 0})


def test_a_load_that_made_one_is_done() -> None:
    assert outcome_of_load(loaded([42])) == Done("42")


def test_a_load_that_lost_a_race_is_read_again() -> None:
    outcome = outcome_of_load(loaded(False, "could not serialize access due to concurrent update"))
    assert isinstance(outcome, Reread)


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        ("No matching record found for database id '9' in field 'Partner'", Refusal.MISSING_MAPPING),
        ("Unknown error during import: <class 'ValueError'>: is required", Refusal.UNSUPPORTED),
        ("Missing required value for the field 'Account' (account_id)", Refusal.MISSING_FIELD),
    ],
)
def test_a_load_tells_its_refusals_in_messages(message: str, refusal: Refusal) -> None:
    outcome = outcome_of_load(loaded(False, message))
    assert isinstance(outcome, Refused)
    assert (outcome.refusal, message in outcome.text) == (refusal, True)


@pytest.mark.parametrize("odd", [loaded(False), loaded([]), loaded([1, 2])])
def test_a_load_that_says_nothing_clear_is_unknown(odd: Loaded) -> None:
    assert isinstance(outcome_of_load(odd), Unknown)
