"""A dead letter read once more, after its cause was mended: for the pages and the API alike, with its audit record."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from services.ledger_dashboard.asking.sender import Sender
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.reading.events import Event
from shared.events.notifications import Notification, Unreadable, read

DEAD = "dead_lettered"


@dataclass(frozen=True)
class NotReplayed:
    """Nothing was done; `why` is a sentence. `is_hidden`: it is about a company that this person may not see."""

    why: str = ""
    is_hidden: bool = False


async def replay(sender: Sender, engine: AsyncEngine, person: Person, event: Event) -> Notification | NotReplayed:
    """Reads the very bytes again, and passes on what they say now. Raises NotSent."""
    if event.fate != DEAD:
        return NotReplayed("Only dead letters are read again: nothing was done.")
    told = read(event.raw)
    if isinstance(told, Unreadable):
        return NotReplayed(f"It still cannot be read: {told.detail}. Nothing was done.")
    if not person.sees(told.company_id):
        return NotReplayed(is_hidden=True)
    await sender.pass_on(told.as_event(datetime.now(UTC)))
    async with engine.begin() as connection:
        await record(connection, person, "replayed", f"event {event.id}", told.company_id)
    return told
