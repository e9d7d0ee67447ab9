"""The connections file: valid, its secrets there, its adapters made; and who may export for each company."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from services.cli.connecting import token_store
from services.cli.diagnosis.check import Check, attention, failed, first_line, ok
from services.export_worker.erp.catalog import ADAPTERS
from services.export_worker.links import make_links
from shared.approvers import store
from shared.approvers.rule import ApproverProblem, judge
from shared.connections.catalog import Catalog, CatalogErrors, Connection, load_catalog
from shared.database import DATABASE_ERRORS

FILE = "connections: file"
IMPORT = "import newer records: `invoice-export approvers import`"


def read_catalog(path: Path) -> tuple[Catalog | None, list[Check]]:
    """The catalog where the file is right, and a line for each mistake."""
    try:
        known = load_catalog(path, adapters=ADAPTERS)
    except CatalogErrors as error:
        return None, [failed(FILE, str(problem), "correct the file") for problem in error.problems]
    names = ", ".join(f"{one.name} ({one.mode.value})" for one in known.connections)
    if not known.connections:
        return known, [attention(FILE, "has no connection", "add one: nothing is exported without")]
    return known, [ok(FILE, names)]


async def adapter_checks(known: Catalog) -> AsyncIterator[Check]:
    """One line a connection: its secrets are there and its adapter takes the settings."""
    for connection in known.connections:
        yield await _adapter(connection)


async def approver_checks(engine: AsyncEngine, known: Catalog, max_age: timedelta) -> AsyncIterator[Check]:
    """One line a company."""
    for company_id in dict.fromkeys(one.company_id for one in known.connections):
        try:
            yield await _approvers(engine, company_id, max_age)
        except DATABASE_ERRORS as error:
            yield failed(f"approvers: company {company_id}", first_line(error), "see the database's checks")


async def _adapter(connection: Connection) -> Check:
    name = f"connections: {connection.name}"
    async with token_store() as tokens:
        try:
            links = make_links(Catalog((connection,)), os.environ, tokens)
        except CatalogErrors as error:
            return failed(name, "; ".join(str(error).splitlines()), "correct the connection, or set its secrets")
        for link in links.values():
            await link.adapter.close()
    return ok(name, f"{connection.adapter}, {connection.mode.value}")


async def _approvers(engine: AsyncEngine, company_id: str, max_age: timedelta) -> Check:
    name = f"approvers: company {company_id}"
    async with engine.connect() as connection:
        records = await store.all_current(connection, company_id)
    now = datetime.now(UTC)
    verdicts = [judge(record.user_id, record, now, max_age) for record in records]
    may = sum(not problems for problems in verdicts)
    stale = sum(ApproverProblem.RECORD_STALE in problems for problems in verdicts)
    told = f"{may} of {len(records)} may export, {stale} records are older than {max_age.days} days"
    if not may:
        return attention(name, told, IMPORT)
    return attention(name, told, IMPORT) if stale else ok(name, told)
