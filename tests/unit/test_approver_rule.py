from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.approvers.record import ApproverRecord, ToolLevel
from shared.approvers.rule import ApproverProblem, judge

NOW = datetime(2026, 3, 31, 17, 0, tzinfo=UTC)
MAX_AGE = timedelta(days=30)
ADA = ApproverRecord(
    company_id="4907",
    user_id="160586",
    name="Ada",
    email="ada@harbor.example",
    erp_integrations_level=ToolLevel.STANDARD,
    can_push_to_accounting=True,
    can_export_owner_invoices=None,
    active=True,
    recorded_at=NOW - timedelta(days=1),
    recorded_by="cli:root",
    source="csv",
)
AGES = (timedelta(0), timedelta(days=30), timedelta(days=30, microseconds=1), timedelta(days=400))
CASES = tuple(product(ToolLevel, (True, False), (True, False), AGES, (True, False, None)))

records = st.builds(
    replace,
    st.just(ADA),
    erp_integrations_level=st.sampled_from(ToolLevel),
    can_push_to_accounting=st.booleans(),
    can_export_owner_invoices=st.sampled_from((True, False, None)),
    active=st.booleans(),
    recorded_at=st.timedeltas(timedelta(0), timedelta(days=90)).map(lambda age: NOW - age),
)


@pytest.mark.parametrize(("level", "push", "active", "age", "can_export"), CASES)
def test_every_combination_of_rights_is_judged(level, push, active, age, can_export):
    record = replace(
        ADA,
        erp_integrations_level=level,
        can_push_to_accounting=push,
        active=active,
        recorded_at=NOW - age,
        can_export_owner_invoices=can_export,
    )
    assert list(judge("160586", record, NOW, MAX_AGE)) == list(expected(level, push, active, age, can_export))


def expected(level: str, push: bool, active: bool, age: timedelta, can_export: bool | None) -> Iterator[str]:
    """The rule as words, without its enums: written from the page, not from the code."""
    yield from [] if active else ["approver_inactive"]
    yield from ["approver_record_stale"] if age.days * 86400 + age.microseconds / 1e6 > 30 * 86400 else []
    yield from {"none": ["approver_lacks_tool_level"], "read_only": ["approver_lacks_tool_level"]}.get(level, [])
    yield from {False: ["approver_lacks_privilege"], True: []}[push]
    yield from {False: ["approver_may_not_export_owner_invoices"]}.get(can_export, [])


def test_only_standard_or_admin_with_privilege_may_export():
    passing = {
        (str(level), push)
        for level, push in product(ToolLevel, (True, False))
        if not judge("160586", replace(ADA, erp_integrations_level=level, can_push_to_accounting=push), NOW, MAX_AGE)
    }
    assert passing == {("standard", True), ("admin", True)}


def test_nobody_recorded_is_a_problem_of_its_own():
    assert judge("160586", None, NOW, MAX_AGE) == (ApproverProblem.NOT_RECORDED,)


def test_the_record_of_somebody_else_counts_as_none():
    assert judge("999", ADA, NOW, MAX_AGE) == (ApproverProblem.NOT_RECORDED,)


@given(records)
def test_no_right_stands_in_for_another(record):
    may_export = not judge(record.user_id, record, NOW, MAX_AGE)
    has_all = (
        record.active,
        NOW - record.recorded_at <= MAX_AGE,
        record.erp_integrations_level in {"standard", "admin"},
        record.can_push_to_accounting,
        record.can_export_owner_invoices is not False,
    )
    assert may_export == all(has_all)


@given(records, st.data())
def test_more_rights_never_add_a_problem(record, data):
    levels = list(ToolLevel)
    level = data.draw(st.sampled_from(levels[levels.index(record.erp_integrations_level) :]))
    more = replace(
        record,
        erp_integrations_level=level,
        can_push_to_accounting=record.can_push_to_accounting or data.draw(st.booleans()),
        active=record.active or data.draw(st.booleans()),
        can_export_owner_invoices=data.draw(
            st.sampled_from((True, None, record.can_export_owner_invoices)),
        ),
        recorded_at=record.recorded_at + data.draw(st.timedeltas(timedelta(0), NOW - record.recorded_at)),
    )
    before = judge(record.user_id, record, NOW, MAX_AGE)
    assert set(judge(more.user_id, more, NOW, MAX_AGE)) <= set(before)


@given(records)
def test_problems_keep_the_order_of_the_enum(record):
    order = list(ApproverProblem)
    found = [order.index(problem) for problem in judge(record.user_id, record, NOW, MAX_AGE)]
    assert found == sorted(set(found))
