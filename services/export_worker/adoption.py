"""At the start: exports that waited for a connection, and now have one."""

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker.counts import carried_over
from shared.connections.catalog import Catalog
from shared.ledger.tables import exports


async def adopt_unserved(engine: AsyncEngine, catalog: Catalog) -> None:
    """Each that nobody served when it arrived goes to the connection that serves its project now."""
    async with engine.connect() as connection:
        unserved = (await connection.execute(_UNSERVED)).all()
    for row in unserved:
        serving = catalog.serving(row.company_id, row.project_id)
        if serving is not None:
            await adopt(engine, row.id, serving.name)


async def adopt(engine: AsyncEngine, export_id: int, connection_name: str) -> bool:
    """Give an export that no connection served to `connection_name`. False when that one has its own."""
    async with engine.begin() as connection, carried_over(connection, export_id):
        taken = await connection.execute(_ADOPT, {"export_id": export_id, "connection": connection_name})
        await connection.execute(_ADOPT_WORK, {"export_id": export_id})
    return taken.rowcount == 1


_UNSERVED = select(exports.c.id, exports.c.company_id, exports.c.project_id).where(exports.c.connection == "")
_ADOPT = text(
    """
    UPDATE exports SET connection = :connection WHERE id = :export_id AND connection = '' AND NOT EXISTS (
        SELECT FROM exports other WHERE other.connection = :connection
        AND other.company_id = exports.company_id
        AND other.payment_application_id = exports.payment_application_id)
    """
)

_ADOPT_WORK = text(
    """
    UPDATE work SET connection = exports.connection, due_at = now() FROM exports
    WHERE work.export_id = :export_id AND exports.id = work.export_id
    """
)
