"""A month asked about and signed off: for the pages and the API alike, each with its audit record."""

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.reading.tie_outs import SIGNED_OFF, Month, subject
from shared.connections.profile import ConnectionProfile
from shared.ledger.tie_out_reader import tally_to_json
from shared.ledger.tie_out_request import request


async def ask(connection: AsyncConnection, person: Person, profile: ConnectionProfile, month: Month) -> None:
    """The worker asks the ERP about each exported document, and holds what differs."""
    await request(connection, profile.name, month.period, person.who)
    await record(connection, person, "asked", subject(profile.name, month.period), profile.company_id)


async def sign_off(connection: AsyncConnection, person: Person, profile: ConnectionProfile, month: Month) -> bool:
    """Kept in the audit trail with the sums as they are now. False: it does not tie out, and nothing was done."""
    if not month.ties:
        return False
    what, sums = subject(profile.name, month.period), tally_to_json(month.tally)
    await record(connection, person, SIGNED_OFF, what, profile.company_id, sums=sums)
    return True
