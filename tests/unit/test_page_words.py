"""What pages say of records, of mappings and of what was just done."""

from dataclasses import replace

import pytest

from services.ledger_dashboard.presentation.mapping import differences as mapping_differences
from services.ledger_dashboard.presentation.rights import (
    LEVEL_WORDS,
    PROBLEM_WORDS,
    differences,
    is_only_younger,
    rights,
)
from services.ledger_dashboard.presentation.told import address_after, tally, told
from shared.approvers.record import ToolLevel
from shared.approvers.rule import ApproverProblem
from shared.connections.mappings import Mapping, MappingKind
from tests.support.cast import NOW, RECORD_OF_ADA


def test_every_level_and_problem_has_words():
    assert set(LEVEL_WORDS) == set(ToolLevel)
    assert set(PROBLEM_WORDS) == set(ApproverProblem)


def test_a_first_record_tells_all_that_it_says():
    assert [(label, now) for label, _, now in differences(None, RECORD_OF_ADA)] == list(rights(RECORD_OF_ADA).items())


def test_a_change_tells_what_was_and_is():
    after = replace(RECORD_OF_ADA, erp_integrations_level=ToolLevel.READ_ONLY, can_export_owner_invoices=False)
    assert list(differences(RECORD_OF_ADA, after)) == [
        ("ERP Integrations", "Standard", "Read Only"),
        ("Can Export? (owner invoices)", "not recorded", "no"),
    ]


@pytest.mark.parametrize(("changes", "is_younger"), [({"recorded_at": NOW}, True), ({"active": False}, False)])
def test_the_same_looked_up_later_is_only_younger(changes, is_younger):
    after = replace(RECORD_OF_ADA, **changes, source="Report of May")
    assert is_only_younger(differences(RECORD_OF_ADA, after)) is is_younger


def test_a_mapping_tells_what_was_and_is():
    before = Mapping(kind=MappingKind.JOB, procore_id="91835", erp_id="J1", note="old")
    after = Mapping(kind=MappingKind.JOB, procore_id="91835", erp_id="J2")
    assert list(mapping_differences(before, after)) == [("ERP id", "J1", "J2"), ("Note", "old", "")]
    assert ("Procore id", "", "91835") in list(mapping_differences(None, after))


def test_an_import_is_told_by_its_counts():
    address = address_after("/approvers", "imported", tally({"added": ["1", "2"], "changed": [], "unchanged": ["3"]}))
    assert address == "/approvers?done=imported&added=2&unchanged=1"
    assert told({"done": "imported", "added": "2", "unchanged": "1"}) == {
        "kind": "",
        "text": "Imported: 2 added, 1 unchanged.",
    }


@pytest.mark.parametrize(
    "query", [{}, {"done": "<b>"}, {"done": ""}, {"added": "2"}, {"done": "Your account was closed"}]
)
def test_an_address_makes_no_page_say_anything_else(query):
    assert told(query) is None


@pytest.mark.parametrize("count", ["-1", "1e9", "٣", "<b>", "12345678", ""])
def test_a_count_in_an_address_is_a_short_number(count):
    assert told({"done": "imported", "added": count}) == {"kind": "", "text": "Imported: nothing."}
