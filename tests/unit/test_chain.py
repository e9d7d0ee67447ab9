from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.ledger.chain import entry_hash, genesis

AT = datetime(2026, 9, 30, 12, tzinfo=UTC)
BODY = {"kind": "received", "event_id": "01J", "reason": "update", "user_id": None}
ENTRY = {"seq": 1, "kind": "received", "at": AT, "body": BODY}
FIRST = genesis(7, "4907", "5001")


def test_the_beginning_is_bound_to_the_export():
    assert genesis(7, "4907", "5001") == FIRST
    assert len({FIRST, genesis(8, "4907", "5001"), genesis(7, "4908", "5001"), genesis(7, "4907", "5002")}) == 4


def test_the_order_of_a_bodys_keys_does_not_matter():
    turned = dict(reversed(BODY.items()))
    assert entry_hash(FIRST, **ENTRY | {"body": turned}) == entry_hash(FIRST, **ENTRY)


def test_the_same_moment_elsewhere_has_the_same_hash():
    elsewhere = AT.astimezone(timezone(timedelta(hours=-5)))
    assert entry_hash(FIRST, **ENTRY | {"at": elsewhere}) == entry_hash(FIRST, **ENTRY)


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 2},
        {"kind": "held"},
        {"at": AT + timedelta(microseconds=1)},
        {"body": BODY | {"user_id": "2"}},
        {"body": BODY | {"more": ""}},
    ],
    ids=["seq", "kind", "at", "body", "key"],
)
def test_each_part_of_an_entry_counts(change):
    assert entry_hash(FIRST, **ENTRY | change) != entry_hash(FIRST, **ENTRY)


def test_the_entry_before_it_counts():
    assert entry_hash(genesis(8, "4907", "5001"), **ENTRY) != entry_hash(FIRST, **ENTRY)


def test_letters_beyond_ascii_are_hashed_as_they_are():
    one, other = (entry_hash(FIRST, **ENTRY | {"body": {"why": why}}) for why in ("zurück", "zuruck"))
    assert one != other
