"""python -m services.ledger_dashboard: the dashboard, with its settings from the environment."""

import sys

from services.ledger_dashboard.app import DashboardServiceSettings, run
from shared.settings import SettingsError, load

if __name__ == "__main__":
    try:
        settings = load(DashboardServiceSettings)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - before any log is configured
        sys.exit(2)
    run(settings)
