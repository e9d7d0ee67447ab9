"""docs/settings.md and docs/connections.md name every setting, with its default and whoever reads it."""

import re
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from services.export_worker.erp.catalog import ADAPTERS
from services.export_worker.erp.sandbox.settings import SandboxSettings
from services.export_worker.worker import WorkerServiceSettings
from services.ledger_dashboard.settings import AlertSettings, DashboardSettings
from services.webhook_receiver.app import ReceiverSettings
from shared import settings
from shared.approvers import csv_file
from shared.connections import mapping_csv
from shared.connections.catalog import load_catalog
from shared.connections.connection import AccountingDate, Connection, Finish, LineDetail, Mode, VerifyApprover
from shared.connections.mappings import MappingKind
from shared.environment import Settings
from shared.settings import HookSettings, LogSettings, TelemetrySettings
from tests.architecture.documents import ROOT

SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
CONNECTIONS = (ROOT / "docs" / "connections.md").read_text(encoding="utf-8")
# The command line adds logs and traces when it starts the worker.
SERVICES: dict[str, tuple[type[Settings], ...]] = {
    "receiver": (ReceiverSettings,),
    "worker": (WorkerServiceSettings, LogSettings, TelemetrySettings),
    "dashboard": (DashboardSettings, AlertSettings),
}
COMMAND_LINE: dict[str, tuple[type[Settings], ...]] = {"command line": (HookSettings,)}
Fields = dict[str, FieldInfo]


def test_every_environment_variable_is_documented() -> None:
    declared = [one for one in vars(settings).values() if isinstance(one, type) and issubclass(one, Settings)]
    names = {name.upper() for one in declared for name in one.model_fields}
    assert {row[0] for row in settings_rows()} == names


def test_every_variable_tells_who_reads_it() -> None:
    told = {name: set(readers.split(", ")) - {"command line"} for name, _, _, readers in settings_rows()}
    assert told == {name: readers_of(name.lower()) for name in told}


def test_every_variable_tells_its_default() -> None:
    told = {name: default for name, _, default, _ in settings_rows()}
    assert told == {name: default_of_setting(name.lower()) for name in told}


def test_secrets_are_marked_as_such() -> None:
    marked = set(re.findall(r"^\| `(\w+)` \(secret\) \|", SETTINGS, flags=re.MULTILINE))
    assert marked == {name.upper() for fields in every_service() for name, field in fields.items() if is_secret(field)}


def test_every_key_of_a_connection_is_documented() -> None:
    told = table("The connections file")
    assert told == {name: shown(field) for name, field in Connection.model_fields.items()}


def test_every_choice_of_a_connection_is_documented() -> None:
    rows = {name: text for name, text, _ in rows_below("The connections file")}
    for key, choices in {
        "mode": Mode,
        "finish": Finish,
        "accounting_date": AccountingDate,
        "lines": LineDetail,
    }.items():
        assert set(choices) <= set(re.findall(r"`(\w+)`", rows[key])), key


def test_every_column_of_the_csv_files_is_documented() -> None:
    approvers, mappings = rows_below("Approvers CSV"), rows_below("Mappings CSV")
    assert tuple(row[0] for row in approvers) == csv_file.COLUMNS
    assert tuple(row[0] for row in mappings) == mapping_csv.COLUMNS
    assert {row[0] for row in approvers if row[2] == "refused"} == set(csv_file.REQUIRED)
    assert {row[0] for row in mappings if row[2] == "refused"} | {"erp_id"} == set(mapping_csv.REQUIRED)
    assert all(kind in CONNECTIONS for kind in MappingKind)


def test_the_example_of_a_connection_is_accepted(tmp_path: Path) -> None:
    example = re.findall(r"^```toml\n(.*?)^```", CONNECTIONS, flags=re.MULTILINE | re.DOTALL)[0]
    file = tmp_path / "connections.toml"
    file.write_text(example, encoding="utf-8")
    [connection] = load_catalog(file, adapters=ADAPTERS).connections
    assert connection.mode is Mode.LIVE
    SandboxSettings.model_validate(connection.settings)


def settings_rows() -> list[tuple[str, str, str, str]]:
    return re.findall(r"^\| `(\w+)`(?: \(secret\))? \| (.+?) \| (.+?) \| (.+?) \|$", SETTINGS, flags=re.MULTILINE)


def rows_below(heading: str) -> list[tuple[str, str, str]]:
    section = re.split(r"^#+ ", CONNECTIONS.partition(f"# {heading}\n")[2], flags=re.MULTILINE)[0]
    return re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", section, flags=re.MULTILINE)


def table(heading: str) -> dict[str, str]:
    """Key -> default."""
    return {name: default.strip("`") for name, _, default in rows_below(heading)}


def every_service() -> list[Fields]:
    return [one.model_fields for classes in SERVICES.values() for one in classes]


def readers_of(field: str) -> set[str]:
    return {name for name, classes in SERVICES.items() if any(field in one.model_fields for one in classes)}


def default_of_setting(field: str) -> str:
    defaults = {
        service: quoted(one.model_fields[field])
        for service, classes in (SERVICES | COMMAND_LINE).items()
        for one in classes
        if field in one.model_fields
    }
    if len(set(defaults.values())) == 1:
        return next(iter(defaults.values()))
    return ", ".join(f"{default} {service}" for service, default in defaults.items())


def quoted(field: FieldInfo) -> str:
    text = shown(field)
    return text if text in {"required", "none", "empty"} else f"`{text}`"


def shown(field: FieldInfo) -> str:
    """A default as the tables write it."""
    if field.is_required():
        return "required"
    return in_words(field.get_default(call_default_factory=True))


def in_words(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case VerifyApprover():
            return value.when.value
        case frozenset() | dict() | tuple():
            return ", ".join(sorted(map(str, value))) or "empty"
        case _:
            return str(value)


def is_secret(field: FieldInfo) -> bool:
    return SecretStr.__name__ in str(field.annotation)
