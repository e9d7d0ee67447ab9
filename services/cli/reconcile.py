"""`invoice-export reconcile`: what the webhooks missed, now instead of within the hour."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

import typer
from pydantic import Field
from rich.console import Console
from rich.table import Table
from sqlalchemy import Select, select

from services.cli.connecting import catalog, named, procore
from services.cli.terminal import NOT_DONE, AsJson, cells, database, run, say, say_json, settings, worded
from services.export_worker.reconciliation import LEFT_TO_ITS_WEBHOOK, Found, Reconciliation
from shared.connections.catalog import Catalog, Connection
from shared.database import Role
from shared.ledger.tables import reconciliations
from shared.settings import ConnectionsSettings, DatabaseSettings, ProcoreSettings

app = typer.Typer()


class ReconcileSettings(DatabaseSettings, ProcoreSettings, ConnectionsSettings):
    reconcile_budget_share: float = Field(
        0.25, gt=0, le=1, description="a share of Procore's rate limit above 0 and up to 1"
    )


@dataclass(frozen=True)
class Narrowed(Catalog):
    """One connection to run over, while the whole file still says who serves whom."""

    whole: Catalog = field(default_factory=Catalog)

    def serving(self, company_id: str, project_id: str | None) -> Connection | None:
        return self.whole.serving(company_id, project_id)


@app.command()
def reconcile(
    connection: Annotated[str | None, typer.Option(help="Only this connection.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also approvals younger than 10 minutes, whose webhook may be on its way.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare every project's owner invoices with the ledger; exit 1 if a connection could not be read."""
    known = settings(ReconcileSettings)
    whole = catalog(known.connections_file)
    chosen = whole if connection is None else Narrowed((named(whole, connection),), whole)
    grace = timedelta(0) if every else LEFT_TO_ITS_WEBHOOK
    found, failures = run(reconciled(known, chosen, grace))
    if as_json:
        say_json({name: vars(one) | {"failure": failures.get(name)} for name, one in found.items()})
    else:
        tell(found, failures)
    raise typer.Exit(NOT_DONE if any(failures.values()) else 0)


async def reconciled(
    known: ReconcileSettings, chosen: Catalog, grace: timedelta
) -> tuple[dict[str, Found], dict[str, str | None]]:
    """What was found, and what went wrong, by connection; connections that are paused are left out."""
    async with database(Role.WORKER) as engine, procore(known) as client:
        share = known.reconcile_budget_share
        found = await Reconciliation(engine, client, chosen, share=share, grace=grace).run()
        async with engine.connect() as session:
            failures = {name: await session.scalar(_failure_of(name)) for name in found}
    return found, failures


def _failure_of(name: str) -> Select[str | None]:
    """What ended the connection's newest run before its time."""
    runs = select(reconciliations.c.failure).where(reconciliations.c.connection == name)
    return runs.order_by(reconciliations.c.id.desc()).limit(1)


def tell(found: dict[str, Found], failures: dict[str, str | None]) -> None:
    table = Table("Connection", "Projects", "Invoices", "Missed", "Unreadable projects")
    for name, one in found.items():
        table.add_row(*cells(name, one.projects, one.invoices, len(one.missed), ", ".join(one.unreadable)))
    Console().print(table)
    for name, one in found.items():
        if one.missed:
            say(f"{name}: {worded('a look is due for owner invoices')} {', '.join(one.missed)}")
    for name, failure in failures.items():
        if failure:
            say(f"{name}: {failure}", err=True)
