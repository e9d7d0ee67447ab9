from datetime import UTC, datetime
from typing import get_args

import pytest

from services.export_worker.core.decisions import AskErp, Confirm, Decision, Defer, Hold, Keep, Leave, Send, Skip
from services.export_worker.core.telling import PROSPECTS, Refusal, Tried, Unknown, foretold, told
from shared.ledger.entries import Finding, ReplayAccepted, ResolvedByHand
from shared.ledger.foretold import Foretold, Prospect
from shared.ledger.words import NEXT_STEP, Reason
from tests.support.builders import a_document, a_standing

WHO = {"nonce": "n", "by": "7", "why": "because"}
REPLAY = ReplayAccepted(**WHO)
AT = datetime(2026, 9, 30, 12, tzinfo=UTC)
PAUSED = Finding(reason=Reason.PAUSED)
UNMAPPED = Finding(reason=Reason.MISSING_MAPPING, detail="owner Harbor")
DECISIONS = [
    (Send(a_document(), 22), Prospect.SEND, ()),
    (Hold((UNMAPPED, UNMAPPED, PAUSED), 15), Prospect.HOLD, (Reason.MISSING_MAPPING, Reason.PAUSED)),
    (Defer((PAUSED,), AT, 20), Prospect.DEFER, (Reason.PAUSED,)),
    (Skip(PAUSED, 21), Prospect.SKIP, (Reason.PAUSED,)),
    (Confirm(a_standing(), 6), Prospect.CONFIRM, ()),
    (Keep(6), Prospect.KEEP, ()),
    (Leave(AT, 1), Prospect.LEAVE, ()),
    (AskErp(2), Prospect.ASK_ERP, ()),
]


def test_every_decision_has_its_word():
    assert set(PROSPECTS) == set(get_args(Decision))
    assert {*PROSPECTS.values(), Prospect.REFUSED, Prospect.UNKNOWN} == set(Prospect)


@pytest.mark.parametrize(("decision", "prospect", "reasons"), DECISIONS)
def test_a_decision_is_told_with_its_row_and_reasons(decision, prospect, reasons):
    answer = foretold(Tried(REPLAY, decision))
    assert (answer.decision, answer.row, answer.reasons) == (prospect, decision.row, reasons)
    assert told(decision) == [
        *(line if at == 0 else f"  {line}" for at, line in enumerate(answer.text)),
        f"(row {decision.row} of the decision table)",
    ]
    assert Foretold.model_validate(answer.model_dump(mode="json")) == answer


def test_what_would_be_sent_is_told_in_money():
    document = a_document()
    answer = foretold(Tried(REPLAY, Send(document, 22))).model_dump(mode="json")
    assert answer["amount"] == str(document.totals.receivable)
    assert (answer["currency"], answer["reference"]) == (document.currency, document.reference)


def test_a_rehearsal_tells_what_it_would_have_sent():
    document = a_document()
    answer = foretold(Tried(REPLAY, Skip(Finding(reason=Reason.REHEARSED), 21, document)))
    assert (answer.decision, answer.amount) == (Prospect.SKIP, document.totals.receivable)


def test_a_hold_says_what_to_do_next():
    answer = foretold(Tried(REPLAY, Hold((UNMAPPED,), 15)))
    assert answer.text[1] == f"missing_mapping: owner Harbor -> {NEXT_STEP[Reason.MISSING_MAPPING]}"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (ResolvedByHand(**WHO, dismissed=True), "It would be recorded as dismissed."),
        (
            ResolvedByHand(**WHO, dismissed=False, erp_number="AR-7"),
            "It would be recorded as exported by hand, as AR-7 in the ERP.",
        ),
    ],
)
def test_a_resolution_says_what_is_recorded(entry, said):
    assert foretold(Tried(entry, Keep(10))).text[0] == said


def test_a_refusal_and_an_outage_are_answers_too():
    assert foretold(Refusal("it is exported already")).text == ("It would be refused: it is exported already.",)
    assert foretold(Unknown("Nobody can tell now.")).decision is Prospect.UNKNOWN
