"""What lacks a mapping, and how many open exports wait for it."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ledger.words import Reason

MOST_COUNTED = 20_000  # exports; beyond it the counts are lower bounds


async def waiting_for_mappings(connection: AsyncConnection, name: str) -> dict[str, int]:
    """What lacks a mapping, in words -> how many open exports of the connection it holds up; the most first."""
    asked = {"name": name, "reason": Reason.MISSING_MAPPING.value, "most": MOST_COUNTED}
    return {row.detail: row.held_up for row in await connection.execute(_WAITING, asked)}


# The condition on the status stands as the index of open exports has it.
_WAITING = text(
    """
    SELECT finding ->> 'detail' AS detail, count(*) AS held_up
    FROM (SELECT state FROM exports
          WHERE connection = :name AND status NOT IN ('exported', 'skipped') AND reasons @> ARRAY[:reason]
          LIMIT :most) held,
        jsonb_array_elements(held.state -> 'findings') AS finding
    WHERE finding ->> 'reason' = :reason
    GROUP BY detail ORDER BY held_up DESC, detail
    """
)
