"""What lacks a mapping, and how many open exports wait for it."""

from sqlalchemy import cast, func, select, text, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ledger.tables import UNMAPPED, exports
from shared.ledger.words import Reason

MOST_COUNTED = 20_000


async def waiting_for_mappings(connection: AsyncConnection, name: str, *, most: int = MOST_COUNTED) -> dict[str, int]:
    """What lacks a mapping, in words -> how many open exports of the connection it holds up; the most first.

    Only so many exports are looked at: beyond `most` the numbers are lower bounds.
    """
    held = select(exports.c.state).where(exports.c.connection == name, text(UNMAPPED)).limit(most).subquery()
    finding = func.jsonb_array_elements(held.c.state["findings"]).table_valued("value").render_derived()
    told = cast(finding.c.value, JSONB)
    lacking = (
        select(told["detail"].astext.label("detail"))
        .select_from(held.join(finding, true()))
        .where(told["reason"].astext == Reason.MISSING_MAPPING.value)
        .subquery()
    )
    detail, count = lacking.c.detail, func.count()
    asked = select(detail, count).group_by(detail).order_by(count.desc(), detail)
    return {row[0]: row[1] for row in await connection.execute(asked)}
