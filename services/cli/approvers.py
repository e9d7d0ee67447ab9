"""`invoice-export approvers`: who may export, as recorded."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from services.cli.terminal import (
    NOT_DONE,
    AsJson,
    CsvFile,
    DryRun,
    cells,
    operator,
    refuse_file,
    report,
    run,
    settings,
    stop,
    transaction,
)
from shared.approvers import store
from shared.approvers.csv_file import read_approvers
from shared.approvers.record import ApproverRecord
from shared.approvers.refresh import NoApproverInDirectoryError, Refresh, directory_users, refresh
from shared.approvers.rule import judge
from shared.procore.client import ProcoreClient
from shared.procore.directory import Directory
from shared.procore.errors import ProcoreError
from shared.settings import ApproverRecordSettings, ProcoreSettings

app = typer.Typer(help="Who may export owner invoices: import, list, refresh.", no_args_is_help=True)

COUNTED = ("added", "changed", "refreshed", "unchanged", "older")


@app.command("import")
def import_file(file: CsvFile, dry_run: DryRun = False) -> None:
    """Take over an Approvers CSV: all of its rows, or none if one is wrong."""
    read = read_approvers(file.read_bytes(), now=datetime.now(UTC), recorded_by=operator())
    if read.problems:
        refuse_file(file, read.problems)
    saved = run(save_records(read.rows, dry_run=dry_run))
    report(vars(saved), COUNTED, "approver", dry_run=dry_run)
    if saved.older:
        typer.echo(f"Kept as they are, since what stands was recorded later: {', '.join(saved.older)}.")


@app.command("list")
def list_records(
    company: Annotated[str | None, typer.Option(help="Only this Procore company id.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is recorded now, and who of them may export."""
    records = run(current_records(company))
    max_age = timedelta(days=settings(ApproverRecordSettings).approver_record_max_age_days)
    rows = [described(record, max_age) for record in records]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table("Company", "User", "Name", "ERP Integrations", "Can push", "Recorded", "Source", "May export")
    for row in rows:
        verdict = "yes" if row["may_export"] else "no: " + ", ".join(row["problems"])
        push = "yes" if row["can_push_to_accounting"] else "no"
        table.add_row(
            *cells(row["company_id"], row["user_id"], row["name"], row["erp_integrations_level"], push),
            *cells(row["recorded_at"][:10], row["source"], verdict),
        )
    Console().print(table)


@app.command("refresh")
def refresh_records(
    company: Annotated[str, typer.Option(help="The Procore company id.")], dry_run: DryRun = False
) -> None:
    """Read from Procore's directory who is still active and still has the privilege.

    The tool level cannot be read there, so records do not become younger by this. That the directory's
    field erp_integrated_accountant is 'Can Push to Accounting' is inferred: compare before you rely on it.
    """
    try:
        result = run(refresh_from_procore(company, dry_run=dry_run))
    except ProcoreError as error:
        stop(str(error), NOT_DONE)
    except NoApproverInDirectoryError:
        stop(f"Procore's directory of company {company} shows none of the recorded people.", NOT_DONE)
    for before, after in result.changed:
        typer.echo(f"{after.user_id}: {', '.join(differences(before, after))}")
    if result.absent:
        typer.echo(f"No longer in the directory: {', '.join(result.absent)}")
    report({"changed": result.changed}, ("changed",), "approver", dry_run=dry_run)


async def save_records(records: Sequence[ApproverRecord], *, dry_run: bool) -> store.SavedApprovers:
    async with transaction(dry_run=dry_run) as connection:
        return await store.save(connection, records, operator())


async def current_records(company: str | None) -> list[ApproverRecord]:
    async with transaction() as connection:
        return await store.all_current(connection, company)


async def refresh_from_procore(company: str, *, dry_run: bool) -> Refresh:
    procore = settings(ProcoreSettings)
    async with ProcoreClient(
        procore.procore_api_url,
        procore.procore_login_url,
        procore.procore_client_id,
        procore.procore_client_secret,
    ) as client:
        users = await directory_users(Directory(client), company)
    async with transaction(dry_run=dry_run) as connection:
        return await refresh(connection, company, users, operator())


def described(record: ApproverRecord, max_age: timedelta) -> dict[str, Any]:
    problems = judge(record.user_id, record, datetime.now(UTC), max_age)
    people = {"name": record.name, "email": record.email, "recorded_by": record.recorded_by}
    return record.evidence() | people | {"may_export": not problems, "problems": list(problems)}


def differences(before: ApproverRecord, after: ApproverRecord) -> list[str]:
    old, new = before.evidence(), after.evidence()
    return [f"{key} {old[key]} -> {new[key]}" for key in new if old[key] != new[key]]
