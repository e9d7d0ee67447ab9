"""`invoice-export`: every command, one file per group. A wrong setting ends with one line and exit code 2."""

import asyncio
import logging
from typing import Annotated

import structlog
import typer

from services.cli.lazy import LazyGroup
from services.cli.terminal import WORDS
from services.cli.terminal import run as finish
from services.cli.terminal import settings as read
from shared.terminology import Dictionary

HELP = "Export approved Procore owner invoices to the company's ERP."

app = typer.Typer(cls=LazyGroup, no_args_is_help=True, help=HELP)
database = typer.Typer(no_args_is_help=True, help="The database's structure.")
topics = typer.Typer(no_args_is_help=True, help="Kafka's topics.")
app.add_typer(database, name="db")
app.add_typer(topics, name="topics")


@app.callback(cls=LazyGroup, help=HELP)
def speak_alone(
    context: typer.Context,
    words: Annotated[
        Dictionary, typer.Option(envvar="INVOICE_EXPORT_WORDS", help="Whose words the labels take, as in Procore.")
    ] = Dictionary.GENERAL_CONTRACTORS,
) -> None:
    """Only the command speaks, in the words of whoever reads it; the services set up their logs themselves."""
    chosen = WORDS.set(words)
    context.call_on_close(lambda: WORDS.reset(chosen))
    before, broker_level = structlog.get_config(), logging.getLogger("aiokafka").level
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

    def end() -> None:
        structlog.configure(**before)
        logging.getLogger("aiokafka").setLevel(broker_level)

    context.call_on_close(end)


@app.command()
def receiver() -> None:
    """Take in Procore's webhooks until told to end."""
    from services.webhook_receiver.app import ReceiverSettings, run

    run(read(ReceiverSettings))


@app.command()
def worker() -> None:
    """Export what is approved until told to end."""
    import uvloop

    from services.cli.connecting import check_links
    from services.export_worker.serving import serve
    from services.export_worker.worker import WorkerServiceSettings
    from shared.logs import configure_logs
    from shared.settings import LogSettings, TelemetrySettings
    from shared.telemetry import configure_telemetry

    class Needed(WorkerServiceSettings, LogSettings, TelemetrySettings):
        """All that the process is told."""

    settings = read(Needed)
    asyncio.run(check_links(settings.connections_file))
    configure_logs(settings)
    end = configure_telemetry(settings, service="export-worker")
    try:
        uvloop.run(serve(settings))
    finally:
        end()


@app.command()
def dashboard() -> None:
    """Show the ledger and take what people ask of it, until told to end."""
    from services.ledger_dashboard.app import DashboardServiceSettings, run

    run(read(DashboardServiceSettings))


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End by itself, with a JSON summary on the last line.")] = False,
) -> None:
    """Play a month-end of owner invoices on a stack of its own."""
    from deploy.sandbox.demo import run

    raise typer.Exit(run(once=once))


@database.command("upgrade")
def upgrade_database() -> None:
    """Create the tables, or bring them to this version."""
    from deploy.migrate import upgrade
    from shared.settings import DatabaseSettings

    upgrade(read(DatabaseSettings).database_url.get_secret_value())
    typer.echo("The database is up to date.")


@topics.command("create")
def create_topics() -> None:
    """Create the topics; tell where existing ones differ from what is needed."""
    from shared.kafka.topics import create_topics as create
    from shared.settings import KafkaSettings

    for report in finish(create(read(KafkaSettings))):
        typer.echo(f"{report.topic}: {'created' if report.created else 'exists'}")
        for difference in report.differences:
            typer.echo(f"  {difference}", err=True)
