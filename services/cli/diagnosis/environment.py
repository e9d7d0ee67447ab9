"""The settings of each part, a line for each mistake."""

from collections.abc import Iterator
from typing import TypeVar

from services.cli.diagnosis.check import Check, attention, failed, ok
from services.ledger_dashboard.settings import DashboardSettings
from shared.settings import (
    DatabaseSettings,
    HookSettings,
    KafkaSettings,
    LogSettings,
    Settings,
    SettingsError,
    TelemetrySettings,
    WebhookSettings,
    WorkerSettings,
    load,
)

GROUPS: dict[str, type[Settings]] = {
    "database": DatabaseSettings,
    "kafka": KafkaSettings,
    "procore": HookSettings,
    "worker": WorkerSettings,
    "logs": LogSettings,
    "telemetry": TelemetrySettings,
}
ELSEWHERE: dict[str, type[Settings]] = {"receiver": WebhookSettings, "dashboard": DashboardSettings}

AnySettings = TypeVar("AnySettings", bound=Settings)


def settings_checks() -> Iterator[Check]:
    """What is only missing is no fault for a part that may run on another machine."""
    for name, group in (GROUPS | ELSEWHERE).items():
        mistakes = _mistakes(group)
        if not mistakes:
            yield ok(f"settings: {name}")
        for line in mistakes:
            if name in ELSEWHERE and " is missing: " in line:
                yield attention(f"settings: {name}", line, f"set it where the {name} runs")
            else:
                yield failed(f"settings: {name}", line, "set it in the environment")


def readable(cls: type[AnySettings]) -> AnySettings | None:
    """None when a mistake in them was told already."""
    try:
        return load(cls)
    except SettingsError:
        return None


def _mistakes(group: type[Settings]) -> list[str]:
    try:
        load(group)
    except SettingsError as error:
        return error.lines
    return []
