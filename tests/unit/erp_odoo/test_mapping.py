"""Our document in Odoo's words, and back."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document, DocumentLine, Totals
from services.export_worker.erp.odoo.mapping import (
    LINES,
    Targets,
    first_day_after,
    found,
    loaded,
    name_of,
    next_name,
    rows_of,
    written,
)
from services.export_worker.erp.odoo.wire import Line, Move

TARGETS = Targets(accounts={"4000": 23}, retainage=21, customer=7, currency=1, journal=None, job=5, tax=None)
ASSETS = frozenset({21})


def a_document(**changes: Any) -> Document:
    """100.00 and 50.00, 15.00 of it held back."""
    plain: dict[str, Any] = {
        "reference": "ironside:1001:90001:0",
        "number": "HBL-7",
        "description": "Pay application <7>",
        "customer": "7",
        "job": "5",
        "invoice_date": date(2026, 10, 31),
        "due_date": date(2026, 11, 30),
        "period_start": None,
        "period_end": None,
        "currency": "USD",
        "exchange_rate": Decimal(1),
        "lines": tuple(DocumentLine(description="Slab", amount=Decimal(a), account="4000") for a in ("100", "50.00")),
        "retainage_held": Decimal("15.00"),
        "retainage_released": Decimal(0),
        "retainage_account": "1180",
        "tax": Decimal(0),
    }
    return Document(**(plain | changes))


def shown(document: Document, **changes: Any) -> tuple[Move, list[Line]]:
    """As Odoo shows what was sent: floats, pairs, False."""
    rows = rows_of(document, TARGETS)
    total = float(sum(row.amount for row in rows))
    plain = {
        "id": 3,
        "name": "INV/2026/00003",
        "state": "posted",
        "posted_before": True,
        "payment_state": "not_paid",
        "amount_total": total,
        "invoice_line_ids": list(range(len(rows))),
    }
    lines = [
        {"move_id": [3, "INV"], "account_id": [row.account, "x"], "name": row.text, "price_subtotal": float(row.amount)}
        for row in rows
    ]
    return Move.model_validate(plain | changes), [Line.model_validate(line) for line in lines]


CENTS = st.decimals(min_value=-(10**9), max_value=10**9, places=2)


@given(amounts=st.lists(CENTS, min_size=1, max_size=6), held=CENTS, released=CENTS)
def test_what_odoo_shows_is_read_to_the_cent(amounts: list[Decimal], held: Decimal, released: Decimal) -> None:
    lines = tuple(DocumentLine(description="x", amount=amount, account="4000") for amount in amounts)
    document = a_document(lines=lines, retainage_held=held, retainage_released=released)
    move, said = shown(document)

    assert found(move, said, ASSETS, "https://erp").totals == document.totals


def test_work_that_is_named_like_retainage_stays_work() -> None:
    line = DocumentLine(description="Retainage released early", amount=Decimal("10.00"), account="4000")
    document = a_document(lines=(line,), retainage_held=Decimal(0))
    move, said = shown(document)

    assert found(move, said, ASSETS, "https://erp").totals.gross == Decimal("10.00")


def test_whatever_odoo_adds_to_the_total_shows() -> None:
    move, said = shown(a_document(), amount_total=135.01)
    assert found(move, said, ASSETS, "https://erp").totals == Totals(
        gross=Decimal(150), retainage_held=Decimal(15), retainage_released=Decimal(0), tax=Decimal("0.01")
    )


@pytest.mark.parametrize(
    ("changes", "cancelled", "steps", "number"),
    [
        ({}, False, {Step.CREATE, Step.FINISH}, "INV/2026/00003"),
        ({"state": "draft", "posted_before": False}, False, {Step.CREATE}, None),
        ({"state": "draft", "posted_before": True}, False, {Step.CREATE}, None),
        ({"state": "cancel"}, True, {Step.CREATE, Step.FINISH}, "INV/2026/00003"),
        ({"state": "cancel", "posted_before": False}, True, {Step.CREATE}, None),
        ({"payment_state": "reversed"}, True, {Step.CREATE, Step.FINISH}, "INV/2026/00003"),
    ],
)
def test_state_tells_steps_number_and_cancelling(
    changes: dict[str, Any], cancelled: bool, steps: set[Step], number: str | None
) -> None:
    move, lines = shown(a_document(), **changes)
    one = found(move, lines, ASSETS, "https://erp/")
    assert (one.ref, one.cancelled, set(one.done), one.number) == ("3", cancelled, steps, number)
    assert one.url == "https://erp/mail/view?model=account.move&res_id=3"


def test_only_the_first_row_holds_the_invoice() -> None:
    columns, rows = loaded(a_document(), TARGETS, "procore_export.x")

    told = [dict(zip(columns, row, strict=True)) for row in rows]
    assert [row["id"] for row in told] == ["procore_export.x", "", ""]
    assert [row["partner_id/.id"] for row in told] == ["7", "", ""]
    assert [row[f"{LINES}/price_unit"] for row in told] == ["100", "50.00", "-15.00"]
    assert [row[f"{LINES}/account_id/.id"] for row in told] == ["23", "23", "21"]
    assert {row[f"{LINES}/tax_ids/.id"] for row in told} == {""}
    assert json.loads(told[0][f"{LINES}/analytic_distribution"]) == {"5": 100}
    assert told[0]["narration"] == "Pay application &lt;7&gt;"
    assert (told[0]["invoice_date_due"], told[0]["invoice_payment_term_id/.id"]) == ("2026-11-30", "")


def test_without_a_due_date_the_customer_s_terms_hold() -> None:
    columns, _ = loaded(a_document(due_date=None), TARGETS, "procore_export.x")
    assert not {"invoice_date_due", "invoice_payment_term_id/.id"} & set(columns)


def test_a_draft_is_written_over_with_all_its_lines() -> None:
    commands = written(a_document(), TARGETS)[LINES]
    assert commands[0] == [5, 0, 0]
    assert [values["price_unit"] for _, _, values in commands[1:]] == [100.0, 50.0, -15.0]
    assert all(values["tax_ids"] == [[6, 0, []]] for _, _, values in commands[1:])


@given(st.text(max_size=80), st.text(max_size=80))
def test_external_ids_keep_references_apart(one: str, other: str) -> None:
    assert (name_of(one) == name_of(other)) is (one == other)
    assert all(letter.isascii() and (letter.isalnum() or letter == "_") for letter in name_of(one))


def test_a_cancelled_invoice_keeps_its_external_id() -> None:
    first = name_of("a:b:1:0")
    assert next_name("a:b:1:0", []) == first
    assert next_name("a:b:1:0", [first]) == f"{first}__2"
    # The first was deleted and took its id along; the second still has its own.
    assert next_name("a:b:1:0", [f"{first}__2"]) == f"{first}__3"
    assert next_name("a:b:1:0", ["another", f"{first}__x"]) == first


@pytest.mark.parametrize(
    ("closed", "open_day"),
    [(None, date(2026, 10, 31)), (date(2026, 10, 30), date(2026, 10, 31)), (date(2026, 10, 31), date(2026, 11, 1))],
)
def test_the_first_open_day_comes_after_the_lock(closed: date | None, open_day: date) -> None:
    assert first_day_after(closed, date(2026, 10, 31)) == open_day
