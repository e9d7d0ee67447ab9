"""Names for ids: projects as reconciliation saw them, people as their records have them, connections."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.approvers.store import approver_records
from shared.ledger.reader import ExportRow
from shared.ledger.showing import connection_profiles, projects


async def project_names(connection: AsyncConnection, rows: Collection[ExportRow]) -> Mapping[str, str]:
    """By Procore's project id, which is unique; those that nobody has seen are missing."""
    keys = {(row.company_id, row.project_id) for row in rows}
    if not keys:
        return {}
    place = tuple_(projects.c.company_id, projects.c.project_id)
    found = await connection.execute(select(projects.c.project_id, projects.c.name).where(place.in_(keys)))
    return {row.project_id: row.name for row in found}


async def user_names(connection: AsyncConnection, company_id: str, user_ids: Collection[str]) -> Mapping[str, str]:
    """By Procore's user id, as recorded now."""
    if not user_ids:
        return {}
    columns = approver_records.c
    wanted = (columns.company_id == company_id) & columns.user_id.in_(set(user_ids)) & columns.valid_to.is_(None)
    found = await connection.execute(select(columns.user_id, columns.name).where(wanted))
    return {row.user_id: row.name for row in found}


async def connection_names(connection: AsyncConnection, companies: frozenset[str] | None) -> Sequence[str]:
    """Those that a worker ever served and that may be seen, in order."""
    asked = select(connection_profiles.c.connection).order_by(connection_profiles.c.connection)
    if companies is not None:
        asked = asked.where(connection_profiles.c.company_id.in_(companies))
    return (await connection.scalars(asked)).all()


async def people_names(connection: AsyncConnection, whos: Collection[str]) -> Mapping[str, str]:
    """By who they are in the ledger (account:3, ...), as they were shown when they last did something here."""
    asked = await connection.execute(_PEOPLE, {"whos": sorted(set(whos))})
    return {row.who: row.shown_name for row in asked}


# A range of one keeps the order by `who` from being dropped, so that the index on both is used: without it, the newest
# records would be read until one is theirs, and all of them for somebody who has none.
_PEOPLE = text(
    """
    SELECT asked.who, last.shown_name FROM unnest(CAST(:whos AS text[])) AS asked (who)
    CROSS JOIN LATERAL (
        SELECT shown_name FROM audit_records WHERE audit_records.who BETWEEN asked.who AND asked.who
        ORDER BY audit_records.who DESC, id DESC LIMIT 1) last
    """
)
