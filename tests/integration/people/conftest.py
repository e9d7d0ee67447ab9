"""Fixtures: the guard by itself, in front of a real database with the dashboard's own rights."""

import pytest

from services.ledger_dashboard.people.reception import Reception
from tests.support.people import dashboard_settings, guarded_app


@pytest.fixture
def reception(dashboard_engine):
    return Reception(dashboard_engine, dashboard_settings())


@pytest.fixture
def app(reception):
    return guarded_app(reception)
