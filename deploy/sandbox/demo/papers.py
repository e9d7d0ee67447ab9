"""The files that a newcomer would write by hand: connections, approvers and mappings.

`python -m deploy.sandbox.demo.papers` writes CONNECTIONS_FILE: a step of the stack's start, once ERP_URL is known.
"""

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from deploy.sandbox.demo.cast import (
    CONNECTIONS,
    OWNERS,
    PROJECTS,
    START,
    Company,
    Connection,
    Owner,
    Person,
    Project,
    record_date,
)
from deploy.sandbox.demo.erps import ERPS

APPROVER_COLUMNS = (
    "company_id",
    "user_id",
    "name",
    "email",
    "erp_integrations_level",
    "can_push_to_accounting",
    "can_export_owner_invoices",
    "active",
    "recorded_at",
    "source",
)
MAPPING_COLUMNS = ("connection", "kind", "procore_id", "procore_name", "erp_id", "note")
# The ERP here answers in milliseconds, so what takes longer may be given up early; and its limits are not this subject.
CONNECT_SECONDS, READ_SECONDS, SETTLES_AFTER_SECONDS = 1, 2, 3.5
REQUESTS_PER_MINUTE = 6000

Row = tuple[object, ...]


def connections_text(environment: Mapping[str, str]) -> str:
    """The connections file; secrets of the other ERPs are put beside it."""
    tables = [_connection(connection, environment["ERP_URL"]) for connection in CONNECTIONS]
    return "\n".join([*tables, *(erp.table(environment) for erp in ERPS)])


def approver_rows(company: Company, people: Iterable[Person]) -> list[Row]:
    """Rows of an approvers CSV, its header first; people without a record are left out."""
    rows: list[Row] = [
        (
            company.id,
            person.user_id(company.id),
            person.name,
            f"{person.key}@example.com",
            person.level,
            "yes" if person.can_push else "no",
            person.can_export_owner_invoices,
            "true" if person.is_active else "false",
            record_date(person).isoformat() if person.days_old else "",
            "permission report",
        )
        for person in people
        if person.days_old is not None
    ]
    return [APPROVER_COLUMNS, *rows]


def mapping_rows(connection: str, owners: Iterable[Owner], projects: Iterable[Project]) -> list[Row]:
    """Rows of a mappings CSV, its header first."""
    customers: list[Row] = [(connection, "customer", "", owner.name, owner.customer, "") for owner in owners]
    jobs: list[Row] = [(connection, "job", project.id, project.name, project.job, "") for project in projects]
    return [MAPPING_COLUMNS, *customers, *jobs]


def all_mapping_rows() -> list[Row]:
    """Every mapping that somebody has thought of before the month-end."""
    rows: list[Row] = [MAPPING_COLUMNS]
    for connection in CONNECTIONS:
        projects = [project for project in PROJECTS if project.serving == connection.name]
        owners = [owner for owner in OWNERS if owner.is_mapped and owner in {project.owner for project in projects}]
        rows += mapping_rows(connection.name, owners, projects)[1:]
    return [*rows, *(row for erp in ERPS for row in erp.mappings())]


def as_csv(rows: Sequence[Row]) -> str:
    """The file's text."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _connection(connection: Connection, erp_url: str) -> str:
    projects = f"project_ids = {connection.project_ids}\n" if connection.project_ids else ""
    times = (
        f"connect_timeout_seconds = {CONNECT_SECONDS}, read_timeout_seconds = {READ_SECONDS}, "
        f"settles_after_seconds = {SETTLES_AFTER_SECONDS}"
    )
    return f"""[[connection]]
name = "{connection.name}"
company_id = {connection.company.id}
{projects}adapter = "erp_sandbox"
mode = "{connection.mode}"
finish = "posted"
requests_per_minute = {REQUESTS_PER_MINUTE}
start_from = "{START}"
time_zone = "America/Denver"
{connection.terms}settings = {{ url = "{erp_url}", book = "{connection.book}", {times}{connection.settings} }}
secrets = {{ client_secret = "env:ERP_SANDBOX_SECRET" }}
"""


if __name__ == "__main__":
    Path(os.environ["CONNECTIONS_FILE"]).write_text(connections_text(os.environ), encoding="utf-8")
