"""The fixtures that every test may ask for."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no finding: how long a draw takes says nothing about the code under test.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

pytest_plugins = [
    "tests.support.stack",
    "tests.support.database",
    "tests.support.own_parts",
    "tests.support.command_line",
    "tests.support.procore_sandbox",
    "tests.support.approved_site",
    "tests.support.tryton",
    "tests.support.erp_sandbox",
    "tests.support.people",
    "tests.support.raising_erp",
    "tests.support.pages",
]

# Each takes minutes in one piece: begun last, it would run on alone while the other processes are idle.
BEGUN_FIRST = (
    "contract/erp/test_unknown_outcomes.py",
    "acceptance/test_demo.py",
    "acceptance/test_chaos.py",
    "integration/test_tryton.py",
    "acceptance/test_crashes.py",
    "acceptance/test_dashboard.py",
    "acceptance/test_histories_of_erps.py",
    "acceptance/test_tie_outs.py",
    "acceptance/test_dashboard_browser.py",
)
HERE = Path(__file__).parent


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    first = {HERE / name: place for place, name in enumerate(BEGUN_FIRST)}
    items.sort(key=lambda item: first.get(item.path, len(first)))
