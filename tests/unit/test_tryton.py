"""Tryton's answers and words, without a server: what they mean, and that no float comes through."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from deploy.sandbox.tryton.vendor import USER_ERRORS
from services.export_worker.core.capabilities import Step
from services.export_worker.core.outcomes import (
    Failure,
    NeedsDecision,
    Refusal,
    Refused,
    Reread,
    Unavailable,
    Unknown,
)
from services.export_worker.erp.http import Answer
from services.export_worker.erp.tryton.answers import Misunderstood, failure_of
from services.export_worker.erp.tryton.mapping import (
    Entry,
    Targets,
    entry_lines,
    found,
    invoice_values,
    lines_written,
    taxes_written,
)
from services.export_worker.erp.tryton.settings import TrytonSettings
from services.export_worker.erp.tryton.wire import HELD, RELEASED, Invoice, InvoiceLine, Move, MoveLine, money
from tests.contract.erp.documents import a_document

NOW = datetime(2026, 11, 24, tzinfo=UTC)
RECEIVABLE, RETAINAGE = 39, 136
TARGETS = Targets(1, 1, 2, 3, RECEIVABLE, None, 1, {"4000": 137}, None, RETAINAGE, 138)


def told(*error: Any) -> Failure | None:
    return failure_of(Answer(200, {"id": 1, "error": list(error)}), NOW)


USER_ERROR_CLASSES = {
    "period_closed": Refusal.PERIOD_CLOSED,
    "no_period": Refusal.PERIOD_CLOSED,
    "date_out_of_sequence": Refusal.DATE_OUT_OF_SEQUENCE,
    "not_in_domain": Refusal.MISSING_MAPPING,
    "required": Refusal.MISSING_FIELD,
    "too_long": Refusal.TOO_LONG,
    "unforeseen": Refusal.UNSUPPORTED,
    "unbalanced": Refusal.AMOUNT_MISMATCH,
    "no_rate": Refusal.CURRENCY,
    "no_right": Refusal.NOT_ALLOWED,
}


@pytest.mark.parametrize("code", USER_ERRORS)
def test_every_user_error_has_its_class_and_our_sentence(code: str) -> None:
    failure = told("UserError", [USER_ERRORS[code], "", None])

    assert isinstance(failure, Refused)
    assert failure.refusal is USER_ERROR_CLASSES[code]
    ours, _, theirs = failure.text.partition(" Tryton says: ")
    assert theirs == USER_ERRORS[code]
    assert "{" not in ours
    assert "." in ours


def test_a_closed_period_is_told_as_accountants_say_it() -> None:
    failure = told("UserError", [USER_ERRORS["period_closed"], "", None])

    assert failure is not None
    assert failure.text.startswith(
        "Period 2026-10 is closed in Tryton. Open it or change the accounting-date rule, then replay."
    )


LOST_RACES = [
    'You can not call "post" on "INV-2026-00001 [a]" of "Account Invoice".',
    'You cannot modify invoice "INV-2026-00001 [a]" because it is posted, paid or cancelled.',
    'You are trying to read records "99999" of "Account Invoice" that don\'t exist.',
    "Another invoice with the same external key stands already.",
    "A payment line can be linked to only one invoice.",
]


@pytest.mark.parametrize("text", LOST_RACES)
def test_a_lost_race_means_to_look_again(text: str) -> None:
    assert told("UserError", [text, "", None]) == Reread(text)


def test_a_warning_keeps_the_name_that_accepts_it() -> None:
    asked = told("UserWarning", ["63d4.invoice_date_future", "It lies in the future.", ""])
    assert asked == NeedsDecision("63d4.invoice_date_future", "It lies in the future.")


@pytest.mark.parametrize(
    "detail", [["Records were modified in the meanwhile"], "Records were modified in the meanwhile"]
)
def test_a_stale_version_is_told_in_two_shapes(detail: Any) -> None:
    assert told("ConcurrencyException", detail) == Reread("Records were modified in the meanwhile")


@pytest.mark.parametrize("kind", ["invalid literal for int() with base 10: 'x'", "server closed the connection", ""])
def test_an_unforeseen_error_leaves_the_outcome_open(kind: str) -> None:
    failure = told(kind, "")
    assert isinstance(failure, Unknown)
    assert not isinstance(failure, Misunderstood)


@pytest.mark.parametrize("name", ["'foo'", "'account.invoice'"])
def test_a_name_that_tryton_does_not_know_is_a_refusal_once_looked(name: str) -> None:
    failure = told(name, "")
    assert isinstance(failure, Misunderstood)
    assert failure.refused == Refused(Refusal.UNSUPPORTED, failure.text)
    assert failure.text.startswith("Tryton lacks something that the export relies on")
    assert name in failure.text


STATUSES: list[tuple[int, type[Failure]]] = [
    (503, Unavailable),
    (504, Unknown),
    (502, Unknown),
    (500, Unknown),
    (403, Refused),
    (422, Misunderstood),
    (404, Unavailable),
    (307, Unknown),
]


@pytest.mark.parametrize(("status", "kind"), STATUSES)
def test_a_bare_status_means_what_it_may_have_done(status: int, kind: type[Failure]) -> None:
    assert isinstance(failure_of(Answer(status, None), NOW), kind)


@pytest.mark.parametrize("body", [None, [], {}, {"id": 1}, {"error": "x"}, {"error": []}])
def test_success_without_a_result_leaves_it_open(body: Any) -> None:
    assert isinstance(failure_of(Answer(200, body), NOW), Unknown)


def test_no_money_leaves_as_a_float() -> None:
    document = a_document("0.10", "9007199254740.93", tax=Decimal("0.07"), retainage_released=Decimal("3.00"))
    sides = ((RETAINAGE, True), (RECEIVABLE, True))
    written = [
        invoice_values(document, TARGETS, module=True),
        lines_written(document, TARGETS, module=True),
        taxes_written(document, TARGETS),
        entry_lines(document, 2, *sides),
    ]
    assert not [value for value in leaves(written) if isinstance(value, float)]
    assert "9007199254740.93" in list(leaves(written))


def leaves(value: Any) -> Any:
    """Everything in it that holds nothing."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from leaves(one)
    else:
        yield value


@pytest.mark.parametrize("amount", [150000.0, 150000, "150000.00", {"__class__": "Decimal", "decimal": "a"}, None])
def test_money_that_comes_otherwise_is_refused(amount: Any) -> None:
    with pytest.raises(ValidationError):
        invoice(total_amount=amount)


def invoice(**changes: Any) -> Invoice:
    """150,000.00, posted."""
    plain: dict[str, Any] = {
        "id": 7,
        "reference": "a:b:c:0",
        "state": "posted",
        "number": "INV-2026-00007",
        "party": 2,
        "account": RECEIVABLE,
        "invoice_date": {"__class__": "date", "year": 2026, "month": 10, "day": 31},
        "untaxed_amount": money(Decimal("150000.00")),
        "tax_amount": money(Decimal("0.00")),
        "total_amount": money(Decimal("150000.00")),
        "lines": [1],
        "taxes": [],
        "payment_lines": [],
        "move.": {"id": 4, "period": 22},
    }
    return Invoice.model_validate(plain | changes)


def entry(*lines: tuple[int, str, str], state: str = "posted", cancelled: bool = False) -> Entry:
    """Lines of account, description and debit (a credit where negative)."""
    told_lines = [
        MoveLine.model_validate(
            {
                "id": 100 + n,
                "move": 9,
                "account": account,
                "debit": money(max(Decimal(amount), Decimal(0))),
                "credit": money(max(-Decimal(amount), Decimal(0))),
                "description": text,
            }
        )
        for n, (account, text, amount) in enumerate(lines)
    ]
    return Entry(Move(id=9, state=state, origin="account.invoice,7"), told_lines, cancelled)


HELD_BACK = ((RETAINAGE, HELD, "15000.00"), (RECEIVABLE, "Retainage a:b:c:0", "-15000.00"))
POSTED = {Step.CREATE, Step.FINISH}


def test_retainage_shows_once_its_entry_is_posted() -> None:
    draft = found(invoice(), entries=[entry(*HELD_BACK, state="draft")])
    posted = found(invoice(), entries=[entry(*HELD_BACK)])

    assert (draft.done, draft.totals.receivable) == (POSTED, Decimal("150000.00"))
    assert (posted.done, posted.totals.receivable) == (POSTED | {Step.RECLASSIFY}, Decimal("135000.00"))


def test_an_entry_that_was_taken_back_does_not_stand() -> None:
    assert found(invoice(), entries=[entry(*HELD_BACK, cancelled=True)]).done == POSTED


def test_it_is_settled_once_the_entry_counts_as_paid() -> None:
    assert Step.SETTLE in found(invoice(payment_lines=[101]), entries=[entry(*HELD_BACK)]).done
    assert Step.SETTLE in found(invoice(state="paid"), entries=[entry(*HELD_BACK)]).done


RELEASED_ONLY = ((RETAINAGE, RELEASED, "-5000.00"), (RECEIVABLE, "Retainage a:b:c:0", "5000.00"))
TOO_MUCH_HELD = ((RETAINAGE, HELD, "150000.01"), (RECEIVABLE, "Retainage a:b:c:0", "-150000.01"))
NOTHING_LEFT = ((RETAINAGE, HELD, "5000.00"), (RETAINAGE, RELEASED, "-5000.00"))


@pytest.mark.parametrize("lines", [RELEASED_ONLY, TOO_MUCH_HELD, NOTHING_LEFT])
def test_what_cannot_be_tied_has_nothing_to_settle(lines: tuple[tuple[int, str, str], ...]) -> None:
    assert Step.SETTLE in found(invoice(), entries=[entry(*lines)]).done


def test_held_and_released_are_told_apart_by_words_then_sign() -> None:
    lines = [
        invoice_line("150000.00", "Concrete", retainage=False),
        invoice_line("10.00", HELD),
        invoice_line("-3.00", "written by hand"),
        invoice_line("5.00", RELEASED),
    ]
    totals = found(invoice(untaxed_amount=money(Decimal("150012.00"))), lines=lines).totals

    assert totals.gross == Decimal("150000.00")
    assert (totals.retainage_held, totals.retainage_released) == (Decimal("-7.00"), Decimal("5.00"))


def invoice_line(amount: str, text: str, *, retainage: bool = True) -> InvoiceLine:
    said = {"id": 1, "invoice": 7, "amount": money(Decimal(amount)), "description": text}
    return InvoiceLine.model_validate(said | {"account.": {"type.": {"retainage": retainage}}})


def test_a_due_date_replaces_the_payment_term() -> None:
    targets = Targets(1, 1, 2, 3, RECEIVABLE, 8, 1, {"4000": 137}, None, RETAINAGE, None)
    due = invoice_values(a_document(due_date=date(2026, 12, 1)), targets, module=False)
    open_ended = invoice_values(a_document(due_date=None), targets, module=False)

    assert (due["payment_term"], due["payment_term_date"]["month"]) == (None, 12)
    assert (open_ended["payment_term"], open_ended["payment_term_date"]) == (8, None)


def test_only_the_module_gives_a_unique_key() -> None:
    plain = {"url": "http://127.0.0.1:1", "database": "d", "user": "u"}
    assert not TrytonSettings.model_validate(plain).capabilities().unique_key
    assert TrytonSettings.model_validate(plain | {"module": True}).capabilities().unique_key
