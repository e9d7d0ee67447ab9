"""What the command groups share: settings, one transaction as the owner, reports, and how a command stops."""

import asyncio
import getpass
import json
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from pydantic_core import to_jsonable_python
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.connections.csv_table import CsvProblem
from shared.database import DATABASE_ERRORS, Role, create_engine
from shared.ledger.versions import WrittenByNewer
from shared.settings import DatabaseSettings, Settings, SettingsError, load
from shared.terminology import Dictionary, translate

T = TypeVar("T")
CsvFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV file, UTF-8.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check and count, but write nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
WORDS: ContextVar[Dictionary] = ContextVar("words", default=Dictionary.GENERAL_CONTRACTORS)
WRONG_INPUT = 2
NOT_DONE = 1
NO_ANSWER = 3


def operator() -> str:
    """Who is at the keyboard, for the history."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):  # a container's user may have no name
        return "cli"


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs to the end; a failing database stops the command with one line that holds no person's data."""
    try:
        return asyncio.run(work)
    except DATABASE_ERRORS as error:
        lines = str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__]
        stop(f"The database could not do it: {lines[0]}. (Is it up, and has `db upgrade` run?)", NOT_DONE)
    except WrittenByNewer as newer:
        stop(f"This command is of an older version: {newer}. Use the newer one's.", NOT_DONE)


@asynccontextmanager
async def transaction(*, dry_run: bool = False) -> AsyncIterator[AsyncConnection]:
    """As the database's owner; committed at the end unless it is a dry run."""
    async with database() as engine, engine.connect() as connection:
        yield connection
        if not dry_run:
            await connection.commit()


@asynccontextmanager
async def database(role: Role = Role.OWNER) -> AsyncIterator[AsyncEngine]:
    """With the rights of `role`; closed at the end."""
    url = settings(DatabaseSettings).database_url.get_secret_value()
    engine = create_engine(url, role, application_name="invoice-export cli")
    try:
        yield engine
    finally:
        await engine.dispose()


AnySettings = TypeVar("AnySettings", bound=Settings)


def settings(cls: type[AnySettings]) -> AnySettings:
    """From the environment; what is wrong there stops the command."""
    try:
        return load(cls)
    except SettingsError as error:
        stop(str(error), WRONG_INPUT)


def report(result: Mapping[str, Sequence[Any]], kinds: Iterable[str], noun: str, *, dry_run: bool) -> None:
    """One line: how many of each kind."""
    counts = ", ".join(f"{len(result[kind])} {kind}" for kind in kinds)
    typer.echo(f"{noun}s: {counts}" + (" (dry run: nothing was written)" if dry_run else ""))


def refuse_file(file: Path, problems: Sequence[CsvProblem]) -> NoReturn:
    """A table of all problems; exit 2."""
    table = Table("Row", "Column", "Value", "Problem")
    for problem in problems:
        table.add_row(*cells(problem.row, problem.column, problem.value, problem.message))
    Console(stderr=True).print(table)
    stop(f"{file.name}: nothing was imported; problems: {len(problems)}.", WRONG_INPUT)


def cells(*values: object) -> list[Text]:
    """Plain text, in which a file's content can neither style nor steer the terminal."""
    return [Text(plain(value), overflow="fold") for value in values]


def worded(text: str) -> str:
    """A label or sentence of ours in the words that whoever reads it chose; JSON never passes through here."""
    return translate(text, WORDS.get())


def headed(*heads: str) -> Table:
    """An empty table whose heads are worded."""
    return Table(*map(worded, heads))


def plain(value: object) -> str:
    """One line without control letters: nothing that came from outside steers the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(value))


def say(line: str, *, err: bool = False) -> None:
    """One line of ours that may hold words from outside."""
    typer.echo(plain(line), err=err)


def say_json(value: Any) -> None:
    """Dates, decimals and enums as text."""
    typer.echo(json.dumps(to_jsonable_python(value), indent=2, ensure_ascii=False))


def stop(line: str, code: int) -> NoReturn:
    """Says why on standard error."""
    typer.echo(line, err=True)
    raise typer.Exit(code)
