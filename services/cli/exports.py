"""`invoice-export exports`: what stands where, and why; and what a person can ask of it."""

from typing import Annotated

import typer
from rich.console import Console

from services.cli import orders
from services.cli.exports_document import newest_document, show_document
from services.cli.terminal import (
    NOT_DONE,
    AsJson,
    cells,
    headed,
    plain,
    run,
    say,
    say_json,
    stop,
    transaction,
    worded,
)
from shared.ledger import wording
from shared.ledger.filter import Cursor, Filter
from shared.ledger.foretold import Foretold
from shared.ledger.reader import CommandRow, ExportDetail, ExportRow, Page, list_exports, read_export
from shared.ledger.words import NEXT_STEP, Reason, Status

app = typer.Typer(help="The exports: list, show, and ask for what they need.", no_args_is_help=True)
orders.add_to(app)


@app.command("list")
def list_all(
    *,
    status: Annotated[list[Status] | None, typer.Option(help="Only this status; may be given again.")] = None,
    reason: Annotated[Reason | None, typer.Option(help="Only with this reason.")] = None,
    company: Annotated[str | None, typer.Option(help="Only this Procore company id.")] = None,
    project: Annotated[str | None, typer.Option(help="Only this Procore project id.")] = None,
    connection: Annotated[str | None, typer.Option(help="Only this connection.")] = None,
    search: Annotated[
        str | None, typer.Option(help="Part of invoice number, owner, ERP number or Procore's id.")
    ] = None,
    given_up: Annotated[
        bool, typer.Option("--given-up", help="Only exports whose attachment or write-back was given up.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    before: Annotated[int | None, typer.Option(help="Only exports older than this id: the next page.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show exports, newest first."""
    wanted = Filter(
        statuses=tuple(status or ()),
        reason=reason,
        company_id=company,
        project_id=project,
        connection=connection,
        search=search,
        given_up=given_up,
    )
    page = run(read_page(wanted, limit, before))
    if as_json:
        say_json({"exports": [wording.as_json(row) for row in page.rows], "next": page.next and page.next.id})
        return
    table = headed("Id", "Status", "Since", "Invoice", "Owner", "Amount", "Connection", "ERP number", "Reasons")
    for row in page.rows:
        table.add_row(*cells(*columns(row)))
    Console().print(table)
    if page.next:
        typer.echo(f"There are more: --before {page.next.id}")


@app.command()
def show(export_id: Annotated[int, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """Tell all that is on record about one export."""
    detail = run(read_detail(export_id))
    if detail is None:
        stop(f"There is no export {export_id}.", NOT_DONE)
    if as_json:
        say_json(told_as_json(detail))
        return
    tell(detail)


async def read_page(wanted: Filter, limit: int, before: int | None) -> Page:
    async with transaction() as connection:
        after = None if before is None else Cursor(str(before), before)
        return await list_exports(connection, wanted, limit=limit, after=after)


async def read_detail(export_id: int) -> ExportDetail | None:
    async with transaction() as connection:
        return await read_export(connection, export_id)


def columns(row: ExportRow) -> tuple[object, ...]:
    amount = f"{row.amount:,.2f} {row.currency or ''}" if row.amount is not None else ""
    told = ", ".join(reason.value for reason in row.reasons)
    name = row.invoice_number or row.payment_application_id
    since = f"{row.since:%Y-%m-%d %H:%M}"
    return (
        row.id,
        row.status.value,
        since,
        name,
        row.customer_name or "",
        amount,
        row.connection,
        row.erp_number or "",
        told,
    )


def tell(detail: ExportDetail) -> None:
    export, state = detail.export, detail.state
    say(wording.sentence(export))
    for line in wording.reasons(state):
        say(f"  {worded(line)}")
    invoice = worded(f"owner invoice {export.payment_application_id}")
    place = f"company {export.company_id}, project {export.project_id}, {invoice}"
    say(f"Procore: {place}; connection {export.connection or 'none yet'}.")
    if state.attempt:
        say(f"Reference in the ERP: {state.attempt.reference} ({export.attempts} attempts)")
    if export.erp_ref:
        say(f"ERP: {export.erp_number or export.erp_ref} {export.erp_url or ''}".rstrip())
    if state.waits_for:
        say(worded(f"Waits for owner invoice {state.waits_for}."))
    for line in wording.follow_ups(state):
        say(f"After the export: {line}")
    for line in wording.evidence(state):
        say(f"Approver: {line}")
    for line in wording.awaited(state):
        say(worded(line))
    if sent := newest_document(detail):
        show_document(sent)
    show_entries(detail)
    show_commands(detail)
    for event in detail.events:
        say(f"Event {event.event_id}, {event.fate}, {event.received_at:%Y-%m-%d %H:%M:%S} UTC, {event.deliveries}x:")
        say(f"  {event.raw.decode(errors='replace')}")


def show_entries(detail: ExportDetail) -> None:
    table = headed("#", "At (UTC)", "Entry", "Status", "Particulars")
    for entry in detail.entries:
        at = f"{entry.at:%Y-%m-%d %H:%M:%S}"
        particulars = worded(wording.particulars(entry.body))
        table.add_row(*cells(entry.seq, at, entry.kind.value, wording.moved(entry), particulars))
    Console().print(table)


def show_commands(detail: ExportDetail) -> None:
    for command in detail.commands:
        say(f"Asked: {command.body['action']} by {command.body['by']}: {became(command)}")


def became(command: CommandRow) -> str:
    if command.handled_at is None:
        return "not handled yet"
    if command.answer is not None:
        return worded("only tried: " + " ".join(Foretold.model_validate(command.answer).text))
    return command.refusal or "followed"


def told_as_json(detail: ExportDetail) -> dict[str, object]:
    entries = [
        {"seq": entry.seq, "at": entry.at, "kind": entry.kind, "status": entry.status, "body": entry.body}
        | {"hash": entry.hash.hex()}
        for entry in detail.entries
    ]
    events = [vars(event) | {"raw": event.raw.decode(errors="replace")} for event in detail.events]
    findings = [
        {"reason": each.reason, "detail": each.detail, "next_step": NEXT_STEP[each.reason]}
        for each in detail.state.findings
    ]
    return wording.as_json(detail.export) | {
        "sentence": plain(wording.sentence(detail.export)),
        "findings": findings,
        "authority": detail.state.authority,
        "document": sent.fields if (sent := newest_document(detail)) else None,
        "follow_ups": detail.state.follow_ups,
        "given_up": detail.state.given_up,
        "entries": entries,
        "commands": [vars(command) for command in detail.commands],
        "events": events,
    }
