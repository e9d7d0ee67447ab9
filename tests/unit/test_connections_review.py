"""What the command line can say of a connection without asking anybody."""

from datetime import date

import pytest

from services.cli.connections_review import SHOWN, mapping_checks, settings_checks, waiting_checks
from services.export_worker.core.capabilities import Capabilities, Step
from services.export_worker.core.outcomes import Unavailable
from services.export_worker.erp.adapter import Check, CheckResult, Choice
from shared.connections.connection import Connection
from shared.connections.mappings import Mapping, MappingKind, Mappings

PLAIN = {"name": "acme", "company_id": "1", "adapter": "x"}
OWNER = Mapping(kind=MappingKind.CUSTOMER, erp_id="C1", procore_name="Harbor")
CUSTOMERS = {MappingKind.CUSTOMER: [Choice("C1", "Harbor"), Choice("C2", "Alder")]}


def able(**changes) -> Capabilities:
    return Capabilities(**{"exports_owner_invoices": True, "steps": (Step.CREATE, Step.FINISH), **changes})


def of_settings(changes=None, **abilities) -> dict[str, Check]:
    connection = Connection.model_validate(PLAIN | (changes or {}))
    return {check.what: check for check in settings_checks(connection, able(**abilities))}


@pytest.mark.parametrize(
    ("changes", "abilities", "what", "seen"),
    [
        ({"finish": "draft"}, {"steps": (Step.CREATE,)}, "finish", "draft, and this ERP has no drafts"),
        (
            {"accounting_date": "first_open_day"},
            {"tells_open_days": False},
            "accounting date",
            "first_open_day, in UTC; this ERP does not tell its open days",
        ),
        ({}, {"exports_owner_invoices": False}, "owner invoices", "this ERP takes none"),
    ],
)
def test_what_the_erp_cannot_is_wrong(changes, abilities, what, seen):
    check = of_settings(changes, **abilities)[what]
    assert (check.result, check.seen) == (CheckResult.WRONG, seen)
    assert check.remedy


@pytest.mark.parametrize(
    ("changes", "abilities", "what"),
    [
        ({"finish": "posted"}, {"steps": (Step.CREATE,)}, "finish"),
        ({"finish": "draft"}, {}, "finish"),
        ({"accounting_date": "first_open_day"}, {"tells_open_days": True}, "accounting date"),
        ({"accounting_date": "today"}, {}, "accounting date"),
        ({"mode": "live", "start_from": date(2026, 1, 1)}, {}, "mode"),
        ({"start_from": date(2026, 1, 1)}, {}, "start"),
    ],
)
def test_what_fits_asks_for_nothing(changes, abilities, what):
    check = of_settings(changes, **abilities)[what]
    assert (check.result, check.remedy) == (CheckResult.OK, "")


@pytest.mark.parametrize(
    ("changes", "what"), [({}, "mode"), ({"mode": "paused"}, "mode"), ({}, "start"), ({"start_from": "all"}, "start")]
)
def test_what_is_worth_a_thought_is_a_warning(changes, what):
    check = of_settings(changes)[what]
    assert check.result is CheckResult.OK
    assert check.remedy


@pytest.mark.parametrize(
    ("mapped", "choices", "result"),
    [
        ((), CUSTOMERS, CheckResult.MISSING),
        ((OWNER,), CUSTOMERS, CheckResult.OK),
        ((OWNER,), {MappingKind.CUSTOMER: []}, CheckResult.WRONG),
        ((OWNER,), {MappingKind.CUSTOMER: None}, CheckResult.UNTOLD),
        ((OWNER,), {MappingKind.CUSTOMER: Unavailable("away")}, CheckResult.UNTOLD),
    ],
)
def test_mappings_are_compared_with_the_erps_list(mapped, choices, result):
    (check,) = mapping_checks("acme", Mappings(mapped), able(), choices)
    assert check.result is result


def test_a_needed_retainage_account_is_asked_for():
    needed = frozenset({"customer", "retainage_account"})
    *_, check = mapping_checks("acme", Mappings((OWNER,)), able(required_mappings=needed), CUSTOMERS)
    assert (check.what, check.result) == ("mappings: retainage_account", CheckResult.MISSING)


def test_an_absent_retainage_account_is_a_warning():
    *_, check = mapping_checks("acme", Mappings((OWNER,)), able(), CUSTOMERS, {"customer", "retainage_account"})
    assert (check.what, check.result, check.seen) == ("mappings: retainage_account", CheckResult.OK, "none")
    assert check.remedy


def test_a_long_list_of_what_waits_ends_in_a_count():
    *shown, last = waiting_checks("acme", {f"cost code {number}": 3 for number in range(SHOWN + 4)})
    assert len(shown) == SHOWN
    assert last.seen == "4 more things without a mapping hold up exports"
