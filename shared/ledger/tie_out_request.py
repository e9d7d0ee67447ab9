"""How anybody asks the workers for a tie-out."""

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ledger.changes import Channel, tell
from shared.ledger.tables import tie_outs
from shared.ledger.tie_out import Period


async def request(connection: AsyncConnection, name: str, period: Period, by: str | None) -> None:
    """Ask the workers for a tie-out; one that is not done yet is enough."""
    asked = upsert(tie_outs).values(connection=name, period=str(period), requested_by=by)
    await connection.execute(asked.on_conflict_do_nothing())
    await tell(connection, Channel.TIE_OUT_ASKED, name)
