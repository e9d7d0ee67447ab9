"""`invoice-export tokens`: the log-ins that an ERP replaces as they are used."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli.connecting import TokenSettings, catalog, named
from services.cli.terminal import WRONG_INPUT, AsJson, cells, operator, run, say, say_json, settings, stop, transaction
from services.export_worker.erp.catalog import ADAPTERS
from shared.connections.token_store import TokenCipher, TokensTold, all_told, set_refresh_token
from shared.settings import ConnectionsSettings

app = typer.Typer(help="The log-ins that an ERP replaces as they are used: set, list.", no_args_is_help=True)

KEPT = "refresh_token"
Name = Annotated[str, typer.Argument(help="The connection's name.", metavar="CONNECTION")]
TokenFile = Annotated[
    Path | None,
    typer.Option("--file", exists=True, dir_okay=False, readable=True, help="A file that holds nothing but the token."),
]


@app.command("set")
def set_token(name: Name, file: TokenFile = None) -> None:
    """Store a connection's refresh token, encrypted: from a prompt, standard input or a file.

    It is never an argument: a command line can be seen by others. What was stored before is forgotten. A worker
    that runs goes on with the access token it has until that ends.
    """
    connection = named(catalog(settings(ConnectionsSettings).connections_file), name)
    if KEPT not in ADAPTERS[connection.adapter].about.secrets.model_fields:
        stop(f"{connection.adapter} keeps no log-in: {name} has its secrets in the connections file.", WRONG_INPUT)
    cipher = TokenCipher(settings(TokenSettings).token_encryption_key.get_secret_value())
    run(stored(cipher, name, given(file)))
    say(f"The log-in of {name} is stored. See that it works: `invoice-export connections check {name}`.")


@app.command("list")
def list_tokens(as_json: AsJson = False) -> None:
    """Show when each connection's log-in was set and renewed, and until when it lasts; never a token."""
    known = run(told())
    if as_json:
        say_json([vars(one) for one in known])
        return
    table = Table("Connection", "Set", "By", "Renewed", "Access until", "Ends without use")
    for one in known:
        moments = [moment(at) for at in (one.renewed_at, one.access_until, one.refresh_until)]
        table.add_row(*cells(one.connection, moment(one.set_at), one.set_by, *moments))
    Console().print(table)


def given(file: Path | None) -> str:
    """The token; stops when it is none."""
    if file is not None:
        token = file.read_text(encoding="utf-8")
    elif sys.stdin.isatty():
        token = typer.prompt("Refresh token", hide_input=True)
    else:
        token = sys.stdin.read()
    token = token.strip()
    if not token or not token.isascii() or any(letter.isspace() for letter in token):
        stop("That is no refresh token: it has to be one word of plain letters, and nothing else.", WRONG_INPUT)
    return token


async def stored(cipher: TokenCipher, name: str, token: str) -> None:
    async with transaction() as session:
        await set_refresh_token(session, cipher, name, token, by=operator())


async def told() -> Sequence[TokensTold]:
    async with transaction() as session:
        return await all_told(session)


def moment(at: datetime | None) -> str:
    """For people."""
    return "" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"
