"""Each row of the decision table, and which row wins."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.export_worker.core.billing import make_document
from services.export_worker.core.decision import decide
from services.export_worker.core.decisions import Hold, Keep
from services.export_worker.core.fields import Problem
from services.export_worker.core.terms import Terms
from services.export_worker.core.view import Unreadable
from shared.ledger.words import Closing, Reason
from tests.support.builders import (
    CAPABILITIES,
    SECOND,
    TERMS,
    a_billing,
    a_document,
    a_found,
    a_look,
    a_predecessor,
    a_snapshot,
    a_standing,
    a_state,
    a_view,
    closed,
    deferred,
    held,
    opened,
    received,
)
from tests.support.cast import ADA, BEN, NOW, SERVICE, rights
from tests.unit.core.decision_cases import (
    CASES,
    LATER,
    NEXT,
    OPEN,
    RETRYING,
    UNKNOWN,
    UNREADABLE_LOOK,
    found,
    handed_over,
    told,
)


@pytest.mark.parametrize("name", CASES)
def test_each_row_of_the_table_decides(name):
    view, expected = CASES[name]
    assert told(decide(view)) == expected


def test_every_row_has_a_case():
    assert {expected[1] for _, expected in CASES.values()} == set(range(1, 23))


# Each view fits all the rows named; the first of them decides.
TROUBLES = {
    9: {"terms": replace(TERMS, start_from=date(2027, 1, 1), mode="rehearse")},
    12: {"capabilities": replace(CAPABILITIES, exports_owner_invoices=False)},
    13: {"seen": a_snapshot(origin_id="SAGE-1")},
    14: {"rights": rights(now=NOW + timedelta(days=99))},
    15: {"document": (Problem(Reason.CURRENCY, "€"),)},
    16: {"predecessor": a_predecessor(is_satisfied=False, line_6=a_standing().line_6)},
    20: {"is_paused": True},
    21: {"terms": replace(TERMS, mode="rehearse")},
}


def test_the_earlier_row_always_wins():
    rows = sorted(TROUBLES)
    for first, row in enumerate(rows):
        changes = {}
        for later in reversed(rows[first:]):
            changes |= TROUBLES[later]
        assert decide(a_view(**changes)).row == row


def test_of_all_that_is_wrong_with_the_approver_everything_is_said():
    decision = decide(a_view(state=a_state(received(BEN)), rights=rights(now=NOW + timedelta(days=99))))
    assert told(decision)[2:] == (Reason.APPROVER_RECORD_STALE, Reason.APPROVER_LACKS_PRIVILEGE)
    assert decision.findings[0].detail == f"Procore user {BEN}"


def test_nobody_is_called_nobody():
    assert decide(a_view(state=a_state(received(SERVICE)))).findings[0].detail == "Procore user nobody"


def test_who_waits_says_for_whom():
    decision = decide(a_view(predecessor=a_predecessor(is_satisfied=False)))
    assert (decision.waits_for, decision.findings[0].detail) == ("7700123", "waits for invoice 1")


def test_a_rehearsal_shows_what_would_be_sent():
    decision = decide(a_view(terms=replace(TERMS, mode="rehearse")))
    assert decision.document == a_document()


def test_waits_end_when_they_should():
    assert decide(a_view(state=OPEN, lease_until=LATER)).until == LATER
    assert decide(a_view(state=UNKNOWN, absence_proven_at=LATER, look_up=found())).until == LATER
    assert decide(a_view(state=handed_over(LATER))).until == LATER
    assert decide(a_view(state=handed_over())).until is None
    assert decide(a_view(state=handed_over(NOW), look_up=found())).until > NOW
    assert decide(a_view(circuit_open_until=LATER)).until == LATER
    assert decide(a_view(state=RETRYING)).until == LATER


def test_each_unreadable_look_waits_longer():
    once = a_state(deferred(Reason.INVOICE_UNREADABLE, look=UNREADABLE_LOOK))
    waits = [decide(a_view(seen=Unreadable("404"), state=state)).until - NOW for state in (a_state(), once)]
    assert waits == [5 * SECOND, 10 * SECOND]


def test_a_difference_in_totals_shows_both():
    decision = decide(a_view(state=UNKNOWN, look_up=found(a_found(NEXT))))
    assert decision.findings[0].detail == "ours 15400.00, in the ERP 12975.00"


def test_totals_that_differ_only_in_their_parts_differ():
    parts = a_document().totals
    mixed = parts.model_copy(update={"gross": parts.gross + 1, "retainage_held": parts.retainage_held + 1})
    decision = decide(a_view(state=UNKNOWN, look_up=found(a_found(totals=mixed))))
    assert decision.findings[0].detail == (
        "ours 15400.00, in the ERP 15400.00, in other parts of gross, retainage and tax"
    )


def test_totals_that_nobody_kept_are_not_compared():
    without = a_state(opened(), closed(Closing.DONE, standing=a_standing(totals=None)))
    assert decide(a_view(state=without)) == Keep(6)
    adopted = a_state(held(Reason.CURRENCY, look=a_look()))
    confirmed = adopted.model_copy(update={"standing": a_standing()})
    assert decide(a_view(state=confirmed)).row == 6


def test_a_document_that_is_missing_is_our_own_fault():
    with pytest.raises(TypeError, match="comes with its document"):
        decide(a_view(document=None))


def test_terms_name_the_reference_once():
    assert Terms(connection="a", company_id="b").reference_key("c") == "a:b:c"


def test_problems_are_told_in_the_order_of_mending():
    view = a_view(a_snapshot(invoice_number=None, formatted_contract_company="Nobody"))
    assert view.document == make_document(a_billing(view.snapshot))
    assert told(decide(view)) == (Hold, 15, Reason.MISSING_FIELD, Reason.MISSING_MAPPING)
    assert ADA in decide(a_view(state=a_state(received(ADA), received(BEN)))).findings[0].detail
