"""What the projects are called, for the pages: kept by whoever lists them anyway."""

from collections.abc import Sequence

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ledger.showing import projects
from shared.ledger.text import storable
from shared.procore.directory import Project

BATCH = 1000


async def keep_names(connection: AsyncConnection, company_id: str, listed: Sequence[Project]) -> None:
    """All of them in a statement or a few. One that is listed no more keeps its last name, with an older `seen_at`."""
    rows = {each.id: _row(company_id, each) for each in listed if each.id}
    values = list(rows.values())
    for first in range(0, len(values), BATCH):
        statement = upsert(projects).values(values[first : first + BATCH])
        new = {name: statement.excluded[name] for name in ("name", "number", "seen_at")}
        await connection.execute(statement.on_conflict_do_update(index_elements=["company_id", "project_id"], set_=new))


def _row(company_id: str, project: Project) -> dict[str, object]:
    return {
        "company_id": company_id,
        "project_id": project.id,
        "name": storable(project.name),
        "number": storable(project.number or ""),
        "seen_at": func.now(),
    }
