"""A release above an amount takes two different people: every combination of who asks, for what."""

from decimal import Decimal
from itertools import product

import pytest

from services.export_worker.core.decisions import Keep
from services.export_worker.core.orders import Circumstances, judge_command
from services.export_worker.core.telling import Tried, foretold
from shared.events.command import Action, Command, OperatorRole
from shared.ledger import wording
from shared.ledger.entries import CommandRefused, Released, ReleaseRequested
from shared.ledger.fold import apply
from shared.ledger.words import Closing, Reason, Status
from tests.support.builders import a_look, a_snapshot, a_state, closed, held, opened, skipped
from tests.support.cast import ADA, COMPANY, DAN, NOW, PROJECT

LIMIT = Decimal(50_000)
CONTENT = a_snapshot().fingerprint
AMOUNTS = {
    "above": Decimal("50000.01"),
    "equal": LIMIT,
    "below": Decimal(1),
    "credit": Decimal(-50_001),
    "unknown": None,
}
NEEDS_TWO = {"above", "credit", "unknown"}
ADAS, DANS = "account:1", "account:2"
OTHER = "another content"


def a_release(by, user):
    return Command(
        nonce=f"{by}{user}",
        action=Action.RELEASE,
        export_id=1,
        company_id=COMPANY,
        project_id=PROJECT,
        by=by,
        role=OperatorRole.ACCOUNTING_APPROVER,
        why="checked",
        at=NOW,
        user_id=user,
    )


def requested(fingerprint=CONTENT):
    return ReleaseRequested(nonce="1", by=ADAS, why="checked", user_id=ADA, fingerprint=fingerprint)


def a_held(amount="above", *bodies):
    look = a_look(amount=AMOUNTS[amount])
    return a_state(held(Reason.APPROVER_UNKNOWN, look=look), *bodies)


def judged(state, by=DANS, user=DAN, *, above=LIMIT, changed_by=()):
    circumstances = Circumstances(state=state, second_person_above=above, changed_by=changed_by)
    return judge_command(a_release(by, user), circumstances)


@pytest.mark.parametrize(
    ("amount", "first", "by", "user"),
    list(product(AMOUNTS, (None, CONTENT, OTHER), (ADAS, DANS), (ADA, DAN))),
)
def test_who_may_release_what_with_whom(amount, first, by, user):
    body = judged(a_held(amount, *([requested(first)] if first else [])), by, user)
    if amount not in NEEDS_TWO:
        assert isinstance(body, Released)
        assert body.with_user_id is None
    elif first != CONTENT:
        assert isinstance(body, ReleaseRequested)
        assert (body.by, body.user_id, body.fingerprint) == (by, user, CONTENT)
    elif by == DANS and user == DAN:
        assert isinstance(body, Released)
        assert (body.user_id, body.with_user_id) == (DAN, ADA)
    else:
        assert isinstance(body, CommandRefused)
        assert body.refusal == "it takes two: another person with another Procore user id has to release it too"


@pytest.mark.parametrize("amount", AMOUNTS)
def test_without_the_setting_one_person_is_enough(amount):
    assert isinstance(judged(a_held(amount), above=None), Released)
    assert isinstance(judged(a_held(amount, requested()), ADAS, ADA, above=None), Released)


@pytest.mark.parametrize("changer", [ADA, ADAS, DAN, DANS])
def test_nobody_makes_the_others_record(changer):
    assert isinstance(judged(a_held("above", requested()), changed_by={changer}), CommandRefused)
    assert isinstance(judged(a_held("above", requested()), changed_by={"account:9"}), Released)


@pytest.mark.parametrize(
    "before",
    [
        a_held(),
        a_state(skipped(look=a_look(seen="draft"))),
        a_state(opened(), closed(Closing.UNAVAILABLE, Reason.RETRY_LATER)),
        a_state(opened(), closed(Closing.REFUSED, Reason.TOO_LONG)),
    ],
)
def test_a_request_leaves_the_status_and_its_reasons(before):
    after = apply(before, requested(), NOW)
    assert (after.status, after.findings, after.due_at) == (before.status, before.findings, before.due_at)
    assert after.release is None
    assert after.release_request.user_id == ADA


def test_the_second_release_uses_up_the_request():
    state = a_held("above", requested())
    after = apply(state, judged(state), NOW)
    assert (after.status, after.release_request) == (Status.WAITING, None)
    assert after.release.users == (ADA, DAN)


@pytest.mark.parametrize("look", [a_look(fingerprint=OTHER), a_look(seen="draft"), a_look(seen="revise_and_resubmit")])
def test_another_content_voids_the_request(look):
    state = apply(a_held("above", requested()), held(Reason.CHANGED_AFTER_APPROVAL, look=look), NOW)
    assert state.release_request is None


def test_the_same_content_keeps_the_request():
    state = apply(a_held("above", requested()), held(Reason.APPROVER_UNKNOWN, look=a_look()), NOW)
    assert state.release_request is not None


def test_a_request_is_told_to_people():
    state = a_held("above", requested())
    assert list(wording.awaited(a_held())) == []
    [line] = wording.awaited(state)
    assert line.startswith(f"Procore user {ADA} released it; for this amount another")
    assert wording.particulars(requested()) == f"by {ADAS} for Procore user {ADA}, the first of two: checked"
    assert wording.particulars(judged(state)) == f"by {DANS} for Procore user {DAN}, after Procore user {ADA}: checked"
    assert foretold(Tried(requested(), Keep(6))).text[0].startswith("It would be the first of two releases")
