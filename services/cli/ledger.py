"""`invoice-export ledger`: prove it, seal it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import Field

from services.cli.terminal import NOT_DONE, AsJson, database, run, say, say_json, settings, stop
from shared.database import Role
from shared.environment import Key
from shared.ledger.seals import Seal, StillWriting, seal
from shared.ledger.verification import Break, Verification
from shared.settings import DatabaseSettings

app = typer.Typer(help="The ledger itself: verify, seal.", no_args_is_help=True)

KEY = "the random key of at least 16 characters that the seals are made with"
NO_KEY = "Seals were not checked: LEDGER_SEAL_KEY is not set."


class VerifySettings(DatabaseSettings):
    ledger_seal_key: Key | None = Field(None, description=KEY)


class SealSettings(DatabaseSettings):
    ledger_seal_key: Key = Field(description=KEY)


@app.command()
def verify(
    export: Annotated[int | None, typer.Option(help="Only this export; then without the seals.")] = None,
    as_json: AsJson = False,
) -> None:
    """Prove chains, numbering, the current rows and the seals; exit 1 if anything is broken."""
    known = settings(VerifySettings)
    verification, broken = run(verified(known, export, quiet=as_json))
    counts = {"exports": verification.exports, "entries": verification.entries, "seals": verification.seals}
    if as_json:
        sealed = known.ledger_seal_key is not None and export is None
        say_json(counts | {"seals_checked": sealed, "broken": [vars(one) for one in broken]})
    else:
        told = ", ".join(f"{count} {name}" for name, count in counts.items())
        typer.echo(f"Read {told}: " + (f"{len(broken)} broken." if broken else "nothing is broken."))
        if known.ledger_seal_key is None:
            typer.echo(NO_KEY)
    raise typer.Exit(NOT_DONE if broken else 0)


@app.command("seal")
def seal_now(as_json: AsJson = False) -> None:
    """Seal what was appended since the last seal. Keep the line that it prints outside the database too."""
    try:
        made = run(sealed(settings(SealSettings)))
    except StillWriting as error:
        stop(f"Not sealed, try again: {error}.", NOT_DONE)
    if as_json:
        say_json(
            made and {name: value.hex() if isinstance(value, bytes) else value for name, value in vars(made).items()}
        )
    elif made is None:
        typer.echo("Nothing was appended since the last seal.")
    else:
        typer.echo(
            f"Seal {made.id} at {made.at.isoformat()}: {made.exports} exports changed, "
            f"up to entry {made.last_entry_id}, {made.mac.hex()}"
        )


async def verified(known: VerifySettings, export_id: int | None, *, quiet: bool) -> tuple[Verification, list[Break]]:
    """Each break is told as it is found, unless `quiet`."""
    broken = []
    async with database() as engine:
        verification = Verification(engine, seal_key=known.ledger_seal_key)
        found: AsyncIterator[Break] = verification.breaks() if export_id is None else verification.breaks_of(export_id)
        async for one in found:
            broken.append(one)
            if not quiet:
                say(str(one))
    return verification, broken


async def sealed(known: SealSettings) -> Seal | None:
    """With the worker's rights, which suffice."""
    async with database(Role.WORKER) as engine:
        return await seal(engine, known.ledger_seal_key, now=datetime.now(UTC))
