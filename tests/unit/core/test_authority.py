"""Who approved, and by what right. The rule for one person is tested beside its own module."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.export_worker.core.authority import candidates, judge_authority
from shared.approvers.record import ToolLevel
from shared.ledger.entries import Released
from shared.ledger.fold import apply
from shared.ledger.words import Reason
from tests.support.builders import SECOND, a_look, a_snapshot, a_state, held, received, skipped
from tests.support.cast import ADA, BEN, CLEO, DAN, MAX_AGE, NOW, RECORD_OF_ADA, SERVICE, rights
from tests.unit.core.strategies import recorded, states

CONTENT = a_snapshot().fingerprint
CHANGED = a_snapshot(invoice_number="HB-R").fingerprint
LATER = NOW + 9 * SECOND
SEEN = held(Reason.CURRENCY, look=a_look())


def problems(state, fingerprint=CONTENT, recorded=None, **changes):
    return judge_authority(state, a_look(fingerprint=fingerprint), replace(recorded or rights(), **changes)).problems


def approved_by(*users):
    """Approved with an event of each, and seen so."""
    return a_state(*(received(user) for user in users), SEEN)


def seen_changed(fingerprint=CHANGED):
    return held(Reason.CURRENCY, look=a_look(at=LATER, fingerprint=fingerprint))


def released_by(user, fingerprint=CONTENT):
    return Released(nonce="n", by="7", why="because", user_id=user, fingerprint=fingerprint)


def test_ada_may():
    assert problems(approved_by(ADA)) == ()


def test_ben_and_cleo_may_not_even_together():
    assert problems(approved_by(BEN)) == (Reason.APPROVER_LACKS_PRIVILEGE,)
    assert problems(approved_by(CLEO)) == (Reason.APPROVER_LACKS_TOOL_LEVEL,)
    assert problems(approved_by(BEN, CLEO)) == (
        Reason.APPROVER_AMBIGUOUS,
        Reason.APPROVER_LACKS_PRIVILEGE,
        Reason.APPROVER_LACKS_TOOL_LEVEL,
    )


def test_of_several_all_must_pass():
    assert problems(approved_by(ADA, DAN)) == ()
    assert problems(approved_by(ADA, BEN)) == (Reason.APPROVER_AMBIGUOUS, Reason.APPROVER_LACKS_PRIVILEGE)


def test_the_same_person_twice_is_not_ambiguous():
    assert problems(approved_by(BEN, BEN)) == (Reason.APPROVER_LACKS_PRIVILEGE,)


def test_before_the_first_look_the_events_tell():
    assert problems(a_state(received(ADA), received(DAN))) == ()
    assert problems(a_state(received(ADA), received(CLEO)))[0] is Reason.APPROVER_AMBIGUOUS


def test_nobody_and_service_users_are_nobody():
    assert problems(approved_by(None)) == (Reason.APPROVER_UNKNOWN,)
    assert problems(approved_by(SERVICE)) == (Reason.APPROVER_UNKNOWN,)


def test_a_service_user_takes_nothing_from_ada():
    assert problems(approved_by(SERVICE, ADA)) == ()


def test_a_service_user_with_every_right_is_nobody_still():
    everything = rights(replace(RECORD_OF_ADA, user_id=SERVICE))
    assert problems(approved_by(SERVICE), recorded=everything) == (Reason.APPROVER_UNKNOWN,)
    released = apply(approved_by(BEN), released_by(SERVICE), NOW)
    assert problems(released, recorded=everything) == (Reason.APPROVER_UNKNOWN,)
    changed = apply(apply(approved_by(ADA), received(SERVICE, at=LATER), NOW), seen_changed(), NOW)
    assert problems(changed, CHANGED, rights(RECORD_OF_ADA, replace(RECORD_OF_ADA, user_id=SERVICE))) == (
        Reason.CHANGED_AFTER_APPROVAL,
    )


def test_somebody_without_a_record_may_not():
    assert problems(approved_by("4711")) == (Reason.APPROVER_NOT_RECORDED,)


def test_a_record_turns_stale_between_two_judgements():
    just_in_time, too_late = (rights(now=RECORD_OF_ADA.recorded_at + MAX_AGE + late * SECOND) for late in (0, 1))
    assert problems(approved_by(ADA), recorded=just_in_time) == ()
    assert problems(approved_by(ADA), recorded=too_late) == (Reason.APPROVER_RECORD_STALE,)


def test_both_judgements_carry_their_evidence():
    authority = judge_authority(approved_by(ADA), a_look(), rights())
    assert (authority.users, authority.found_by, authority.judged_at) == ((ADA,), "events", NOW)
    assert authority.records == (RECORD_OF_ADA.evidence(),)
    assert "Ada" not in authority.model_dump_json()


def test_a_release_takes_over_for_its_content_only():
    state = apply(approved_by(BEN), released_by(ADA), NOW)
    authority = judge_authority(state, a_look(), rights())
    assert (authority.users, authority.found_by, authority.problems) == ((ADA,), "release", ())
    assert problems(state, CHANGED) == (Reason.APPROVER_LACKS_PRIVILEGE, Reason.CHANGED_AFTER_APPROVAL)


def test_the_releaser_needs_the_same_rights():
    assert problems(apply(approved_by(ADA), released_by(BEN), NOW)) == (Reason.APPROVER_LACKS_PRIVILEGE,)
    assert problems(apply(approved_by(ADA), released_by("4711"), NOW)) == (Reason.APPROVER_NOT_RECORDED,)


def test_a_change_needs_its_changers_right():
    assert problems(a_state(SEEN, received(DAN, at=LATER)), CHANGED) == ()
    assert problems(a_state(SEEN, received(BEN, at=LATER)), CHANGED) == (Reason.CHANGED_AFTER_APPROVAL,)
    assert problems(a_state(SEEN), CHANGED) == (Reason.CHANGED_AFTER_APPROVAL,)


def test_a_change_is_judged_the_same_once_it_was_seen():
    for changer in (DAN, BEN, None):
        before = a_state(SEEN, received(changer, at=LATER))
        assert problems(apply(before, seen_changed(), NOW), CHANGED) == problems(before, CHANGED)


def test_the_changer_is_named_beside_the_approver():
    authority = judge_authority(a_state(SEEN, received(DAN, at=LATER)), a_look(fingerprint=CHANGED), rights())
    assert authority.users == (ADA, DAN)
    assert len(authority.records) == 2


def test_an_unknown_change_is_not_covered_by_a_known_one():
    """Dan's change was seen; then somebody unknown changed it once more."""
    state = a_state(SEEN, received(DAN, at=LATER), seen_changed("between"))
    assert problems(state, "between") == ()
    assert problems(state, CHANGED) == (Reason.CHANGED_AFTER_APPROVAL,)
    assert problems(apply(state, seen_changed(), NOW), CHANGED) == (Reason.CHANGED_AFTER_APPROVAL,)


def test_content_that_was_changed_back_is_covered_again():
    state = a_state(SEEN, received(BEN, at=LATER), seen_changed(), seen_changed(CONTENT))
    assert problems(state) == ()


def test_events_after_an_approval_name_no_approver():
    assert problems(a_state(SEEN, received(BEN, at=LATER))) == ()


def test_the_late_event_of_an_approver_counts():
    nobody = a_state(received(None), held(Reason.APPROVER_UNKNOWN, look=a_look()))
    assert problems(nobody) == (Reason.APPROVER_UNKNOWN,)
    late = apply(nobody, received(ADA, at=NOW - SECOND), LATER)
    assert problems(late) == ()
    assert problems(apply(late, SEEN, LATER)) == ()


def test_a_late_event_may_also_spoil_an_approval():
    assert problems(a_state(SEEN, received(BEN, at=NOW)))[0] is Reason.APPROVER_AMBIGUOUS


def test_a_new_approval_starts_anew():
    state = a_state(SEEN, received(BEN, at=LATER), seen_changed(), skipped(look=a_look(seen="draft")))
    assert problems(apply(state, received(ADA), NOW), CHANGED) == ()
    assert problems(apply(state, received(BEN), NOW), CHANGED) == (Reason.APPROVER_LACKS_PRIVILEGE,)


def test_a_release_ends_with_the_approval():
    state = a_state(received(BEN), SEEN, released_by(ADA), skipped(), received(BEN))
    assert problems(state) == (Reason.APPROVER_LACKS_PRIVILEGE,)


def test_procores_own_list_overrules_an_unsigned_webhook():
    assert problems(approved_by(ADA), senders=frozenset({ADA})) == ()
    assert problems(approved_by(ADA), senders=frozenset({BEN})) == (Reason.APPROVER_UNVERIFIED,)
    released = apply(approved_by(BEN), released_by(ADA), NOW)
    assert problems(released, senders=frozenset()) == ()


def test_the_records_of_all_who_matter_are_asked_for():
    state = a_state(
        received(CLEO), SEEN, received(BEN, at=LATER), seen_changed(), released_by(DAN), received(ADA), received(None)
    )
    assert set(candidates(state)) == {ADA, BEN, CLEO, DAN}


@settings(deadline=None)
@given(states, recorded, st.sampled_from((CONTENT, CHANGED)))
def test_judging_asks_for_no_record_beyond_the_candidates(state, recorded, fingerprint):
    known = {user: recorded.records[user] for user in candidates(state) if user in recorded.records}
    authority = judge_authority(state, a_look(fingerprint=fingerprint), recorded)
    assert judge_authority(state, a_look(fingerprint=fingerprint), replace(recorded, records=known)) == authority
    assert set(authority.users) <= set(candidates(state))


@settings(deadline=None)
@given(states, st.sampled_from((CONTENT, CHANGED)))
def test_nobody_passes_without_level_and_privilege(state, fingerprint):
    """Law 4: the level alone and the privilege alone let nothing through, in any history."""
    ben_like = [replace(one, can_push_to_accounting=False) for one in rights().records.values()]
    cleo_like = [replace(one, erp_integrations_level=ToolLevel.READ_ONLY) for one in rights().records.values()]
    assert problems(state, fingerprint, rights(*ben_like))
    assert problems(state, fingerprint, rights(*cleo_like))
    assert problems(state, fingerprint, rights(now=NOW + MAX_AGE + timedelta(days=9)))


def released_by_two(first, second):
    body = Released(nonce="n", by="7", why="because", user_id=second, fingerprint=CONTENT, with_user_id=first)
    return apply(approved_by(BEN), body, NOW)


def test_two_who_release_are_both_judged():
    authority = judge_authority(released_by_two(ADA, DAN), a_look(), rights())
    assert (authority.users, authority.problems) == ((ADA, DAN), ())
    assert [record["user_id"] for record in authority.records] == [ADA, DAN]
    assert {ADA, DAN} <= set(candidates(released_by_two(ADA, DAN)))


@pytest.mark.parametrize(("first", "second"), [(BEN, DAN), (DAN, BEN)])
def test_one_of_two_without_the_right_holds_it(first, second):
    assert problems(released_by_two(first, second)) == (Reason.APPROVER_LACKS_PRIVILEGE,)


def test_two_without_rights_are_told_with_all_that_is_missing():
    assert problems(released_by_two(BEN, CLEO)) == (
        Reason.APPROVER_LACKS_PRIVILEGE,
        Reason.APPROVER_LACKS_TOOL_LEVEL,
    )


def test_a_service_user_is_no_second_person():
    everything = rights(RECORD_OF_ADA, replace(RECORD_OF_ADA, user_id=SERVICE))
    assert problems(released_by_two(SERVICE, ADA), recorded=everything) == (Reason.APPROVER_UNKNOWN,)
