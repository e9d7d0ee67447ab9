"""One export asked for what it needs: for the pages and the API alike, with its audit record."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from services.ledger_dashboard.asking.sender import Answer, Sender
from services.ledger_dashboard.asking.wishes import Wish, command_for
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.person import Person
from shared.events.command import Action
from shared.ledger.shown import ExportRow

WAIT_SECONDS = 8.0


@dataclass(frozen=True)
class Asked:
    """The command by its nonce. `answer` None: it was not handled within `WAIT_SECONDS`, and still will be."""

    nonce: str
    answer: Answer | None


async def ask(
    sender: Sender, engine: AsyncEngine, person: Person, export: ExportRow, *, action: Action, wish: Wish
) -> Asked:
    """Sends the command and waits a little. A dry run leaves no record, as nothing is done. Raises NotSent."""
    command = command_for(person, export, action, wish)
    answer = await sender.ask(command, within=WAIT_SECONDS)
    if not wish.dry_run:
        async with engine.begin() as connection:
            what = f"export {export.id}"
            await record(connection, person, "asked", what, export.company_id, action=action, why=wish.why)
    return Asked(command.nonce, answer)
