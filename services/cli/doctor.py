"""`invoice-export doctor`: everything that must be right, what is not, and what to do about it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import typer
from rich.console import Console
from rich.table import Table

from services.cli.diagnosis.check import Check, Result, skipped
from services.cli.diagnosis.connections import adapter_checks, approver_checks, read_catalog
from services.cli.diagnosis.database import database_checks
from services.cli.diagnosis.environment import readable, settings_checks
from services.cli.diagnosis.kafka import kafka_checks
from services.cli.diagnosis.procore import procore_checks
from services.cli.diagnosis.receiver import receiver_checks
from services.cli.terminal import NOT_DONE, AsJson, cells, database, run, say_json, worded
from shared.connections.catalog import Catalog
from shared.settings import ApproverRecordSettings, ConnectionsSettings, DatabaseSettings, HookSettings, KafkaSettings

app = typer.Typer()

STYLES = {Result.OK: "green", Result.ATTENTION: "yellow", Result.FAILED: "bold red", Result.SKIPPED: "dim"}


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check settings, database, Kafka, Procore, hooks, receiver, connections and clocks; exit 1 if a check fails."""
    checks = run(diagnosed())
    if as_json:
        say_json([vars(check) for check in checks])
    else:
        table = Table("Check", "Result", "What is seen", "What to do")
        table.columns[0].no_wrap = True
        for check in checks:
            name, told, todo = cells(worded(check.name), check.told, worded(check.todo))
            table.add_row(name, f"[{STYLES[check.result]}]{check.result.value}[/]", told, todo)
        Console().print(table)
    raise typer.Exit(NOT_DONE if any(check.result is Result.FAILED for check in checks) else 0)


async def diagnosed() -> list[Check]:
    """In the order in which one thing needs another."""
    checks = list(settings_checks())
    known, told = _connections()
    checks += told
    if known is not None:
        checks += [check async for check in adapter_checks(known)]
    for part in (_database(known), _kafka(), _procore(known)):
        checks += [check async for check in part]
    return checks


def _connections() -> tuple[Catalog | None, list[Check]]:
    settings = readable(ConnectionsSettings)
    if settings is None:
        return None, [skipped("connections", "CONNECTIONS_FILE cannot be used")]
    return read_catalog(settings.connections_file)


async def _database(known: Catalog | None) -> AsyncIterator[Check]:
    age = readable(ApproverRecordSettings)
    if readable(DatabaseSettings) is None:
        yield skipped("database", "its settings cannot be used")
        return
    async with database() as engine:
        is_usable = True
        async for check in database_checks(engine, known):
            is_usable = is_usable and not (check.name.startswith("database") and check.result is Result.FAILED)
            yield check
        if known is not None and age is not None and is_usable:
            max_age = timedelta(days=age.approver_record_max_age_days)
            async for check in approver_checks(engine, known, max_age):
                yield check


async def _kafka() -> AsyncIterator[Check]:
    settings = readable(KafkaSettings)
    if settings is None:
        yield skipped("kafka", "its settings cannot be used")
        return
    async for check in kafka_checks(settings):
        yield check


async def _procore(known: Catalog | None) -> AsyncIterator[Check]:
    settings = readable(HookSettings)
    if settings is None:
        yield skipped("procore", "its settings cannot be used")
        return
    for part in (procore_checks(settings, known), receiver_checks(settings, known)):
        async for check in part:
            yield check
