"""What a person can ask of one export. The worker judges it; here it is only signed, sent and waited for."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.asking import OrderSettings, ask
from services.cli.batches import confirm_batch
from services.cli.terminal import WRONG_INPUT, operator, run, settings, stop
from shared.events.command import Action, OperatorRole

ExportId = Annotated[int, typer.Argument(metavar="ID", help="The export's id.")]
Why = Annotated[str, typer.Option("--reason", help="Why, for the record.")]
AsRole = Annotated[OperatorRole, typer.Option(help="In which capacity you ask.")]
Wait = Annotated[float, typer.Option(min=0, help="How many seconds to wait for the worker's answer.")]

SECONDS = 15.0


def add_to(app: typer.Typer) -> None:
    """The commands that ask, beside those that read."""
    for command in (replay, release, accept, confirm, resolve):
        app.command()(command)


def replay(
    export_id: ExportId,
    *,
    why: Why,
    afresh: Annotated[bool, typer.Option("--afresh", help="Under a new reference, once nothing stands.")] = False,
    invoice_number: Annotated[str | None, typer.Option(help="The invoice's number, typed to be sure.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do now.")] = False,
    role: AsRole = OperatorRole.OPERATOR,
    wait: Wait = SECONDS,
) -> None:
    """Decide it anew, as if it had just arrived."""
    if afresh and not invoice_number:
        stop("--afresh needs --invoice-number: type the number of the invoice, to be sure.", WRONG_INPUT)
    if dry_run:
        from services.cli.dry_run import tell_replay

        tell_replay(export_id, why, role, afresh=afresh, invoice_number=invoice_number)
        return
    order(export_id, Action.REPLAY, why, role, wait, afresh=afresh, invoice_number=invoice_number)


def release(
    export_id: ExportId,
    *,
    user_id: Annotated[str, typer.Option(help="Procore's id of the accounting approver who takes it over.")],
    why: Why,
    wait: Wait = SECONDS,
) -> None:
    """Take it over as an accounting approver, under that person's recorded rights.

    Above the connection's `second_person_above` another one has to release it too.
    """
    order(export_id, Action.RELEASE, why, OperatorRole.ACCOUNTING_APPROVER, wait, user_id=user_id)


def accept(
    export_id: ExportId,
    *,
    why: Why,
    warning: Annotated[str | None, typer.Option(help="Which warning; by default the one that is asked.")] = None,
    role: AsRole = OperatorRole.OPERATOR,
    wait: Wait = SECONDS,
) -> None:
    """Accept what the ERP warns of, for the invoice as it is."""
    order(export_id, Action.ACCEPT, why, role, wait, warning=warning)


def confirm(
    export_id: Annotated[int | None, typer.Argument(metavar="[ID]", help="The export's id, unless --batch.")] = None,
    *,
    why: Why,
    erp_number: Annotated[str | None, typer.Option(help="With ID: its number in the ERP.")] = None,
    batch: Annotated[str | None, typer.Option(help="All of one batch, such as IE261123-001.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            readable=True,
            help="With --batch: a CSV with reference or invoice_number, and erp_number.",
        ),
    ] = None,
    as_sent: Annotated[
        bool, typer.Option("--as-sent", help="With --batch: all of it, under the invoices' own numbers.")
    ] = False,
    connection: Annotated[str | None, typer.Option(help="With --batch: whose, where several have one.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --batch: only show what would be confirmed.")
    ] = False,
    role: AsRole = OperatorRole.OPERATOR,
    wait: Wait = SECONDS,
) -> None:
    """Say that what was handed over was imported: one export, or a whole batch."""
    if (export_id is None) is (batch is None) or (export_id is not None and not erp_number):
        stop("Say either an export's ID with --erp-number, or --batch.", WRONG_INPUT)
    if batch is not None:
        confirm_batch(
            batch, file, as_sent=as_sent, connection=connection, why=why, role=role, wait=wait, dry_run=dry_run
        )
    elif export_id is not None:
        order(export_id, Action.CONFIRM, why, role, wait, erp_number=erp_number)


def resolve(
    export_id: ExportId,
    *,
    why: Why,
    exported: Annotated[str | None, typer.Option(metavar="ERP_NUMBER", help="It stands in the ERP as this.")] = None,
    dismiss: Annotated[bool, typer.Option("--dismiss", help="It is not to be exported.")] = False,
    role: AsRole = OperatorRole.OPERATOR,
    wait: Wait = SECONDS,
) -> None:
    """Say how it ended by hand."""
    if bool(exported) == dismiss:
        stop("Say either --exported with the ERP's number, or --dismiss.", WRONG_INPUT)
    order(export_id, Action.RESOLVE, why, role, wait, erp_number=exported, dismissed=dismiss)


def order(export_id: int, action: Action, why: str, role: OperatorRole, wait: float, **particulars: Any) -> None:
    asked = {"action": action, "export_id": export_id, "why": why, "role": role, "by": operator(), **particulars}
    told = run(ask(settings(OrderSettings), asked, wait=wait))
    typer.echo(told.line, err=told.code != 0)
    raise typer.Exit(told.code)
