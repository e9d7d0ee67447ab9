import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.approvers.record import ApproverRecord, ToolLevel

RECORDED_AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


def a_record(**changes) -> ApproverRecord:
    values = {
        "company_id": "4907",
        "user_id": "160586",
        "name": "Ada Lovelace",
        "email": "ada@harbor.example",
        "erp_integrations_level": ToolLevel.ADMIN,
        "can_push_to_accounting": True,
        "can_export_owner_invoices": None,
        "active": True,
        "recorded_at": RECORDED_AT,
        "recorded_by": "ben@ironside.example",
        "source": "accountant report",
    }
    return ApproverRecord(**values | changes)


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("Read Only", "read_only"),
        ("Read-Only", "read_only"),
        ("readonly", "read_only"),
        ("READ_ONLY", "read_only"),
        ("read\u2011only", "read_only"),
        ("\u00a0Read  only\t", "read_only"),
        ("STANDARD ", "standard"),
        ("Admin", "admin"),
        ("None", "none"),
    ],
)
def test_spelling_variants_of_a_level_are_read(word, level):
    assert ToolLevel.parse(word) == level


@pytest.mark.parametrize("word", ["", " ", "-", "Administrator", "full", "3", "standard admin", "n/a"])
def test_an_unknown_level_is_refused(word):
    with pytest.raises(ValueError, match="none, read_only, standard, admin"):
        ToolLevel.parse(word)


def test_evidence_is_json_that_names_no_person():
    evidence = json.dumps(a_record().evidence())
    assert json.loads(evidence) == {
        "company_id": "4907",
        "user_id": "160586",
        "erp_integrations_level": "admin",
        "can_push_to_accounting": True,
        "can_export_owner_invoices": None,
        "active": True,
        "recorded_at": "2026-03-01T08:30:00+00:00",
        "source": "accountant report",
    }


@pytest.mark.parametrize(
    "moment", [RECORDED_AT.replace(tzinfo=None), RECORDED_AT.astimezone(timezone(timedelta(hours=2)))]
)
def test_a_time_outside_utc_is_refused(moment):
    with pytest.raises(ValueError, match="UTC"):
        a_record(recorded_at=moment)


def test_a_source_may_not_hold_an_address():
    with pytest.raises(ValueError, match="ledger"):
        a_record(source="mail of ada@harbor.example")
