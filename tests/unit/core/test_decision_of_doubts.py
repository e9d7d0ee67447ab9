"""What becomes of an exported invoice that a tie-out doubts: only a look-up under the claim decides."""

from dataclasses import replace

import pytest

from services.export_worker.core.decision import decide
from services.export_worker.core.decisions import AskErp, Confirm, Hold, Leave, Send
from shared.ledger.entries import Finding, ReplayAccepted, ResolvedByHand, TieOutFound
from shared.ledger.fold import apply
from shared.ledger.words import Reason, Status
from tests.support.builders import a_found, a_view, held
from tests.support.cast import NOW
from tests.unit.core.decision_cases import BLIND, DONE, DRAFT, DRAFTED, LATER, LOST, MINE, NEXT, WHO, found, told

DOUBTED = apply(DONE, TieOutFound(finding=Finding(reason=Reason.CANCELLED_IN_ERP)), NOW)
HELD = apply(DOUBTED, held(Reason.CHANGED_IN_ERP), NOW)

CASES = {
    "2 a tie-out doubts it": (a_view(state=DOUBTED), (AskErp, 2)),
    "2 doubted too soon after the last call": (
        a_view(state=DOUBTED, absence_proven_at=LATER, look_up=found()),
        (Leave, 2),
    ),
    "2 doubted, and nobody can look": (a_view(state=DOUBTED, capabilities=BLIND), (Confirm, 6)),
    "2 doubted and held, asked again": (a_view(state=HELD), (AskErp, 2)),
    "6 doubted, and it stands": (a_view(state=DOUBTED, look_up=found(MINE)), (Confirm, 6)),
    "6 doubted, held, and mended": (a_view(state=HELD, look_up=found(MINE)), (Confirm, 6)),
    "6 doubted, held, replayed under a new number": (
        a_view(state=apply(HELD, ReplayAccepted(**WHO), NOW), look_up=found(replace(MINE, number="AR-9"))),
        (Confirm, 6),
    ),
    "7 doubted and gone": (a_view(state=DOUBTED, look_up=found()), (Hold, 7, Reason.CANCELLED_IN_ERP)),
    "7 doubted and cancelled": (
        a_view(state=DOUBTED, look_up=found(replace(MINE, cancelled=True))),
        (Hold, 7, Reason.CANCELLED_IN_ERP),
    ),
    "7 doubted and cancelled, replayed": (
        a_view(state=apply(HELD, ReplayAccepted(**WHO), NOW), look_up=found()),
        (Hold, 7, Reason.CANCELLED_IN_ERP),
    ),
    "7 doubted and cancelled, and withdrawn": (
        a_view(DRAFT, state=DOUBTED, look_up=found()),
        (Hold, 7, Reason.CANCELLED_IN_ERP),
    ),
    "7 doubted and there twice": (
        a_view(state=DOUBTED, look_up=found(MINE, replace(DRAFTED, ref="R-2"))),
        (Hold, 7, Reason.FOUND_SEVERAL),
    ),
    "7 doubted and a draft again": (
        a_view(state=DOUBTED, look_up=found(DRAFTED)),
        (Hold, 7, Reason.CHANGED_IN_ERP),
    ),
    "7 doubted and numbered anew": (
        a_view(state=DOUBTED, look_up=found(replace(MINE, number="AR-9"))),
        (Hold, 7, Reason.CHANGED_IN_ERP),
    ),
    "7 doubted, and only its id shows it": (
        a_view(state=DOUBTED, look_up=found(LOST)),
        (Hold, 7, Reason.CHANGED_IN_ERP),
    ),
    "7 doubted, and other totals": (
        a_view(state=DOUBTED, look_up=found(a_found(NEXT))),
        (Hold, 7, Reason.TOTALS_DIFFER),
    ),
    "22 doubted, held, replayed afresh": (
        a_view(state=apply(HELD, ReplayAccepted(**WHO, afresh=True), NOW)),
        (Send, 22),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_doubt_is_decided_by_what_stands(name):
    view, expected = CASES[name]
    assert told(decide(view)) == expected


def test_a_doubt_changes_no_status_by_itself():
    assert (DOUBTED.status, DOUBTED.standing, DOUBTED.is_doubted) == (Status.EXPORTED, DONE.standing, True)


def test_a_person_who_resolves_ends_the_doubt():
    assert HELD.is_doubted
    assert not apply(HELD, ResolvedByHand(**WHO, dismissed=True), NOW).is_doubted
    assert not apply(HELD, ResolvedByHand(**WHO, dismissed=False, erp_number="AR-9"), NOW).is_doubted
