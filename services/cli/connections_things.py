"""`invoice-export connections things-to-know`: what to know of an ERP before you rely on it."""

from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from services.cli.connecting import catalog, link_to_ask, named
from services.cli.terminal import WRONG_INPUT, AsJson, cells, run, say, say_json, settings, stop, worded
from services.export_worker.core.capabilities import Capabilities
from services.export_worker.erp.catalog import ADAPTERS
from services.export_worker.erp.things_to_know import Section, sections
from shared.connections.catalog import Connection
from shared.settings import ConnectionsSettings


def tell_things_to_know(
    name: Annotated[str | None, typer.Argument(help="The connection's name; its own settings count.")] = None,
    adapter: Annotated[str | None, typer.Option(help="A kind of ERP instead, such as tryton.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what an ERP needs first, what it cannot do, what to consider, its limits, mappings and settings.

    No ERP is asked. docs/erps holds the same for every kind of ERP.
    """
    if (name is None) is (adapter is None):
        stop("Name a connection, or --adapter with a kind of ERP.", WRONG_INPUT)
    kind, variants = of_connection(name) if name else (adapter or "", None)
    if kind not in ADAPTERS:
        stop(f"There is no adapter {kind!r}; there are: {', '.join(sorted(ADAPTERS))}.", WRONG_INPUT)
    about = ADAPTERS[kind].about
    told = sections(about, variants)
    if as_json:
        say_json({"adapter": kind, "title": about.title, "sections": told})
        return
    say(f"{about.title} (adapter {kind})")
    for section in told:
        show(section)


def of_connection(name: str) -> tuple[str, dict[str, Capabilities]]:
    """Its adapter, and what that can with the connection's settings."""
    connection = named(catalog(settings(ConnectionsSettings).connections_file), name)
    return connection.adapter, {name: run(capabilities_of(connection))}


async def capabilities_of(connection: Connection) -> Capabilities:
    async with link_to_ask(connection) as link:
        return link.capabilities


def show(section: Section) -> None:
    console = Console()
    console.print(Text(f"\n{section.title}", style="bold"))
    for sentence in section.sentences:
        (text,) = cells(worded(sentence))
        console.print(Padding(text, (0, 0, 0, 2), expand=False))
    if section.rows:
        table = Table(*section.head)
        for row in section.rows:
            table.add_row(*cells(*(worded(cell).replace("`", "") for cell in row)))
        console.print(table)
