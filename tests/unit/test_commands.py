from datetime import UTC, datetime

import pytest
from pydantic import SecretStr, ValidationError

from shared.events.command import Action, Command, OperatorRole
from shared.events.webhook_event import InvalidRecord

KEY = SecretStr("a-signing-key-of-ours")
REPLAY = Command(
    nonce="5e0f",
    action=Action.REPLAY,
    export_id=7,
    company_id="4907",
    project_id="91835",
    by="cli:ada",
    role=OperatorRole.OPERATOR,
    why="the owner was mapped",
    at=datetime(2026, 9, 30, 12, tzinfo=UTC),
)


def test_a_signed_command_survives_the_journey():
    read = Command.from_bytes(REPLAY.signed(KEY).to_bytes())
    assert read.is_signed_with(KEY)
    assert read.model_copy(update={"signature": ""}) == REPLAY


def test_a_command_without_a_signature_is_not_ours():
    assert not REPLAY.is_signed_with(KEY)


def test_another_key_does_not_sign_for_us():
    assert not REPLAY.signed(SecretStr("a-key-of-somebody-else")).is_signed_with(KEY)


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": "5e10"},
        {"action": Action.RESOLVE},
        {"export_id": 8},
        {"company_id": "4908"},
        {"by": "cli:ben"},
        {"role": OperatorRole.ADMIN},
        {"why": "because"},
        {"at": datetime(2026, 9, 30, 13, tzinfo=UTC)},
        {"afresh": True},
        {"user_id": "1"},
        {"erp_number": "AR-1"},
        {"dismissed": True},
        {"version": 2},
        {"dry_run": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_is_changed_breaks_the_signature(change):
    assert not REPLAY.signed(KEY).model_copy(update=change).is_signed_with(KEY)


class Later(Command):
    """A version to come, with a field that this one does not know."""

    urgent: bool = False


def test_a_field_added_later_breaks_no_older_command():
    assert Later.from_bytes(REPLAY.signed(KEY).to_bytes()).is_signed_with(KEY)


def test_a_later_version_is_understood_while_it_says_nothing_new():
    assert Command.from_bytes(Later(**REPLAY.model_dump()).signed(KEY).to_bytes()).is_signed_with(KEY)


def test_a_value_that_this_version_does_not_know_fails():
    later = Later(**REPLAY.model_dump() | {"urgent": True}).signed(KEY)
    assert not Command.from_bytes(later.to_bytes()).is_signed_with(KEY)


def test_a_signature_with_odd_letters_is_only_wrong():
    assert not REPLAY.model_copy(update={"signature": "ü\u2028"}).is_signed_with(KEY)


def test_commands_of_one_project_share_a_key():
    assert REPLAY.kafka_key == REPLAY.model_copy(update={"export_id": 8}).kafka_key
    assert REPLAY.kafka_key == b"4907:91835"


@pytest.mark.parametrize("value", [None, b"", b"{}", b"[]", REPLAY.to_bytes().replace(b'"replay"', b'"erase"')])
def test_what_is_no_command_is_told_in_one_line(value):
    with pytest.raises(InvalidRecord) as refused:
        Command.from_bytes(value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_command_needs_an_aware_time():
    with pytest.raises(ValidationError):
        Command.model_validate(REPLAY.model_dump() | {"at": datetime(2026, 9, 30, 12)})  # noqa: DTZ001
