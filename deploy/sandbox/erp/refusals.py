"""How this ERP says no. Forms differ on purpose: real ERPs answer 200 with an error, or 500 to bad input."""

from typing import Any

FORMS = {
    "period_closed": 200,
    "date_out_of_sequence": 200,
    "duplicate_number": 200,
    "already_posted": 200,
    "not_draft": 200,
    "zero_total": 200,
    "negative_total": 200,
    "lines_do_not_add_up": 200,
    "job_not_synced": 200,
    "unknown_customer": 422,
    "unknown_job": 422,
    "unknown_account": 422,
    "currency_not_enabled": 422,
    "unknown_field": 422,
    "missing_field": 422,
    "wrong_type": 422,
    "text_too_long": 422,
    "replay_mismatch": 422,
    "reference_fixed": 422,
    "reference_taken": 409,
    "stale_version": 409,
    "not_permitted": 403,
    "not_found": 404,
    "number_too_long": 500,
}


class RefusedError(Exception):
    """This ERP says no. `code` is a key of FORMS."""

    def __init__(self, code: str, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.field = field


class AsksError(Exception):
    """This ERP asks first. Sending `name` back among `acknowledge` goes on."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name
        self.text = text


def refusal_answer(refusal: RefusedError) -> tuple[int, dict[str, Any]]:
    """HTTP status and JSON body in the form that belongs to the code."""
    status = FORMS.get(refusal.code, 422)
    said = {"code": refusal.code, "message": refusal.text, "field": refusal.field}
    if status == 500:
        return status, {"exc_type": "DataError", "exc_message": refusal.text, "column": refusal.field}
    if status == 422:
        return status, {"errors": [said]}
    return status, {"error": said}


def warning_answer(warning: AsksError) -> tuple[int, dict[str, Any]]:
    """A warning is a 200 whose body holds no receivable."""
    return 200, {"warning": {"name": warning.name, "message": warning.text}}
