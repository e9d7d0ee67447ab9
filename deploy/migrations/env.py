"""How Alembic reaches the database: through our own engine, as whoever owns the tables."""

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql.base import ischema_names

from services.ledger_dashboard.alerts import tables as alert_tables
from services.ledger_dashboard.asking import tables as asking_tables
from services.ledger_dashboard.people import tables as people_tables
from services.webhook_receiver import parking
from shared.approvers import store
from shared.connections import mapping_store, token_store
from shared.database import Role, create_engine, metadata
from shared.ledger import showing, tables

# The modules whose tables are ours; importing them fills the metadata.
ischema_names["xid8"] = tables.TransactionId
OWNERS = (
    *(parking, store, mapping_store, token_store, tables, showing),
    *(people_tables, asking_tables, alert_tables),
)

LOCK_TIMEOUT = "SET lock_timeout = '5s'"


async def upgrade_online() -> None:
    """Run the migrations in one transaction, giving up rather than queueing behind a long lock."""
    engine = create_engine(context.config.attributes["url"], Role.OWNER, application_name="migrate", pool_size=1)
    try:
        async with engine.connect() as connection:
            await connection.exec_driver_sql(LOCK_TIMEOUT)
            await connection.run_sync(_run)
            await connection.commit()
    finally:
        await engine.dispose()


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()


asyncio.run(upgrade_online())
