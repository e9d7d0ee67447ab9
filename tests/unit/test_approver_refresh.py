from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from shared.approvers.record import ApproverRecord, ToolLevel
from shared.approvers.refresh import changes, directory_users

ADA = ApproverRecord(
    company_id="4907",
    user_id="1",
    name="Ada",
    email="ada@harbor.example",
    erp_integrations_level=ToolLevel.STANDARD,
    can_push_to_accounting=True,
    can_export_owner_invoices=True,
    active=True,
    recorded_at=datetime(2026, 3, 1, tzinfo=UTC),
    recorded_by="cli:root",
    source="csv",
)


@dataclass(frozen=True)
class Person:
    id: str | int
    is_active: bool = True
    erp_integrated_accountant: bool | None = None


class PaperDirectory:
    async def users(self, company_id: str):
        for person in (Person(1), Person("2", is_active=False)):
            yield person


@pytest.mark.parametrize(
    ("person", "active", "privilege"),
    [
        (Person("1", is_active=False), False, True),
        (Person("1", erp_integrated_accountant=False), True, False),
        (None, False, True),
    ],
)
def test_a_lost_right_is_taken_over(person, active, privilege):
    ((before, after),) = changes([ADA], {"1": person} if person else {})
    assert before is ADA
    assert after == replace(ADA, active=active, can_push_to_accounting=privilege, source="procore_api")


def test_a_gained_right_is_taken_over_without_younger_date():
    left = replace(ADA, active=False, can_push_to_accounting=False)
    ((_, after),) = changes([left], {"1": Person("1", erp_integrated_accountant=True)})
    assert after == replace(ADA, source="procore_api")
    assert after.recorded_at == ADA.recorded_at


@pytest.mark.parametrize("privilege", [True, None])
def test_the_same_rights_are_no_change(privilege):
    assert list(changes([ADA], {"1": Person("1", erp_integrated_accountant=privilege)})) == []


async def test_the_directory_is_read_by_id():
    users = await directory_users(PaperDirectory(), "4907")
    assert list(users) == ["1", "2"]
