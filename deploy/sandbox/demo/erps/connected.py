"""What the demo asks of each ERP: a process, a connection, mappings, and its own list of what is posted."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from deploy.sandbox.demo.cast import MERIDIAN, PROJECTS, START, Project
from deploy.sandbox.local.services import Service

Environment = Mapping[str, str]
Row = tuple[object, ...]


@dataclass(frozen=True)
class Posted:
    """One receivable as the ERP's own list has it. `number` is the ERP's."""

    reference: str
    number: str
    receivable: Decimal


class ConnectedErp(Protocol):
    """One connection and what is behind it. `service` is None where no process of the stack is."""

    connection: str
    service: Service | None

    def table(self, environment: Environment) -> str:
        """Its part of the connections file; secrets are put into files beside it."""

    def mappings(self) -> list[Row]:
        """Rows of the mappings CSV: connection, kind, procore_id, procore_name, erp_id, note."""

    async def posted(self, environment: Environment, /) -> list[Posted]:
        """What stands there for good."""


def project_of(connection: str) -> Project:
    """The one that it serves."""
    return next(project for project in PROJECTS if project.connection == connection)


def sandbox_service(module: str, variable: str, port: int, *options: str) -> Service:
    """A stand-in of this repository, by its module."""
    name = module.replace("_", "-")
    command = [sys.executable, "-m", f"deploy.sandbox.{module}"]
    return Service(
        name,
        lambda chosen: [*command, "--port", str(chosen), *options],
        port=port,
        ready_path="/healthz",
        publishes=(variable,),
    )


def connection_table(
    erp: ConnectedErp, adapter: str, settings: Mapping[str, Any], secrets: Mapping[str, str], *more: str
) -> str:
    """As a newcomer would write it."""
    lines = [
        "[[connection]]",
        f'name = "{erp.connection}"',
        f"company_id = {MERIDIAN.id}",
        f"project_ids = [{project_of(erp.connection).id}]",
        f'adapter = "{adapter}"',
        'mode = "live"',
        'finish = "posted"',
        f'start_from = "{START}"',
        'time_zone = "America/Denver"',
        *more,
        f"settings = {inline(settings)}",
        f"secrets = {inline(secrets)}",
    ]
    return "\n".join(lines) + "\n"


def secret_file(environment: Environment, name: str, value: str) -> str:
    """A reference to a file that only we can read."""
    path = Path(environment["CONNECTIONS_FILE"]).with_name(f"{name}.secret")
    path.touch(mode=0o600)
    path.write_text(value, encoding="utf-8")
    return f"file:{path}"


def customer_and_job(erp: ConnectedErp, job: str | None = None) -> list[Row]:
    """Of the project that it serves."""
    project = project_of(erp.connection)
    rows: list[Row] = [(erp.connection, "customer", "", project.owner.name, project.owner.customer, "")]
    if job is not None:
        rows.append((erp.connection, "job", project.id, project.name, job, ""))
    return rows


def inline(table: Mapping[str, Any]) -> str:
    """An inline table of TOML."""
    return "{ " + ", ".join(f"{name} = {toml(value)}" for name, value in table.items()) + " }"


def toml(value: Any) -> str:
    """A list, a boolean, a number or a text."""
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else f'"{value}"'
